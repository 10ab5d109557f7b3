import { randomBytes } from "node:crypto";

import { poll } from "../../src/deadline.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import { removeFromEngine, testPrefix } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";
import { ClientContainer } from "./client-container.ts";
import { initialise } from "./pgbench.ts";
import type { Target } from "./pgbench.ts";

export interface BareServerOptions {
  readonly image: string;
  readonly memoryMb: number;
  readonly shmMb: number;
  /** Settings on the server's command line, over those that initdb has written. */
  readonly settings: Readonly<Record<string, string>>;
}

const socket = "/tmp";

/** How long a server may take to accept connections, in milliseconds. */
const startMs = 60_000;

/** One PostgreSQL server in a container, without a network; pgbench runs in the same container and comes through its socket. */
export class BareServer {
  readonly client: ClientContainer;
  readonly #name: string;

  private constructor(name: string) {
    this.#name = name;
    this.client = ClientContainer.inside(name);
  }

  static async start({ image, memoryMb, shmMb, settings }: BareServerOptions): Promise<BareServer> {
    const name = `${testPrefix}${randomBytes(3).toString("hex")}-server`;
    const server = new BareServer(name);
    const script =
      'initdb --pgdata="$PGDATA" --username=postgres --data-checksums --encoding=UTF8 --locale=C.UTF-8 >/dev/null && exec postgres "$@"';
    const given = { ...settings, listen_addresses: "", unix_socket_directories: socket };
    const options = [
      "--name",
      name,
      "--network=none",
      `--memory=${memoryMb}m`,
      `--memory-swap=${memoryMb}m`,
      `--shm-size=${shmMb}m`,
      "--env=PGDATA=/var/lib/postgresql/data/pgdata",
      `--volume=${name}-data:/var/lib/postgresql/data`,
    ];
    const arguments_ = Object.entries(given).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    const { code, output } = await run("docker", ["run", "--detach", ...options, image, "bash", "-c", script, "postgres", ...arguments_]);
    try {
      if (code !== 0) throw new Error(`the server did not start:\n${output}`);
      await server.#answers();
    } catch (error) {
      await server.remove();
      throw error;
    }
    return server;
  }

  /** pgbench's tables in a database of their own. */
  async createDatabase(database: string, scale: number): Promise<void> {
    await this.sql(`create database ${database}`);
    await initialise(this.client, this.target(database), scale);
  }

  async sql(statement: string): Promise<void> {
    const { code, output } = await this.client.shell(`psql -XAtq -v ON_ERROR_STOP=1 -h ${socket} -U postgres -c '${statement}'`, 300_000);
    if (code !== 0) throw new Error(`${statement}: ${output}`);
  }

  target(database: string): Target {
    return { host: socket, port: 5432, database, user: "postgres", password: "unused" };
  }

  async remove(): Promise<void> {
    await removeFromEngine(await connectEngine(process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock"), this.#name, this.#name);
  }

  async #answers(): Promise<void> {
    const isUp = async (): Promise<true | undefined> =>
      (await this.client.shell(`pg_isready -q -h ${socket}`, 10_000)).code === 0 ? true : undefined;
    if ((await poll(isUp, { everyMs: 200, timeoutMs: startMs })) === undefined) throw new Error(`${this.#name} does not answer`);
  }
}
