import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { parse, stringify } from "yaml";

import { runCheck } from "../src/check/run.ts";
import type { CheckReport } from "../src/check/result.ts";
import type { CheckSecrets, CheckTarget } from "../src/target/target.ts";
import type { Engine } from "../src/engine/connect.ts";
import { connectEngine } from "../src/engine/connect.ts";
import { runSql } from "../src/engine/psql.ts";
import { removeCarriers } from "../src/engine/volume-files.ts";
import { freeBlock } from "./free-block.ts";
import { whileNobodyRemoves } from "./port-lock.ts";
import type { RunResult } from "./run.ts";
import { run } from "./run.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Every name on the engine that a test makes begins with this; `make clean-tests` removes what a killed run left. */
export const testPrefix = "pgstack-test";

export const engineHost = process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";

export type StackConfig = Readonly<Record<string, unknown>>;

/** Another engine than the machine's own. */
export interface Elsewhere {
  /** As `dockerHost`. */
  readonly engine: string;
  /** Command in front of every `pulumi`, e.g. to enter the network that the engine publishes ports in. */
  readonly through: readonly string[];
}

export interface Outputs {
  readonly writeUrl: string;
  readonly readUrl: string;
  readonly directUrl: string;
  readonly adminUrl: string;
  readonly adminUrls: readonly string[];
  readonly nodeUrls: Readonly<Record<string, string>>;
  readonly dotenv: string;
  readonly report: CheckReport;
  readonly nodes: readonly { readonly name: string; readonly container: string; readonly dataVolume: string }[];
  readonly check: { readonly target: CheckTarget; readonly secrets: CheckSecrets };
}

/** The application's URL at a node. The driver of the tests knows no URL with several hosts, such as `directUrl`. */
export function nodeUrl({ nodeUrls }: Pick<Outputs, "nodeUrls">, node: string): string {
  const url = nodeUrls[node];
  if (url === undefined) throw new Error(`no node ${node}`);
  return url;
}

/** A URL with several hosts as one to its first host, for the driver of the tests. */
export function toFirstHost(url: string): string {
  return url.replace(/@([^,/]+),[^/]+\/([^?]*)\?.*$/, "@$1/$2");
}

/**
 * A real stack of the real program, deployed by the real Pulumi in a project folder of its own (the checkout's files by
 * link, own stack file and state), with ports, subnet and names that nothing else uses.
 */
export class Deployment {
  readonly stack: string;
  readonly folder: string;
  readonly engine: Engine;
  readonly #through: readonly string[];
  #config: StackConfig;

  private constructor(stack: string, folder: string, engine: Engine, config: StackConfig, through: readonly string[]) {
    this.stack = stack;
    this.folder = folder;
    this.engine = engine;
    this.#config = config;
    this.#through = through;
  }

  /**
   * @param from - checked-in stack file to start from
   * @param changes - keys without namespace that win over it
   */
  static async create(
    from: "staging" | "production",
    changes: StackConfig = {},
    { engine, through }: Elsewhere = { engine: engineHost, through: [] },
  ): Promise<Deployment> {
    const stack = `test${randomBytes(3).toString("hex")}`;
    const folder = mkdtempSync(join(tmpdir(), `pgstack-${stack}-`));
    linkProject(folder);
    const { ports, subnet } = await freeBlock();
    const config = { ...readStackFile(from), dockerHost: engine, ports, subnet, ...changes };
    const deployment = new Deployment(stack, folder, await connectEngine(engine), config, through);
    const made = await deployment.pulumi("stack", "init", stack);
    if (made.code !== 0) throw new Error(`stack init failed: ${made.output}`);
    deployment.configure({});
    return deployment;
  }

  /** Changes config keys; undefined removes one. */
  configure(changes: StackConfig): void {
    this.#config = Object.fromEntries(Object.entries({ ...this.#config, ...changes }).filter(([, value]) => value !== undefined));
    const file = join(this.folder, `Pulumi.${this.stack}.yaml`);
    const { encryptionsalt } = parse(readFileSync(file, "utf8")) as { readonly encryptionsalt: string };
    const config = Object.fromEntries(Object.entries(this.#config).map(([key, value]) => [`pgstack:${key}`, value]));
    writeFileSync(file, stringify({ encryptionsalt, config }));
  }

  /** A key of this stack's config as it was given; undefined when it was not. */
  config(key: string): unknown {
    return this.#config[key];
  }

  /** Any Pulumi command in this project, with this stack's state and passphrase. */
  pulumi(...args: readonly string[]): Promise<RunResult> {
    return this.runPulumi(args);
  }

  /** The same with other variables in addition to this stack's own. */
  runPulumi(args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<RunResult> {
    const [command = "", ...rest] = this.pulumiCommand(args);
    return run(command, rest, { cwd: this.folder, env: { ...this.environment(), ...variables }, timeoutMs: 600_000 });
  }

  /** A Pulumi command with all its words, for a test that runs it in its own way: with `environment()`, in `folder`. */
  pulumiCommand(args: readonly string[]): readonly string[] {
    return [...this.#through, "pulumi", ...args, "--non-interactive", "--color", "never"];
  }

  /** This process's variables with this stack's state and passphrase. */
  environment(): NodeJS.ProcessEnv {
    const { PULUMI_CONFIG_PASSPHRASE: _passphrase, ...inherited } = process.env;
    return {
      ...inherited,
      PULUMI_BACKEND_URL: `file://${join(this.folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: join(this.folder, "passphrase"),
    };
  }

  /** `pulumi up` that must succeed. */
  async up(...args: readonly string[]): Promise<RunResult> {
    const result = await this.tryUp(...args);
    if (result.code !== 0) throw new Error(`up failed:\n${result.output}`);
    return result;
  }

  tryUp(...args: readonly string[]): Promise<RunResult> {
    return this.pulumi("up", "--stack", this.stack, "--yes", "--skip-preview", ...args);
  }

  preview(...args: readonly string[]): Promise<RunResult> {
    return this.pulumi("preview", "--stack", this.stack, ...args);
  }

  async outputs(): Promise<Outputs> {
    const result = await this.pulumi("stack", "output", "--stack", this.stack, "--json", "--show-secrets");
    if (result.code !== 0) throw new Error(`no outputs: ${result.output}`);
    return JSON.parse(result.stdout) as Outputs;
  }

  /** The check, run from here; `timeoutMs` is how long it may wait for the cluster to become healthy. */
  async check(timeoutMs: number): Promise<CheckReport> {
    const { target, secrets } = (await this.outputs()).check;
    return runCheck(target, secrets, { timeoutMs });
  }

  /** Name on the engine of a service, e.g. `pg1` or `pooler`. */
  container(service: string): string {
    return `pgstack-${this.stack}-${service}`;
  }

  /** SQL as the superuser on a node. */
  sql(node: string, sql: string, database = "postgres"): Promise<string> {
    return runSql(this.engine, this.container(node), sql, database);
  }

  destroy(): Promise<RunResult> {
    return this.pulumi("destroy", "--stack", this.stack, "--yes", "--skip-preview");
  }

  /** Removes everything that this deployment made, data volumes too, whatever state it is in. */
  async remove(): Promise<void> {
    await removeFromEngine(this.engine, `pgstack-${this.stack}-`, `pgstack-${this.stack}`);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Name on the engine of a node's data volume. */
  dataVolume(node: string): string {
    return `pgstack-${this.stack}-${node}-data`;
  }
}

/** Everything of one prefix: containers, then volumes, then the network. */
export function removeFromEngine(engine: Engine, prefix: string, network: string): Promise<void> {
  return whileNobodyRemoves(() => removeNamed(engine, prefix, network));
}

async function removeNamed(engine: Engine, prefix: string, network: string): Promise<void> {
  const named = (name: string | undefined): boolean => (name ?? "").replace(/^\//, "").startsWith(prefix);
  const containers = await engine.listContainers({ all: true });
  // One after the other, for the reason that there is at `whileNobodyRemoves`.
  for (const { Id } of containers.filter(({ Names }) => Names.some(named))) {
    await engine.getContainer(Id).remove({ force: true, v: true });
  }
  const { Volumes } = await engine.listVolumes();
  for (const { Name } of Volumes.filter(({ Name: name }) => named(name))) await removeCarriers(engine, Name);
  await Promise.all(Volumes.filter(({ Name }) => named(Name)).map(({ Name }) => engine.getVolume(Name).remove({ force: true })));
  const networks = await engine.listNetworks();
  // A bundle of the same stack has a network of its own.
  const own = networks.filter(({ Name }) => Name === network || Name.startsWith(`${network}-`));
  await Promise.all(own.map(({ Id }) => engine.getNetwork(Id).remove()));
}

/** The checkout's files by link: the program runs from the repository, its stack files and state stay here. */
export function linkProject(folder: string): void {
  for (const entry of readdirSync(root)) {
    if (entry.startsWith(".") || entry.startsWith("Pulumi.")) continue;
    symlinkSync(join(root, entry), join(folder, entry));
  }
  copyFileSync(join(root, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  mkdirSync(join(folder, "state"), { mode: 0o700 });
  writeFileSync(join(folder, "passphrase"), randomBytes(24).toString("hex"), { mode: 0o600 });
}

function readStackFile(stack: string): StackConfig {
  const { config } = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as { readonly config: StackConfig };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^pgstack:/, ""), value]));
}
