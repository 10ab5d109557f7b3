import type { Context } from "../../../provider/kind.ts";
import type { ServiceNode } from "../../../provider/service/access.ts";
import type { Traffic, TrafficWorld } from "../../../provider/traffic/world.ts";
import type { RunningRoute, ServerConnection } from "../../../src/pgbouncer/console.ts";
import { routesOf } from "../../../src/pgbouncer/rotation.ts";

const route = (hosts: readonly string[]): { readonly hosts: string[]; readonly poolSize: number; readonly maxDbConnections: number } => ({
  hosts: [...hosts],
  poolSize: 20,
  maxDbConnections: 25,
});

export function nodeOf(name: string, role: ServiceNode["role"]): ServiceNode {
  return { name, role, container: name, networkAddress: `address of ${name}`, address: { host: "127.0.0.1", port: 1 } };
}

export const leader = nodeOf("pg1", "leader");
export const replica = nodeOf("pg2", "replica");

/** A pooler with its routes and their clients, and servers; any step can be made to fail. */
export class FakedTraffic implements TrafficWorld {
  readonly steps: string[] = [];
  failsAt = Infinity;
  serving = true;
  /** Nodes to which the pooler keeps a connection, whatever happens. */
  readonly busy = new Set<string>();
  /** Long transactions of the leader, as text. */
  long = "";
  /** Routes whose transactions do not end. */
  readonly endless = new Set<string>();
  readonly paused = new Set<string>();
  readonly watched = new Set<string>();
  file: string;
  #loaded: string;

  constructor(readers: readonly string[]) {
    const line = (name: string, hosts: readonly string[]): string =>
      `${name} = host=${hosts.join(",")} port=5432 pool_size=20 max_db_connections=25`;
    this.file = `[databases]\n${line("app", ["pg1"])}\n${line("app_ro", readers)}\n[pgbouncer]\nlisten_port = 6432\n`;
    this.#loaded = this.file;
  }

  /** Something is done, or fails. */
  step(name: string): void {
    this.steps.push(name);
    if (this.steps.length === this.failsAt) throw new Error(`broken at ${name}`);
  }

  hostsOf(name: string): readonly string[] | undefined {
    return routesOf(this.#loaded).get(name);
  }

  isRunning = async (): Promise<boolean> => true;

  sql = async (_container: string, text: string): Promise<string> => {
    this.step(text === "checkpoint;" ? "checkpoint" : "ask for transactions");
    return text === "checkpoint;" ? "" : this.long;
  };

  isServing = async (): Promise<boolean> => this.serving;

  routes = async (): Promise<readonly RunningRoute[]> => {
    this.step("ask for routes");
    return [...routesOf(this.#loaded)].map(([name, hosts]) => ({ name, hosts, isPaused: this.paused.has(name) }));
  };

  servers = async (): Promise<readonly ServerConnection[]> => {
    this.step("ask for servers");
    return [...this.busy].map((node) => ({
      route: "app_ro",
      user: "app",
      address: `address of ${node}`,
      state: "active",
      isLeaving: true,
    }));
  };

  pause = async (name: string): Promise<void> => {
    this.step(`pause ${name}`);
    this.paused.add(name);
    if (this.endless.has(name)) throw new Error("timeout");
  };

  resume = async (names: readonly string[]): Promise<void> => {
    this.step(`resume ${names.join(" ")}`);
    for (const name of names) this.paused.delete(name);
  };

  resumeLater = async (names: readonly string[]): Promise<void> => {
    this.step(`watch ${names.join(" ")}`);
    for (const name of names) this.watched.add(name);
  };

  awaitNoLogins = async (): Promise<void> => this.step("await no logins");

  readFile = async (): Promise<string | undefined> => this.file;

  writeFile = async (content: string): Promise<void> => {
    this.step("write");
    this.file = content;
  };

  reload = async (): Promise<boolean> => {
    this.step("reload");
    this.#loaded = this.file;
    return true;
  };
}

export const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };

export function trafficOf(world: FakedTraffic, readers: readonly string[]): Traffic {
  return {
    context,
    world,
    pooler: { container: "pgbouncer", drainTimeoutS: 0.02, routes: { app: route(["pg1"]), app_ro: route(readers) } },
  };
}
