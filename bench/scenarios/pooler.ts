import { poll } from "../../src/deadline.ts";
import { readVolumeFiles, writeVolumeFiles } from "../../src/engine/volume-files.ts";
import { Deployment } from "../../testing/deployment.ts";
import { run as runCommand } from "../../testing/run.ts";
import { withRemoval } from "../lib/clean-up.ts";
import { ClientContainer } from "../lib/client-container.ts";
import type { Images } from "../lib/images.ts";
import { prepareImages } from "../lib/images.ts";
import { initialise, pgbench } from "../lib/pgbench.ts";
import type { Target } from "../lib/pgbench.ts";
import type { Figure, Outcome, Series } from "../lib/result.ts";
import { interleave, samplesOf } from "../lib/rounds.ts";
import type { Contestant } from "../lib/rounds.ts";
import type { Scenario, ScenarioOptions } from "../lib/scenario.ts";
import { pairedRatios } from "../lib/statistics.ts";

/** pgbench's scale: about 150 MB. */
const scale = 10;

const names = {
  pooler: "pgstack's pooler",
  direct: "the leader, directly",
  plaintext: "the same pooler, passwords in its user list",
} as const;
const metrics = {
  reconnect: "new connection for each query, 20 clients",
  few: "select-only, 20 clients",
  many: "select-only, 1000 clients",
  simple: "select-only, 200 clients",
  prepared: "select-only, 200 clients, prepared statements",
} as const;

/** What the pooler gives. */
export const pooler: Scenario = {
  name: "pooler",
  title: "The pooler: reconnecting clients, a thousand clients, prepared statements",
  defaults: { rounds: 5, loadS: 10 },
  method: [
    "A staging stack (25 server connections) with pgbench tables of scale 10. pgbench runs from the PostgreSQL image in a container on the " +
      "stack's own network, so nothing is between it and the servers; it shares the machine with them. Clients that connect again for " +
      "each query (`-C`, `select 1`) go to the leader, to the pooler, and to a second pooler that differs in one thing: its user list " +
      "holds passwords in clear instead of SCRAM verifiers. All others keep their connections and run select-only in transaction mode.",
    "An error is a failed transaction or a client that gave up, in any run of the whole scenario.",
  ],
  run,
};

interface Bench {
  readonly client: ClientContainer;
  readonly targets: Readonly<Record<keyof typeof names, Target>>;
  readonly loadS: number;
  /** Errors by metric. */
  readonly errors: Map<string, number>;
}

async function run({ rounds, loadS, log }: ScenarioOptions): Promise<Outcome> {
  const images = await prepareImages(log);
  // Room for the exporter in addition to a thousand clients.
  const stack = await Deployment.create("staging", { pooler: { mode: "transaction", maxClients: 1100, poolSize: 25, reserveSize: 5 } });
  return withRemoval(stack, async (deployment) => {
    await deployment.up();
    const { secrets } = (await deployment.outputs()).check;
    const network = `pgstack-${deployment.stack}`;
    const login = { database: "app", user: "app", password: secrets.app };
    const targets = {
      direct: { ...login, host: "pg1", port: 5432 },
      pooler: { ...login, host: "pooler", port: 6432 },
      plaintext: { ...login, host: deployment.container("plaintext"), port: 6432 },
    };
    const client = await ClientContainer.start({ name: deployment.container("client"), image: images.postgres, network });
    await startPlaintext(deployment, images, network, secrets);
    await reaches(client, targets.plaintext);
    log("creating pgbench's tables (not measured)");
    await initialise(client, targets.direct, scale);
    const bench: Bench = { client, targets, loadS, errors: new Map() };
    const series = await interleave(contestants(bench), { rounds, log });
    return { series, figures: [...ratios(series), ...errorFigures(bench)], tables: [], notes: [] };
  });
}

function contestants(bench: Bench): readonly Contestant[] {
  const reconnecting = "--connect --client=20 --jobs=2 --file=/tmp/one.sql";
  const reading = (clients: number, more = ""): string => `--select-only --client=${clients} --jobs=2 ${more}`;
  return [
    contestant(bench, "direct", metrics.reconnect, reconnecting),
    contestant(bench, "pooler", metrics.reconnect, reconnecting),
    contestant(bench, "plaintext", metrics.reconnect, reconnecting),
    contestant(bench, "pooler", metrics.few, reading(20)),
    contestant(bench, "pooler", metrics.many, reading(1000)),
    contestant(bench, "pooler", metrics.simple, reading(200)),
    contestant(bench, "pooler", metrics.prepared, reading(200, "--protocol=prepared")),
  ];
}

function contestant({ client, targets, loadS, errors }: Bench, at: keyof typeof names, metric: string, options: string): Contestant {
  return {
    name: names[at],
    unit: "tps",
    run: async () => {
      await client.shell("echo 'select 1;' >/tmp/one.sql", 10_000);
      const result = await pgbench(client, targets[at], options, loadS);
      errors.set(metric, (errors.get(metric) ?? 0) + (at === "pooler" ? result.errors : 0));
      return { [metric]: result.tps };
    },
  };
}

/** A process of the pooler with the very same settings, whose user list has passwords in clear. */
async function startPlaintext(
  deployment: Deployment,
  images: Images,
  network: string,
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  const { engine } = deployment;
  const prefix = `pgstack-${deployment.stack}`;
  const files = await readVolumeFiles(engine, `${prefix}-pooler-config`, images.pooler);
  const [ini, process, routes] = ["pgbouncer.ini", "process-1.ini", "routes-1.ini"].map((path) => files?.get(path));
  if (ini === undefined || process === undefined || routes === undefined) throw new Error("the pooler's files were not found");
  const users = ["app", "monitoring", "pgbouncer"].map((role) => `"${role}" "${secrets[role] ?? ""}"\n`);
  const volume = `${prefix}-plaintext-config`;
  await engine.createVolume({ Name: volume });
  await writeVolumeFiles(engine, volume, images.pooler, [
    // It opens its port itself.
    { ...ini, path: "common.ini", content: ini.content.replace(/^listen_addr =.*$/m, "listen_addr = *") },
    { ...process, path: "pgbouncer.ini", content: process.content.replace(/^(%include .*)pgbouncer\.ini$/m, "$1common.ini") },
    { ...routes, path: "routes-1.ini" },
    { path: "userlist.txt", content: users.join(""), mode: 0o400 },
  ]);
  const name = deployment.container("plaintext");
  const options = ["--name", name, "--network", network, "--volume", `${volume}:/etc/pgstack:ro`, "--ulimit", "nofile=16384:16384"];
  const { code, output } = await runCommand("docker", ["run", "--detach", ...options, images.pooler]);
  if (code !== 0) throw new Error(`the second pooler did not start:\n${output}`);
}

/** Waits until a server answers a query. */
async function reaches(client: ClientContainer, { host, port, database, user, password }: Target): Promise<void> {
  const script = `PGPASSWORD=${password} psql -XAtqc 'select 1' 'host=${host} port=${port} dbname=${database} user=${user} connect_timeout=2'`;
  const answer = await poll(async () => ((await client.shell(script, 10_000)).code === 0 ? true : undefined), {
    everyMs: 100,
    timeoutMs: 20_000,
  });
  if (answer === undefined) throw new Error(`${host} does not answer`);
}

function ratios(series: readonly Series[]): readonly Figure[] {
  const ratio = (what: string, [name, metric]: readonly string[], [baseName, baseMetric]: readonly string[], bound?: number): Figure => ({
    what,
    values: pairedRatios(samplesOf(series, name ?? "", metric ?? ""), samplesOf(series, baseName ?? "", baseMetric ?? "")),
    unit: "x",
    aim: bound === undefined ? undefined : { op: ">=", bound },
  });
  const { pooler: own, direct, plaintext } = names;
  const { reconnect, few, many, simple, prepared } = metrics;
  return [
    ratio("reconnecting clients: pooler against direct", [own, reconnect], [direct, reconnect], 1.6),
    ratio("reconnecting clients: pooler against passwords in its user list", [own, reconnect], [plaintext, reconnect]),
    ratio("1000 clients on 25 connections against 20 clients", [own, many], [own, few], 0.95),
    ratio("prepared statements against simple ones, 200 clients", [own, prepared], [own, simple]),
  ];
}

function errorFigures({ errors }: Bench): readonly Figure[] {
  const count = (metric: string): Figure => ({
    what: `errors: ${metric}`,
    values: errors.has(metric) ? [errors.get(metric) ?? 0] : [],
    unit: "errors",
    aim: { op: "<=", bound: 0 },
  });
  return [count(metrics.reconnect), count(metrics.many), count(metrics.prepared)];
}
