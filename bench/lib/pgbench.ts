import type { ClientContainer } from "./client-container.ts";

/** Where pgbench connects to. */
export interface Target {
  /** Host name, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

export interface PgbenchResult {
  readonly tps: number;
  /** Transactions that failed and clients that gave up. */
  readonly errors: number;
  /** The first message of an error. */
  readonly message: string | undefined;
}

/** How much longer than its run a pgbench may take, for connections at the start and at the end, in seconds. */
const graceS = 60;

/**
 * Runs pgbench.
 *
 * @param options - pgbench's own, without connection and time
 * @throws when it did not get as far as a result
 */
export async function pgbench(client: ClientContainer, target: Target, options: string, seconds: number): Promise<PgbenchResult> {
  const command = `pgbench --no-vacuum --time=${seconds} ${options}`;
  const { code, output } = await client.shell(`${environment(target)}\n${command}`, (seconds + graceS) * 1000);
  const result = parsePgbench(output);
  if (result === undefined) throw new Error(`pgbench ended with code ${code}:\n${output.slice(-2000)}`);
  return result;
}

/** Creates pgbench's tables; one unit of scale is about 15 MB. */
export async function initialise(client: ClientContainer, target: Target, scale: number): Promise<void> {
  const command = `pgbench --initialize --quiet --scale=${scale}`;
  const { code, output } = await client.shell(`${environment(target)}\n${command}`, 600_000);
  if (code !== 0) throw new Error(`pgbench could not create its tables:\n${output.slice(-2000)}`);
}

/** Connection settings as lines of shell; the values hold nothing that a shell reads. */
export function environment({ host, port, database, user, password }: Target): string {
  return `export PGHOST=${host} PGPORT=${port} PGDATABASE=${database} PGUSER=${user} PGPASSWORD=${password}`;
}

/** What pgbench has printed; undefined when there is no result in it. */
export function parsePgbench(output: string): PgbenchResult | undefined {
  const tps = /^tps = ([\d.]+)/m.exec(output)?.[1];
  if (tps === undefined) return undefined;
  const failed = Number(/^number of failed transactions: (\d+)/m.exec(output)?.[1] ?? 0);
  const gaveUp = output.match(/client \d+ (?:script \d+ )?aborted/g)?.length ?? 0;
  const message = /^pgbench: error: (.*)$/m.exec(output)?.[1];
  // A client that could not even connect ends the run without either count.
  return { tps: Number(tps), errors: failed + gaveUp + (message !== undefined && failed + gaveUp === 0 ? 1 : 0), message };
}
