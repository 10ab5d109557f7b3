import { describe, expect, it } from "vitest";

import type { Context } from "../../../provider/kind.ts";
import type { LoginsWorld } from "../../../provider/service/logins-world.ts";
import { switchLogins } from "../../../provider/service/logins.ts";
import type { Logins } from "../../../provider/service/logins.ts";
import { SqlError } from "../../../src/engine/psql.ts";

const roles = ["app", "monitoring", "replicator"];
const poolerUsers = ["app", "monitoring", "pgbouncer"];
const limits = { leaderMs: 20, poolerMs: 20, replayMs: 20 };

function userlistOf(version: string): string {
  return `${poolerUsers.map((user) => `"${user}" "${user}-${version}"`).join("\n")}\n`;
}

function verifiersOf(version: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `${name}-${version}`]));
}

/** What is wanted: passwords of this version. */
function wanted(version: string): Logins {
  return {
    leader: "pg1",
    replicas: ["pg2"],
    pooler: { listener: "pooler", drainTimeoutS: 0.02 },
    verifiers: verifiersOf(version, roles),
    userlist: userlistOf(version),
    users: {
      app: { password: `app-${version}`, routes: ["app", "app_ro"] },
      monitoring: { password: `monitoring-${version}`, routes: ["pgbouncer"] },
    },
  };
}

class Faked implements LoginsWorld {
  /** Role → verifier on the leader. */
  readonly servers = new Map(Object.entries(verifiersOf("old", roles)));
  userlist: string | undefined = userlistOf("old");
  running = new Set(["pg1", "pg2", "pgbouncer"]);
  inRecovery = false;
  /** Whether all processes of the pooler answer. */
  answers = true;
  /** Replicas that never replay. */
  stuck: readonly string[] = [];
  held: readonly string[] = [];
  /** What was done, in order. */
  readonly steps: string[] = [];
  /** Number of the step that fails instead of being done. */
  failsAt = Infinity;
  /** What the pooler takes for its list, when that is not the file. */
  ignoresFile = false;
  #loaded = userlistOf("old");

  #step(name: string): void {
    this.steps.push(name);
    if (this.steps.length === this.failsAt) throw new Error(`broken at ${name}`);
  }

  isRunning = async (container: string): Promise<boolean> => this.running.has(container);

  sql = async (container: string, text: string): Promise<string> => {
    if (!this.running.has(container)) throw new SqlError(container, { stderr: "no server", exitCode: 2 });
    if (text.startsWith("select pg_is_in_recovery")) {
      this.#step("ask the leader");
      const others = [...text.matchAll(/\('(\w+)', '([^']+)'\)/g)].filter(
        ([, role = "", verifier]) => this.servers.has(role) && this.servers.get(role) !== verifier,
      );
      return [this.inRecovery ? "t" : "f", ...others.map(([, role = ""]) => `${role}|${this.servers.get(role)}`)].join("\n");
    }
    if (text.startsWith("begin;")) {
      const altered = [...text.matchAll(/alter role "?(\w+)"? password '([^']+)'/g)];
      this.#step(`set ${altered.map(([, role, verifier]) => `${role}=${verifier}`).join(" ")}`);
      for (const [, role = "", verifier = ""] of altered) this.servers.set(role, verifier);
    }
    return "0/3000000";
  };

  readUserlist = async (): Promise<string | undefined> => this.userlist;

  writeUserlist = async (content: string): Promise<void> => {
    this.#step("write userlist");
    this.userlist = content;
    if (!this.ignoresFile) this.#loaded = content;
  };

  runs = async (): Promise<boolean> => this.running.has("pgbouncer");

  isServing = async (): Promise<boolean> => this.running.has("pgbouncer") && this.answers;

  routes = async (): Promise<readonly string[]> => ["app", "app_ro"];

  accepts = async ({ user }: { readonly user: string }, verifier: string): Promise<boolean> => {
    this.#step(`log in as ${user}`);
    return this.#loaded.includes(`"${user}" "${verifier}"`);
  };

  query = async ({
    user,
    password,
    route,
  }: {
    readonly user: string;
    readonly password: string;
    readonly route: string;
  }): Promise<void> => {
    this.#step(`query ${route} as ${user}`);
    if (this.held.length > 0) throw new Error(`${route} is held`);
    if (this.servers.get(user) !== password) throw new Error(`${user} is refused`);
  };

  whileHeld = async <T>(routes: readonly string[], work: () => Promise<T>): Promise<T> => {
    this.#step(`hold ${routes.join(" ")}`);
    this.held = routes;
    try {
      return await work();
    } finally {
      this.held = [];
      this.steps.push("let go");
    }
  };

  awaitReplay = async (replicas: readonly string[]): Promise<readonly string[]> => {
    this.#step("await replay");
    return replicas.filter((name) => this.stuck.includes(name));
  };
}

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };
const change = (world: Faked, version = "new"): Promise<readonly string[]> => switchLogins(context, world, wanted(version), limits);

/** Which version servers and pooler have of the passwords that clients use. */
function versions(world: Faked): { readonly servers: readonly string[]; readonly pooler: readonly string[] } {
  const of = (text: string): readonly string[] => [
    ...new Set([...text.matchAll(/(?:app|monitoring)-(\w+)/g)].map(([, version = ""]) => version)),
  ];
  return { servers: of([...world.servers.values()].join(" ")), pooler: of(world.userlist ?? "") };
}

const old = { servers: ["old"], pooler: ["old"] };
const renewed = { servers: ["new"], pooler: ["new"] };

describe("a change of passwords", () => {
  it("reaches pooler and servers while clients are held, then lets them go and looks that they get through", async () => {
    const world = new Faked();
    expect(await change(world)).toEqual(["app", "monitoring", "pgbouncer", "replicator"]);
    expect(versions(world)).toEqual(renewed);
    expect(world.userlist).toBe(userlistOf("new"));
    expect(world.steps).toEqual([
      "ask the leader",
      "write userlist",
      "await replay",
      "hold app app_ro",
      "write userlist",
      "set app=app-new monitoring=monitoring-new replicator=replicator-new",
      "log in as app",
      "await replay",
      "let go",
      "query app as app",
      "query app_ro as app",
    ]);
  });

  it("that is there already changes nothing", async () => {
    const world = new Faked();
    expect(await change(world, "old")).toEqual([]);
    expect(world.steps).toEqual(["ask the leader"]);
  });

  it("is left to the gates when the leader is away or in recovery", async () => {
    const away = new Faked();
    away.running.delete("pg1");
    expect(await change(away)).toEqual([]);
    const recovering = new Faked();
    recovering.inRecovery = true;
    expect(await change(recovering)).toEqual([]);
    expect([versions(away), versions(recovering)]).toEqual([old, old]);
  });

  it("without a pooler is made on the servers alone", async () => {
    const world = new Faked();
    world.running.delete("pgbouncer");
    await change(world);
    expect(versions(world)).toEqual({ servers: ["new"], pooler: ["old"] });
  });

  it("is refused before anything is held when a replica does not replay", async () => {
    const world = new Faked();
    world.stuck = ["pg2"];
    await expect(change(world)).rejects.toThrow(/pg2[\s\S]*no password was changed/);
    expect(versions(world)).toEqual(old);
    expect(world.steps.filter((step) => step.startsWith("hold"))).toEqual([]);
  });

  it("is refused before a user gets another password when a process of the pooler does not answer", async () => {
    const world = new Faked();
    world.answers = false;
    await expect(change(world)).rejects.toThrow("pooler: the pooler did not take its new userlist.txt");
    expect(world.servers).toEqual(new Faked().servers);
    expect(versions(world)).toEqual(old);
    const known = new Faked();
    known.userlist = known.userlist?.replace("pgbouncer-old", "pgbouncer-new");
    known.answers = false;
    await expect(change(known)).rejects.toThrow("pooler: not all of its processes answer on their consoles, so no password was changed");
    expect(known.steps).toEqual(["ask the leader"]);
  });

  it("is taken back when the pooler does not read its list", async () => {
    const world = new Faked();
    world.ignoresFile = true;
    await expect(change(world)).rejects.toThrow(/did not take its new userlist\.txt/);
    expect(versions(world)).toEqual(old);
    expect(world.held).toEqual([]);
  });

  it("that fails at any step leaves pooler and servers with the same passwords and nobody held, and the next one completes it", async () => {
    const whole = new Faked();
    await change(whole);
    const count = whole.steps.filter((step) => step !== "let go").length;
    for (let failsAt = 1; failsAt <= count + 1; failsAt += 1) {
      const world = new Faked();
      world.failsAt = failsAt;
      const failed = await change(world).then(
        () => "",
        (error: unknown) => (error as Error).message,
      );
      const where = `${failsAt}: ${world.steps.join(", ")} → ${failed}`;
      expect(world.held, where).toEqual([]);
      expect([old, renewed], where).toContainEqual(versions(world));
      world.failsAt = Infinity;
      await change(world);
      expect(versions(world), where).toEqual(renewed);
      expect(world.userlist, where).toBe(userlistOf("new"));
    }
  });
});
