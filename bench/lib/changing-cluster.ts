import { readFileSync } from "node:fs";
import { join } from "node:path";

import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { runSql } from "../../src/engine/psql.ts";
import { services } from "../../src/plan/names.ts";
import { BundleProject } from "../../testing/bundle-project.ts";
import { Deployment } from "../../testing/deployment.ts";
import type { Outputs } from "../../testing/deployment.ts";
import type { StackKeys } from "../../testing/stacks.ts";
import { readStackFile } from "../../testing/stacks.ts";
import { accessOf } from "./access.ts";
import type { Access } from "./access.ts";
import type { Removable } from "./clean-up.ts";
import type { Change } from "./cluster-changes.ts";
import { applied, before, nodesOf } from "./cluster-changes.ts";

/** A running cluster and one way of changing it. */
export interface ChangingCluster extends Removable {
  readonly engine: Engine;
  /** What the names of its containers begin with, and the name of its network. */
  readonly prefix: string;
  readonly nodes: readonly string[];
  start(): Promise<void>;
  access(): Promise<Access>;
  /** Edit and commands; ends when the last command has. */
  change(change: Change): Promise<void>;
  /** What a person does who sees that clients do not work again. */
  repair(): Promise<void>;
}

/** `pulumi up` of a stack. */
export class StackCluster implements ChangingCluster {
  readonly #deployment: Deployment;
  #keys: StackKeys;

  private constructor(deployment: Deployment, keys: StackKeys) {
    this.#deployment = deployment;
    this.#keys = keys;
  }

  static async create(): Promise<StackCluster> {
    const keys = startKeys();
    return new StackCluster(await Deployment.create("production", keys), keys);
  }

  get engine(): Engine {
    return this.#deployment.engine;
  }

  get prefix(): string {
    return `pgstack-${this.#deployment.stack}`;
  }

  get nodes(): readonly string[] {
    return nodesOf(this.#keys);
  }

  async start(): Promise<void> {
    await this.#deployment.up();
  }

  async access(): Promise<Access> {
    return accessOf(await this.#deployment.outputs());
  }

  async change({ to }: Change): Promise<void> {
    this.#keys = applied(this.#keys, to);
    this.#deployment.configure(this.#keys);
    await this.#deployment.up();
  }

  async repair(): Promise<void> {
    await this.#deployment.up("--refresh");
  }

  remove(): Promise<void> {
    return this.#deployment.remove();
  }
}

/** The same cluster's Compose bundle, written again and brought up in place. */
export class ComposeCluster implements ChangingCluster {
  readonly #bundle: BundleProject;
  #keys: StackKeys;

  private constructor(bundle: BundleProject, keys: StackKeys) {
    this.#bundle = bundle;
    this.#keys = keys;
  }

  static async create(): Promise<ComposeCluster> {
    const keys = startKeys();
    return new ComposeCluster(await BundleProject.create(keys), keys);
  }

  get engine(): Engine {
    return this.#bundle.engine;
  }

  get prefix(): string {
    return this.#bundle.prefix;
  }

  get nodes(): readonly string[] {
    return nodesOf(this.#keys);
  }

  async start(): Promise<void> {
    await this.#bundle.render();
    await this.#bundle.up();
  }

  access(): Promise<Access> {
    return accessOf({ check: this.#check() });
  }

  #check(): Outputs["check"] {
    return JSON.parse(readFileSync(join(this.#bundle.folder, "check.json"), "utf8")) as Outputs["check"];
  }

  async change({ to, byHand }: Change): Promise<void> {
    this.#keys = applied(this.#keys, to);
    await this.#bundle.render(this.#keys);
    await this.#bundle.up();
    for (const command of byHand?.(this.nodes) ?? []) await this.#compose(...command);
  }

  /** The pooler keeps connections to addresses that other nodes have now; a new one asks for them again. */
  repair(): Promise<void> {
    return this.#compose("restart", ...this.#check().target.processes.map(({ number }) => services.pgbouncer(number)));
  }

  remove(): Promise<void> {
    return this.#bundle.remove();
  }

  async #compose(...command: readonly string[]): Promise<void> {
    const { code, output } = await this.#bundle.compose(...command);
    if (code !== 0) throw new Error(`docker compose ${command.join(" ")} failed:\n${output}`);
  }
}

/** The checked-in production stack but for its ports and subnet, which are the machine's own. */
function startKeys(): StackKeys {
  const { config } = readStackFile("production") as { readonly config: StackKeys };
  const own = Object.entries(config).map(([key, value]) => [key.replace(/^pgstack:/, ""), value] as const);
  return applied(Object.fromEntries(own.filter(([key]) => key !== "ports" && key !== "subnet")), before);
}

/** How long a node may take to answer after a change, in milliseconds. */
const answerMs = 60_000;

/** SQL as the superuser, tried until the node answers. */
export async function askNode({ engine, prefix }: ChangingCluster, node: string, sql: string, database: string): Promise<string> {
  let reason = "";
  const answer = await poll(
    () =>
      runSql(engine, `${prefix}-${node}`, sql, database).catch((error: unknown) => {
        reason = (error as Error).message;
        return undefined;
      }),
    { everyMs: 200, timeoutMs: answerMs },
  );
  if (answer === undefined) throw new Error(`${node} does not answer: ${reason}`);
  return answer;
}
