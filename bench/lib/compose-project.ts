import { randomBytes } from "node:crypto";
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { connectEngine } from "../../src/engine/connect.ts";
import { removeFromEngine, testPrefix } from "../../testing/deployment.ts";
import { freeBlock } from "../../testing/free-block.ts";
import type { FreeBlock } from "../../testing/free-block.ts";
import { run } from "../../testing/run.ts";
import type { Access } from "./access.ts";
import type { Images } from "./images.ts";

const baselines = fileURLToPath(new URL("../baselines", import.meta.url));
const engineHost = process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";

export type Baseline = "guide" | "tuned";

/** Most replicas that the hand-written files declare. */
export const maxBaselineReplicas = 3;

/** Longest `docker compose` command. */
const commandMs = 180_000;

let block: FreeBlock | undefined;

/** A hand-written Compose file, started in a copy of its folder with names, ports and passwords of its own. */
export class ComposeProject {
  readonly access: Access;
  readonly #name: string;
  readonly #folder: string;
  readonly #baseline: Baseline;
  readonly #replicas: number;

  private constructor(baseline: Baseline, replicas: number, images: Images, { ports, subnet }: FreeBlock) {
    this.#baseline = baseline;
    this.#replicas = replicas;
    this.#name = `${testPrefix}${randomBytes(3).toString("hex")}-${baseline}`;
    this.#folder = mkdtempSync(join(tmpdir(), `${this.#name}-`));
    const password = (): string => randomBytes(24).toString("base64url");
    const passwords = { app: password(), monitoring: password(), replication: password() };
    this.access = accessTo(ports, replicas, passwords);
    for (const part of [baseline, "shared"]) copyReadable(join(baselines, part), join(this.#folder, part));
    const variables = {
      POSTGRES_IMAGE: images.postgres,
      POOLER_IMAGE: images.pooler,
      POSTGRES_EXPORTER_IMAGE: images.postgresExporter,
      POOLER_EXPORTER_IMAGE: images.poolerExporter,
      SUBNET: subnet,
      POSTGRES_PORT: ports.postgres,
      ...Object.fromEntries(indexes(maxBaselineReplicas).map((index) => [`REPLICA${index}_PORT`, ports.postgres + index])),
      POOLER_PORT: ports.pooler,
      ...Object.fromEntries([0, ...indexes(maxBaselineReplicas)].map((index) => [`EXPORTER${index}_PORT`, ports.postgresExporter + index])),
      POOLER_EXPORTER_PORT: ports.poolerExporter,
      REPLICAS: replicas,
      APP_PASSWORD: passwords.app,
      MONITORING_PASSWORD: passwords.monitoring,
      REPLICATION_PASSWORD: passwords.replication,
    };
    const lines = Object.entries(variables).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(join(this.#folder, ".env"), lines.join(""), { mode: 0o600 });
  }

  static async create(baseline: Baseline, replicas: number, images: Images): Promise<ComposeProject> {
    if (replicas > maxBaselineReplicas) throw new Error(`the hand-written files declare ${maxBaselineReplicas} replicas`);
    // One after the other: the same ports and subnet do for all.
    block ??= await freeBlock();
    return new ComposeProject(baseline, replicas, images, block);
  }

  /** `docker compose up -d` with as many replicas as asked for. */
  async up(): Promise<void> {
    const numbers = indexes(this.#replicas);
    const services = [
      "primary",
      ...numbers.map((number) => `replica${number}`),
      "pgbouncer",
      "exporter-primary",
      ...numbers.map((number) => `exporter-replica${number}`),
      "exporter-pgbouncer",
    ];
    const { code, output } = await this.#compose("up", "--detach", ...services);
    if (code !== 0) throw new Error(`docker compose up failed:\n${output}`);
  }

  /** Containers, volumes, network and folder. */
  async remove(): Promise<void> {
    await removeFromEngine(await connectEngine(engineHost), this.#name, `${this.#name}_default`);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #compose(...args: readonly string[]): ReturnType<typeof run> {
    const files = ["shared", this.#baseline].flatMap((part) => ["--file", join(this.#folder, part, "compose.yaml")]);
    const common = ["--project-name", this.#name, "--env-file", join(this.#folder, ".env"), ...files];
    return run("docker", ["compose", ...common, ...args], { cwd: this.#folder, timeoutMs: commandMs });
  }
}

/** 1 … count. */
function indexes(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

function accessTo(ports: FreeBlock["ports"], replicas: number, passwords: { readonly app: string; readonly monitoring: string }): Access {
  return {
    host: "127.0.0.1",
    database: "app",
    app: { user: "app", password: passwords.app },
    monitoring: { user: "monitoring", password: passwords.monitoring },
    leaderPort: ports.postgres,
    replicas: indexes(replicas).map((index) => ({ name: `replica${index}`, port: ports.postgres + index })),
    poolerPort: ports.pooler,
    routes: { write: "app", read: "app_ro" },
    metrics: [
      ...[0, ...indexes(replicas)].map((index) => ({ port: ports.postgresExporter + index, name: "pg_up" }) as const),
      { port: ports.poolerExporter, name: "pgbouncer_up" },
    ],
  };
}

/** The containers' user reads these files, whatever the checkout's modes are. */
function copyReadable(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  chmodSync(to, 0o755);
  for (const entry of readdirSync(to)) chmodSync(join(to, entry), 0o644);
}
