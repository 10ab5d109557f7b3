import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { extract, pack } from "tar-stream";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Context } from "../../../provider/kind.ts";
import { configFiles } from "../../../provider/kinds/config-files.ts";
import { RefusedFiles } from "../../../provider/reload/refused-files.ts";

/** A volume, the server that reads it, and the engine between. */
const world = {
  files: new Map<string, string>(),
  /** What the server complains about in files that it reads again. */
  refuses: (_settings: string): string => "",
  trial: "accepted\n",
  /** What a trial was given. */
  tried: new Map<string, string>(),
  /** What happened, in order. */
  events: [] as string[],
  canLogIn: true,
};

vi.mock(import("../../../src/engine/connect.ts"), async (original) => ({
  ...(await original()),
  connectEngine: async () => engine as never,
}));

/** Servers whose reload is tested elsewhere. */
async function otherReload(): Promise<void> {
  world.events.push(`reload with ${settings()}`);
  if (world.refuses(settings()) !== "")
    throw new RefusedFiles([{ where: "it", problem: `refused: ${world.refuses(settings())}`, fix: "" }]);
}

vi.mock(import("../../../provider/reload/pgbouncer.ts"), async (original) => ({ ...(await original()), reloadPgbouncer: otherReload }));
vi.mock(import("../../../provider/reload/prometheus.ts"), async (original) => ({ ...(await original()), reloadPrometheus: otherReload }));
vi.mock(import("../../../provider/traffic/quiet.ts"), async (original) => ({
  ...(await original()),
  reloadQuietly: () => otherReload().then(() => true),
}));

beforeEach(() => {
  Object.assign(world, { files: new Map(), refuses: () => "", trial: "accepted\n", tried: new Map(), events: [], canLogIn: true });
});

const engine = {
  listContainers: async () => [],
  getVolume: () => ({ inspect: async () => ({}) }),
  createContainer: async ({ name }: { readonly name?: string }) => (name === undefined ? carrier : trial()),
  getContainer: () => ({
    inspect: async () => ({
      Id: "c",
      RestartCount: 0,
      State: { Running: true, Restarting: false, ExitCode: 0, OOMKilled: false },
      NetworkSettings: { Ports: {} },
    }),
    exec: async ({ Cmd }: { readonly Cmd: readonly string[] }) => ({
      start: async () => Object.assign(new PassThrough(), { command: Cmd }),
      inspect: async () => ({ ExitCode: Cmd[0] === "env" && !world.canLogIn ? 2 : 0 }),
    }),
  }),
  modem: {
    demuxStream: (stream: PassThrough & { readonly command?: readonly string[] }, out: PassThrough, err: PassThrough) => {
      let text = "";
      stream.on("data", (data: Buffer) => (text += data.toString()));
      stream.on("end", () => {
        if (stream.command === undefined) out.write(text);
        else if (stream.command[0] === "env" && !world.canLogIn) err.write("psql: error: FATAL:  could not access file");
        else out.write(answerTo(stream.command, text));
      });
    },
  },
};

const settings = (): string => world.files.get("postgresql.conf") ?? "";

function answerTo([program = ""]: readonly string[], sql: string): string {
  if (program !== "env") {
    world.events.push("signal from inside");
    return "";
  }
  if (sql.includes("pg_reload_conf()")) {
    world.events.push(`reload with ${settings()}`);
    return "then\n";
  }
  return sql.includes("pg_conf_load_time() >") ? `t|${world.refuses(settings())}\n` : "\n";
}

function trial(): object {
  const stream = new PassThrough();
  world.events.push("trial");
  return {
    putArchive: async (body: Buffer) => unpack(body, world.tried),
    attach: async () => stream,
    start: async () => stream.end(world.trial),
    remove: async () => undefined,
  };
}

async function unpack(body: Buffer, into: Map<string, string>): Promise<void> {
  const reader = extract();
  Readable.from([body]).pipe(reader);
  for await (const entry of reader) into.set(entry.header.name, (await buffer(entry)).toString());
}

const carrier = {
  putArchive: async (body: Buffer) => {
    await unpack(body, world.files);
    world.events.push(`write ${settings()}`);
  },
  getArchive: async () => {
    const archive = pack();
    for (const [name, content] of world.files) archive.entry({ name: `./${name}`, mode: 0o644 }, content);
    archive.finalize();
    return archive;
  },
  remove: async () => undefined,
};

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };

let images = 0;

// A trial is made once for each image and settings.
const inputs = (text: string, image = `image-${(images += 1)}`): Record<string, unknown> => ({
  host: "unix:///none",
  volume: "pg1-config",
  image,
  files: { "postgresql.conf": text },
  secretFiles: {},
  reload: { server: "postgres", container: "pg1" },
});

/** An update of files that are there. */
async function update(from: string, to: string): Promise<unknown> {
  world.files.set("postgresql.conf", from);
  const news = inputs(to);
  return configFiles.apply(context, news, inputs(from, String(news["image"])));
}

describe("files of a PostgreSQL server", () => {
  it("are tried before the server has them", async () => {
    await update("a = '1'", "a = '2'");
    expect(world.events).toEqual(["trial", "write a = '2'", "reload with a = '2'"]);
  });

  it("that fail their trial change nothing", async () => {
    world.trial = "x FATAL:  no\n";
    await expect(update("a = '1'", "a = '2'")).rejects.toThrow("PostgreSQL does not start and serve with these settings: no");
    expect(world.events).toEqual(["trial"]);
    expect(settings()).toBe("a = '1'");
  });

  it("that the running server refuses are taken out again", async () => {
    world.refuses = (text) => (text === "a = '2'" ? "postgresql.conf line 1: no" : "");
    await expect(update("a = '1'", "a = '2'")).rejects.toThrow("pg1: it does not accept its files: postgresql.conf line 1: no");
    expect(world.events).toEqual(["trial", "write a = '2'", "reload with a = '2'", "write a = '1'", "reload with a = '1'"]);
  });

  it("are not tried when settings are the same, or at the first start", async () => {
    await update("# one\na = '1'", "# two\na = '1'");
    await configFiles.apply(context, inputs("a = '3'"), undefined);
    expect(world.events).not.toContain("trial");
  });

  it("are tried with another image: it may not take what its predecessor took", async () => {
    world.files.set("postgresql.conf", "a = '1'");
    world.trial = "x FATAL:  could not access file\n";
    await expect(configFiles.apply(context, inputs("a = '1'"), inputs("a = '1'"))).rejects.toThrow("could not access file");
    expect(world.events).toEqual(["trial"]);
  });

  it("are read again by a server that lets nobody in: they may be the cure", async () => {
    world.canLogIn = false;
    await update("a = '1'", "a = '2'");
    expect(world.events).toEqual(["trial", "write a = '2'", "signal from inside"]);
  });
});

/** Processes of a pooler in these containers. */
const processesOf = (...containers: readonly string[]): readonly unknown[] =>
  containers.map((container, index) => ({ number: index + 1, container, address: { host: "h", port: index + 1 }, settings: {} }));

describe("files of PgBouncer, which include those of its routes", () => {
  const own = (text: string): Record<string, unknown> => ({
    ...inputs(text),
    reload: {
      server: "pgbouncer",
      processes: processesOf("pgbouncer-1", "pgbouncer-2"),
      password: "p",
    },
  });

  it("are tried with the routes that it has, and taken out again without them", async () => {
    world.files = new Map([
      ["postgresql.conf", "a = '1'"],
      ["routes.json", "before"],
      ["routes-1.ini", "before 1"],
      ["routes-2.ini", "before 2"],
    ]);
    world.refuses = (text) => {
      // Somebody changes the routes meanwhile.
      for (const path of ["routes.json", "routes-1.ini", "routes-2.ini"]) world.files.set(path, "after");
      return text === "a = '2'" ? "no" : "";
    };
    await expect(configFiles.apply(context, own("a = '2'"), own("a = '1'"))).rejects.toThrow("refused: no");
    expect(world.tried.get("pgstack/routes-1.ini")).toBe("before 1");
    expect(settings()).toBe("a = '1'");
    for (const path of ["routes.json", "routes-1.ini", "routes-2.ini"]) expect(world.files.get(path)).toBe("after");
  });
});

describe.each(["pgbouncer", "prometheus", "alertmanager"] as const)("files of %s", (server) => {
  const own = (text: string, image: string): Record<string, unknown> => ({
    ...inputs(text, image),
    reload: {
      server,
      container: server,
      processes: processesOf(server, "another"),
      address: { host: "h", port: 1 },
      password: "p",
      settings: {},
    },
  });

  async function change(to: string): Promise<unknown> {
    world.files.set("postgresql.conf", "a = '1'");
    const image = `${server}-${(images += 1)}`;
    return configFiles.apply(context, own(to, image), own("a = '1'", image));
  }

  it("that fail their trial change nothing", async () => {
    world.trial = "no\n";
    await expect(change("a = '2'")).rejects.toThrow(`${server}: `);
    expect(world.events).toEqual(["trial"]);
  });

  it("that the running server refuses are taken out again", async () => {
    world.refuses = (text) => (text === "a = '2'" ? "no" : "");
    await expect(change("a = '2'")).rejects.toThrow("refused: no");
    expect(world.events).toEqual(["trial", "write a = '2'", "reload with a = '2'", "write a = '1'", "reload with a = '1'"]);
  });
});
