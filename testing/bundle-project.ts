import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parse, stringify } from "yaml";

import type { CheckReport } from "../src/check/result.ts";
import type { CheckSecrets, CheckTarget } from "../src/target/target.ts";
import { runProgram } from "../src/cli/program.ts";
import { renderCommand } from "../src/cli/render.ts";
import type { Engine } from "../src/engine/connect.ts";
import { connectEngine } from "../src/engine/connect.ts";
import { removeFromEngine } from "./deployment.ts";
import { freeBlock } from "./free-block.ts";
import { whileNobodyRemoves } from "./port-lock.ts";
import type { RunResult } from "./run.ts";
import { run } from "./run.ts";
import type { StackKeys } from "./stacks.ts";
import { root } from "./stacks.ts";

const engineHost = process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";

/** A rendered bundle in a folder that holds nothing else, with ports, subnet and names that nothing else uses. */
export class BundleProject {
  readonly stack: string;
  /** The bundle's folder. */
  readonly folder: string;
  readonly engine: Engine;
  readonly #project: string;
  readonly #keys: StackKeys;

  private constructor(stack: string, project: string, engine: Engine, keys: StackKeys) {
    this.stack = stack;
    this.folder = mkdtempSync(join(tmpdir(), `pgstack-${stack}-bundle-`));
    this.engine = engine;
    this.#project = project;
    this.#keys = keys;
  }

  static async create(keys: StackKeys = {}): Promise<BundleProject> {
    const stack = `test${randomBytes(3).toString("hex")}`;
    const project = mkdtempSync(join(tmpdir(), `pgstack-${stack}-`));
    symlinkSync(join(root, "images"), join(project, "images"));
    symlinkSync(join(root, "Pulumi.yaml"), join(project, "Pulumi.yaml"));
    const { ports, subnet } = await freeBlock();
    return new BundleProject(stack, project, await connectEngine(engineHost), { memory: "512MB", ports, subnet, ...keys });
  }

  /** What every name of the bundle on the engine begins with. */
  get prefix(): string {
    return `pgstack-${this.stack}-bundle`;
  }

  /** Renders the stack with these keys over those that it was made with. */
  async render(keys: StackKeys = {}): Promise<void> {
    const config = Object.fromEntries(Object.entries({ ...this.#keys, ...keys }).map(([key, value]) => [`pgstack:${key}`, value]));
    writeFileSync(join(this.#project, `Pulumi.${this.stack}.yaml`), stringify({ config }));
    let said = "";
    const say = (text: string): void => void (said += text);
    const io = { out: say, err: say, isTerminal: false, signal: new AbortController().signal };
    const code = await runProgram(["render", "--stack", this.stack, "--out", this.folder], io, [renderCommand(this.#project)]);
    if (code !== 0) throw new Error(`render failed: ${said}`);
  }

  /** `docker compose` in the bundle's folder; it finds nothing of the checkout. */
  compose(...args: readonly string[]): Promise<RunResult> {
    return run("docker", ["compose", ...args], { cwd: this.folder, timeoutMs: 600_000 });
  }

  /** `docker compose up -d --wait` that must succeed. */
  async up(...args: readonly string[]): Promise<void> {
    const { code, output } = await this.compose("up", "-d", "--wait", ...args);
    if (code === 0) return;
    const { output: logs } = await this.compose("logs", "--tail", "20");
    throw new Error(`up failed:\n${output}\n${logs}`);
  }

  /** `docker compose down` that must succeed; volumes stay. */
  async down(): Promise<void> {
    const { code, output } = await whileNobodyRemoves(() => this.compose("down"));
    if (code !== 0) throw new Error(`down failed:\n${output}`);
  }

  /** `pgstack check --bundle`, as a command. */
  async check(): Promise<{ readonly code: number; readonly report: CheckReport }> {
    const main = join(root, "src/cli/main.ts");
    const { code, stdout, output } = await run(process.execPath, [main, "check", "--bundle", this.folder, "--json"]);
    if (!stdout.startsWith("{")) throw new Error(`check failed: ${output}`);
    return { code, report: JSON.parse(stdout) as CheckReport };
  }

  /** SQL as the superuser on a node, through its socket. */
  async sql(node: string, sql: string, database = "app"): Promise<string> {
    const psql = ["psql", "-XAtq", "-h", "/run/postgresql", "-U", "postgres", "-d", database, "-c", sql];
    const { code, stdout, output } = await this.compose("exec", "-T", node, ...psql);
    if (code !== 0) throw new Error(output);
    return stdout.trim();
  }

  /** Service → id and start time of each container that runs. */
  async running(): Promise<Readonly<Record<string, string>>> {
    const containers = await this.engine.listContainers();
    const own = containers.filter(({ Names }) => Names.some((name) => name.startsWith(`/${this.prefix}-`)));
    const inspected = await Promise.all(own.map(({ Id }) => this.engine.getContainer(Id).inspect()));
    return Object.fromEntries(
      inspected
        .map(({ Id, Name, State }) => [Name.slice(this.prefix.length + 2), `${Id} ${State.StartedAt}`] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  /** The application's way in, for writes and for reads. */
  urls(): { readonly writeUrl: string; readonly readUrl: string } {
    const { target, secrets } = JSON.parse(readFileSync(join(this.folder, "check.json"), "utf8")) as {
      readonly target: CheckTarget;
      readonly secrets: CheckSecrets;
    };
    const url = (route: string): string => `postgres://${target.appUser}:${secrets.app}@${target.accessHost}:${target.poolerPort}/${route}`;
    return { writeUrl: url(target.writeRoute), readUrl: url(target.readRoute) };
  }

  /** The generated passwords. */
  passwords(): readonly string[] {
    const { passwords } = parse(readFileSync(join(this.folder, "secrets/passwords.json"), "utf8")) as {
      readonly passwords: Readonly<Record<string, string>>;
    };
    return Object.values(passwords);
  }

  files(): readonly string[] {
    return readdirSync(this.folder, { recursive: true, encoding: "utf8" });
  }

  /** Removes everything that this project made, data volumes too, whatever state it is in. */
  async remove(): Promise<void> {
    await removeFromEngine(this.engine, `${this.prefix}-`, this.prefix);
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.#project, { recursive: true, force: true });
  }
}
