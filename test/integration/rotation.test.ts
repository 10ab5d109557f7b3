import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { runProgram } from "../../src/cli/program.ts";
import type { RotateWorld } from "../../src/cli/rotate.ts";
import { rotateCommand } from "../../src/cli/rotate.ts";
import { loadRotatable } from "../../src/cli/stack-passwords.ts";
import { poll } from "../../src/deadline.ts";
import type { UserUrls } from "../../src/outputs/urls.ts";
import type { RunningRoute } from "../../src/pgbouncer/console.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import { Deployment, nodeUrl, toFirstHost } from "../../testing/deployment.ts";
import type { Outputs } from "../../testing/deployment.ts";
import type { LoadResult } from "../../testing/load.ts";
import { Load } from "../../testing/load.ts";
import { PulumiProcess, processesOf } from "../../testing/pulumi-process.ts";
import { run } from "../../testing/run.ts";
import { UnderLoad } from "../../testing/under-load.ts";

type All = Outputs & { readonly userUrls: Readonly<Record<string, Readonly<Record<string, UserUrls>>>> };

/** Passwords of roles change while clients work: those that keep their connections and those that log in again each time. */
describe("password rotation", { timeout: 300_000 }, () => {
  let deployment: Deployment;
  /** Everything that was printed. */
  let shown = "";
  /** Every password that there ever was. */
  const passwords = new Set<string>();

  beforeAll(async () => {
    deployment = await Deployment.create("staging", {
      replicas: 2,
      memory: "512MB",
      pooler: { drainTimeout: "20s" },
      users: { reporter: { access: { app: "read" } } },
    });
    await deployment.up();
    await remember();
  }, 180_000);
  afterAll(() => deployment.remove(), 120_000);

  const outputs = async (): Promise<All> => (await deployment.outputs()) as All;

  async function remember(): Promise<void> {
    for (const password of Object.values((await outputs()).check.secrets)) passwords.add(password);
  }

  const state = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, output } = await deployment.pulumi(...args);
    if (code !== 0) throw new Error(output);
    return stdout;
  };

  const world: RotateWorld = {
    load: (stack, signal) => loadRotatable(stack, signal, (_program, args) => state(...args)),
    pulumi: async (args) => {
      const { code, output } = await deployment.pulumi(...args);
      shown += output;
      return code;
    },
  };

  /** `./pgstack rotate …` in this project. */
  async function rotate(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    let out = "";
    let err = "";
    const io = {
      out: (text: string) => void (out += text),
      err: (text: string) => void (err += text),
      isTerminal: false,
      signal: new AbortController().signal,
    };
    const code = await runProgram(["rotate", ...args, "--stack", deployment.stack], io, [rotateCommand(world)]);
    shown += out + err;
    return { code, out, err };
  }

  /** The password that the state holds now, while a deployment runs too. */
  async function newest(name: string): Promise<string> {
    const { deployment: exported } = JSON.parse(await state("stack", "export", "--show-secrets", "--stack", deployment.stack)) as {
      readonly deployment: {
        readonly resources: readonly {
          readonly urn: string;
          readonly delete?: boolean;
          readonly outputs?: Readonly<Record<string, { readonly plaintext?: string } | undefined>>;
        }[];
      };
    };
    const found = exported.resources.find(({ urn, delete: gone }) => urn.endsWith(`::${name}`) && gone !== true);
    const password = JSON.parse(found?.outputs?.["result"]?.plaintext ?? '""') as string;
    if (password === "") throw new Error(`no password ${name}`);
    passwords.add(password);
    return password;
  }

  const renew =
    (name: string) =>
    async (url: string): Promise<string> => {
      const renewed = new URL(url);
      renewed.password = await newest(name);
      return renewed.href;
    };

  /** Does something under load; no statement may fail, no row may be lost, and the cluster must be whole afterwards. */
  async function underLoad(work: () => Promise<void>): Promise<LoadResult> {
    const { writeUrl, readUrl } = await outputs();
    const result = await Load.during({ writeUrl, readUrl, renew: renew("cluster-secrets-app") }, work);
    await remember();
    const { write, read } = result;
    console.log(JSON.stringify({ write, read }));
    const failures = { write: write.failures, read: read.failures };
    expect(failures, JSON.stringify(failures)).toEqual({ write: {}, read: {} });
    const cluster = await UnderLoad.of(deployment);
    await cluster.expectHealthy();
    await cluster.expectNothingLost(result);
    await deployment.up("--expect-no-changes");
    return result;
  }

  /** Undefined when the login and a statement succeed, else why not. */
  async function refusal(url: string): Promise<string | undefined> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query(url.endsWith("/pgbouncer") ? "show version" : "select 1");
      return undefined;
    } catch (error) {
      const { code = "", message } = error as { readonly code?: string; readonly message: string };
      return code === "28P01" ? code : `${code} ${message}`;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  const urlsOf = ({ writeUrl, readUrl, nodeUrls }: Outputs): readonly string[] => [writeUrl, readUrl, ...Object.values(nodeUrls)];

  async function expectSwitched(before: readonly string[], after: readonly string[]): Promise<void> {
    expect(after).toHaveLength(before.length);
    for (const url of after) expect(await refusal(url)).toBeUndefined();
    // A server's code, and PgBouncer's.
    for (const url of before) expect(["28P01", "08P01 SASL authentication failed"]).toContain(await refusal(url));
  }

  const since = (node: string, what: string): Promise<string> => deployment.sql(node, what);
  const containerIds = async (): Promise<readonly string[]> =>
    (await deployment.engine.listContainers({ all: true })).filter(({ Names }) => Names[0]?.includes(deployment.stack)).map(({ Id }) => Id);

  it("of the application's role: nobody fails, the old one is refused afterwards", async () => {
    const before = await outputs();
    const containers = await containerIds();
    const { write } = await underLoad(async () => {
      const { code, out } = await rotate("app");
      expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/new password for app\n.*writeUrl/) as string });
    });
    expect(write.longestMs).toBeLessThan(5000);
    await expectSwitched(urlsOf(before), urlsOf(await outputs()));
    expect((await containerIds()).toSorted()).toEqual([...containers].toSorted());
  });

  it("leaves the pooler its restart policy: it is back when its process dies", async () => {
    const cluster = await UnderLoad.of(deployment);
    await cluster.crashAndReturn("pgbouncer-1");
    await cluster.expectHealthy();
  });

  it("while transactions run on both routes for longer than the switch", async () => {
    const { writeUrl, readUrl } = await outputs();
    const clients = [writeUrl, readUrl].map((connectionString) => new pg.Client({ connectionString }));
    for (const client of clients) {
      client.on("error", () => undefined);
      await client.connect();
      await client.query("begin");
      await client.query("select 1");
    }
    await underLoad(async () => void (await rotate("app")));
    for (const client of clients) {
      expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
      await client.query("commit");
      // Their connections outlive it: statements after it come to a server as well.
      expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
      await client.end();
    }
  });

  it("of a declared user, and of nobody else", async () => {
    const before = await outputs();
    await underLoad(async () => void (await rotate("reporter")));
    const after = await outputs();
    const ways = ({ userUrls }: All): readonly string[] => Object.values(userUrls["reporter"]?.["app"] ?? {}).map(toFirstHost);
    expect(ways(before).length).toBe(3);
    await expectSwitched(ways(before), ways(after));
    expect(after.writeUrl).toBe(before.writeUrl);
  });

  it("of monitoring, replicator and pgbouncer: exporters and replicas follow", async () => {
    const before = await outputs();
    const began = await since("pg1", "select string_agg(backend_start::text, ',' order by application_name) from pg_stat_replication;");
    await underLoad(async () => void (await rotate("monitoring", "replicator", "pgbouncer")));
    const after = await outputs();
    for (const role of ["monitoring", "replicator", "pgbouncer"] as const)
      expect(after.check.secrets[role]).not.toBe(before.check.secrets[role]);
    await expectSwitched([before.adminUrl], [after.adminUrl]);
    // Replication continued over its old connections, and comes back with the new password when they end.
    expect(await since("pg1", "select string_agg(backend_start::text, ',' order by application_name) from pg_stat_replication;")).toBe(
      began,
    );
    await deployment.sql("pg1", "select count(pg_terminate_backend(pid)) from pg_stat_replication;");
    await (await UnderLoad.of(deployment)).expectHealthy();
    const { exporters } = after.check.target;
    const up = await Promise.all(
      [...(exporters?.nodes ?? []), ...(exporters?.processes ?? [])].map(async ({ port }) => {
        const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
        return /^(pg|pgbouncer)_up(\{.*\})? 1$/m.test(metrics);
      }),
    );
    expect(up).toEqual([true, true, true, true, true]);
  });

  it("of every role at once, by replacing the resources by hand", async () => {
    const before = await outputs();
    const known = await world.load(deployment.stack, new AbortController().signal);
    await underLoad(async () => {
      const { output } = await deployment.up(...[...known.roles.values()].flatMap((urn) => ["--replace", urn]));
      shown += output;
    });
    const after = await outputs();
    for (const [role, password] of Object.entries(before.check.secrets))
      expect(after.check.secrets[role as "app"] === password, role).toBe(false);
    await expectSwitched(urlsOf(before), urlsOf(after));
  });

  it("with another salt and other iterations passwords stay", async () => {
    const before = await outputs();
    const verifiers = (): Promise<string> =>
      deployment.sql("pg1", "select string_agg(rolpassword, ' ' order by rolname) from pg_authid where rolpassword is not null;");
    const stored = await verifiers();
    await underLoad(async () => {
      deployment.configure({ scramIterations: 5000, scramSalt: "second" });
      shown += (await deployment.up()).output;
    });
    expect(await outputs()).toMatchObject({ writeUrl: before.writeUrl, adminUrl: before.adminUrl });
    const salted = await verifiers();
    expect(salted.match(/SCRAM-SHA-256\$5000:/g)).toHaveLength(4);
    const salts = (text: string): readonly string[] => [...text.matchAll(/\$\d+:([^$]+)\$/g)].map(([, salt = ""]) => salt);
    expect(salts(salted).filter((salt) => salts(stored).includes(salt))).toEqual([]);
    await underLoad(async () => void (await rotate("--salt")));
    expect(salts(await verifiers()).filter((salt) => salts(salted).includes(salt))).toEqual([]);
  });

  it("killed in the middle: the next deployment completes it, and nothing stays paused", async () => {
    const paused = async (): Promise<boolean> => (await routes((await outputs()).adminUrl)).some(({ isPaused }) => isPaused);
    const { adminUrl } = await outputs();
    await killedWhen(async () => (await routes(adminUrl)).some(({ isPaused }) => isPaused));
    expect(await paused()).toBe(true);
    await completes();
    expect(await paused()).toBe(false);
  });

  it("killed when the leader has the new password: the next deployment completes it", async () => {
    const verifier = (): Promise<string> => deployment.sql("pg1", "select rolpassword from pg_authid where rolname = 'app';");
    const stored = await verifier();
    await killedWhen(async () => (await verifier()) !== stored);
    await completes();
    expect((await routes((await outputs()).adminUrl)).some(({ isPaused }) => isPaused)).toBe(false);
  });

  /** The URLs before the rotation that is killed last. */
  let killed: readonly string[] = [];

  /** Starts a rotation of the application's role, and kills it and its provider at a moment. */
  async function killedWhen(moment: () => Promise<boolean>): Promise<void> {
    killed = urlsOf(await outputs());
    const known = await world.load(deployment.stack, new AbortController().signal);
    const up = PulumiProcess.up(deployment, "--replace", known.roles.get("app") ?? "");
    const reached = await poll(async () => ((await moment()) ? true : undefined), { everyMs: 2, timeoutMs: 60_000 });
    up.kill();
    for (const id of processesOf(deployment).keys()) process.kill(id, "SIGKILL");
    expect(reached).toBe(true);
    await up.ended;
  }

  async function completes(): Promise<void> {
    await deployment.pulumi("cancel", "--yes", "--stack", deployment.stack);
    shown += (await deployment.up()).output;
    await remember();
    await expectSwitched(killed, urlsOf(await outputs()));
    await (await UnderLoad.of(deployment)).expectHealthy();
    await deployment.up("--expect-no-changes");
  }

  it("is refused before anything changes when a replica does not replay", async () => {
    const before = await outputs();
    await deployment.sql("pg2", "select pg_wal_replay_pause();");
    await deployment.sql("pg1", "create table unplayed ();", "app");
    const { code } = await rotate("app");
    expect(code).toBe(3);
    expect(shown).toMatch(/pg2: it does not replay what the leader writes; no password was changed/);
    for (const url of [before.writeUrl, before.readUrl, nodeUrl(before, "pg1")]) expect(await refusal(url)).toBeUndefined();
    await deployment.sql("pg2", "select pg_wal_replay_resume();");
    await deployment.up();
    await remember();
    await expectSwitched(urlsOf(before), urlsOf(await outputs()));
  });

  it("names the known roles for an unknown one", async () => {
    const { code, err } = await rotate("reportr");
    expect(code).toBe(2);
    expect(err).toMatch(/it has no role reportr with a password \(did you mean reporter\?\)\n {2}fix: one of .*app.*monitoring/);
  });

  it("shows no password and no verifier anywhere", async () => {
    expect(passwords.size).toBeGreaterThan(12);
    const leaks = (text: string): readonly number[] =>
      [...passwords].flatMap((password, index) => (text.includes(password) ? [index] : []));
    const logs = (await deployment.engine.listContainers({ all: true }))
      .flatMap(({ Names }) => Names)
      .filter((name) => name.startsWith(`/pgstack-${deployment.stack}-`));
    const texts = new Map([["up", shown]]);
    for (const name of logs) texts.set(name, (await run("docker", ["logs", name.slice(1)])).output);
    const statements = "select coalesce(string_agg(query, ' '), '') from pg_stat_statements;";
    for (const node of ["pg1", "pg2", "pg3"]) texts.set(`statements of ${node}`, await deployment.sql(node, statements));
    for (const [where, text] of texts) {
      expect(text.length, where).toBeGreaterThan(0);
      expect(leaks(text), where).toEqual([]);
      expect(text.includes("SCRAM-SHA-256$"), where).toBe(false);
    }
  });
});

it("in pool mode session: sessions keep their servers, new ones wait", { timeout: 240_000 }, async () => {
  const deployment = await Deployment.create("staging", { exporters: false, pooler: { mode: "session", poolSize: 30 } });
  try {
    await deployment.up();
    const { writeUrl, readUrl } = await deployment.outputs();
    const { write, read, acknowledged } = await Load.during({ writeUrl, readUrl }, () => {
      deployment.configure({ scramSalt: "second" });
      return deployment.up();
    });
    expect({ write: write.failures, read: read.failures }).toEqual({ write: {}, read: {} });
    const cluster = await UnderLoad.of(deployment);
    await cluster.expectHealthy();
    await cluster.expectNothingLost({ acknowledged });
  } finally {
    await deployment.remove();
  }
});

function routes(adminUrl: string): Promise<readonly RunningRoute[]> {
  const { hostname: host, port, password } = new URL(adminUrl);
  return PoolerConsole.with({ address: { host, port: Number(port) }, password }, (console) => console.routes());
}
