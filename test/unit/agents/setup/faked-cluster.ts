import type { SetupSpec } from "../../../../src/agents/setup/spec.ts";
import type { Refusal, SetupWorld, SlotsLeft } from "../../../../src/agents/setup/world.ts";
import type { ConfigRow, RunningRoute } from "../../../../src/pgbouncer/console.ts";
import type { Routes, RoutesText } from "../../../../src/pgbouncer/routes.ts";
import { processRoutesFile, routesFile, routesFiles } from "../../../../src/pgbouncer/routes.ts";
import type { Readiness } from "../../../../src/postgres/readiness.ts";
import type { PendingNode, PendingSetting } from "../../../../src/rollout/pending.ts";
import type { Topology } from "../../../../src/topology/topology.ts";
import { topologyOf } from "../../../../src/topology/topology.ts";
import type { NodeState } from "../../../../src/topology/view.ts";
import { plainView } from "../../../../src/topology/view.ts";
import { readIni, readPgbouncerConnstr } from "../../render/escape-readers.ts";

const route = { database: "app", poolSize: 20, most: 25, parameters: {} };
const settings = { pool_mode: "transaction", max_client_conn: "100" };

export const spec: SetupSpec = {
  stack: "test",
  major: 17,
  nodes: ["pg1", "pg2", "pg3"],
  roles: { database: "app", owner: "app", extensions: [], monitoringConnections: 10 },
  restartSettings: { max_connections: "200" },
  processes: [1, 2].map((number) => ({
    number,
    service: `pgbouncer-${number}`,
    host: `pgbouncer-${number}`,
    port: 6432,
    settings: { ...settings, peer_id: String(number) },
  })),
  routes: [
    { ...route, name: "app", reads: false },
    { ...route, name: "app_ro", reads: true },
  ],
  patienceS: 120,
};

export const declared: Routes = { leader: "pg1", nodes: spec.nodes, drained: {}, processes: 2, routes: spec.routes };

/** The text of what is wanted. */
export function wantedText(routes: Routes): string {
  return routesFiles(routes).find(({ path }) => path === routesFile)?.content ?? "";
}

interface FakedNode {
  state: NodeState;
  follows: string | undefined;
  /** How often it is asked until it is ready. */
  readyAfter: number;
  /** How far it is until then. */
  readiness: Readiness;
  files: string;
  reads: boolean;
  pending: readonly PendingSetting[];
  refusal: Refusal | undefined;
}

/** Three nodes that pg1 leads, a new pooler, and roles that are to be made; any step can be made to fail. */
export class FakedCluster implements SetupWorld {
  readonly steps: string[] = [];
  readonly said: string[] = [];
  failsAt = Infinity;
  readonly nodes: Record<string, FakedNode> = {
    pg1: node("writable", undefined),
    pg2: node("recovery", "pg1"),
    pg3: node("recovery", "pg1"),
  };
  drift = "role app is missing";
  slots: string[] = ["pg2", "pg3"];
  /** Names of slots whose node still runs. */
  inUse: readonly string[] = [];
  /** Files of routes in the pooler's volume. */
  readonly files = new Map<string, string>();
  /** What each process has read. */
  readonly loaded = new Map<number, string>();
  /** Processes that take no files that they read. */
  readonly deaf = new Set<number>();
  /** Processes that run with other settings than their files have. */
  readonly config = new Map<number, readonly ConfigRow[]>();
  #ms = 0;

  constructor() {
    this.put(declared);
  }

  /** Writes these routes, without anybody reading them. */
  put(routes: Routes): void {
    for (const { path, content } of routesFiles(routes)) this.files.set(path, content);
  }

  /** What is wanted, as it is in the volume. */
  get file(): string | undefined {
    return this.files.get(routesFile);
  }

  node(name: string): FakedNode {
    const found = this.nodes[name];
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  /** Something is done or asked, or fails. */
  step(name: string): void {
    this.steps.push(name);
    if (this.steps.length === this.failsAt) throw new Error(`broken at ${name}`);
  }

  look = async (): Promise<Topology> => {
    this.step("look");
    return topologyOf(Object.entries(this.nodes).map(([name, { state, follows }]) => ({ ...plainView(name, name, state), follows })));
  };
  refusal = async (name: string): Promise<Refusal | undefined> => this.node(name).refusal;
  makeRoles = async (leader: string): Promise<void> => {
    this.step(`roles on ${leader}`);
    this.drift = "";
  };
  rolesDrift = async (leader: string): Promise<string> => {
    this.step(`drift on ${leader}`);
    return this.drift;
  };
  readiness = async (name: string, leader: string): Promise<Readiness> => {
    this.step(`ask ${name}`);
    const asked = this.node(name);
    if (asked.state === "recovery" && asked.follows !== leader) return { state: "waiting", reason: "its WAL receiver is not running" };
    asked.readyAfter -= 1;
    return asked.readyAfter >= 0 ? asked.readiness : { state: "ready", role: "replica" };
  };
  follow = async (name: string, leader: string): Promise<void> => {
    this.step(`follow ${name}`);
    this.node(name).follows = leader;
    if (!this.slots.includes(name)) this.slots.push(name);
  };
  copiedMb = async (): Promise<string | undefined> => String(Math.floor(this.#ms / 1000));
  reload = async (name: string): Promise<string | undefined> => {
    this.step(`reload ${name}`);
    return this.node(name).reads ? this.node(name).files : undefined;
  };
  fileErrors = async (name: string): Promise<string> => {
    this.step(`files of ${name}`);
    return this.node(name).files;
  };
  pending = async (name: string): Promise<PendingNode> => {
    this.step(`pending on ${name}`);
    const { state, pending } = this.node(name);
    return { node: name, role: state === "writable" ? "leader" : "replica", pending };
  };
  dropSlots = async (_leader: string, replicas: readonly string[]): Promise<SlotsLeft> => {
    this.step("slots");
    const old = this.slots.filter((name) => !replicas.includes(name));
    const dropped = old.filter((name) => !this.inUse.includes(name));
    this.slots = this.slots.filter((name) => !dropped.includes(name));
    return { dropped, inUse: this.inUse };
  };
  readRoutes = async (): Promise<string | undefined> => this.file;
  writeRoutes = async (files: readonly RoutesText[]): Promise<void> => {
    this.step("write routes");
    for (const { path, content } of files) this.files.set(path, content);
  };
  reloadProcess = async (number: number): Promise<void> => {
    this.step(`reload pgbouncer-${number}`);
    if (!this.deaf.has(number)) this.loaded.set(number, this.files.get(processRoutesFile(number)) ?? "");
  };
  processRoutes = async (number: number): Promise<readonly RunningRoute[]> => {
    this.step(`routes of pgbouncer-${number}`);
    return [...(readIni(this.loaded.get(number) ?? "").get("databases") ?? [])].map(([name, line]) => {
      const of = new Map(readPgbouncerConnstr(line));
      return {
        name,
        host: of.get("host") ?? "",
        database: of.get("dbname") ?? "",
        poolSize: Number(of.get("pool_size")),
        isPaused: false,
      };
    });
  };
  processConfig = async (number: number): Promise<readonly ConfigRow[]> => {
    this.step(`config of pgbouncer-${number}`);
    const own = Object.entries({ ...settings, peer_id: String(number) });
    return this.config.get(number) ?? own.map(([key, value]) => ({ key, value, changeable: "yes" }));
  };
  say = (line: string): void => void this.said.push(line);
  now = (): number => this.#ms;
  sleep = async (ms: number): Promise<void> => void (this.#ms += ms);
}

function node(state: NodeState, follows: string | undefined): FakedNode {
  return {
    state,
    follows,
    readyAfter: 0,
    readiness: { state: "waiting", reason: "it is not up yet" },
    files: "",
    reads: true,
    pending: [],
    refusal: undefined,
  };
}
