import { Deployment } from "../../testing/deployment.ts";
import { Prometheus } from "../../testing/prometheus.ts";
import { run as runCommand } from "../../testing/run.ts";
import { poll } from "../../src/deadline.ts";
import { dashboardExpressions } from "../../src/monitoring/dashboards/dashboards.ts";
import { readExpression } from "../../src/promql/expression.ts";
import { fetchText } from "../../src/http.ts";
import { accessOf } from "../lib/access.ts";
import { withRemoval } from "../lib/clean-up.ts";
import { ClientContainer } from "../lib/client-container.ts";
import { prepareImages } from "../lib/images.ts";
import { initialise, pgbench } from "../lib/pgbench.ts";
import type { Target } from "../lib/pgbench.ts";
import { deadRules, publicSets, readScrape } from "../lib/public-rules.ts";
import type { Figure, Outcome, Series, Table } from "../lib/result.ts";
import { interleave, samplesOf } from "../lib/rounds.ts";
import type { Contestant } from "../lib/rounds.ts";
import type { Scenario, ScenarioOptions } from "../lib/scenario.ts";
import { pairedRatios } from "../lib/statistics.ts";

const names = { with: "with monitoring", without: "without monitoring" } as const;

const loads = [
  { what: "TPC-B", options: "--client=10 --jobs=2 --builtin=tpcb-like" },
  { what: "select-only", options: "--client=10 --jobs=2 --builtin=select-only" },
] as const;

/** How long an alert may take, in milliseconds. */
const alertWithinMs = 300_000;

/** What monitoring costs, how soon it tells, and whether it can tell at all. */
export const monitoring: Scenario = {
  name: "monitoring",
  title: "Monitoring: cost, time to an alert, dead expressions",
  defaults: { rounds: 3, loadS: 45 },
  method: [
    "A stack with 2 replicas, Prometheus and Alertmanager, every threshold and interval at its default. **Cost**: pgbench (scale 10, 10 " +
      "clients through the pooler) while everything is scraped every 15 s, against the same with exporters, Prometheus and Alertmanager " +
      "stopped; servers, load and monitoring share the machine's cores.",
    "**Time to an alert**: from the end of `docker stop` of a replica, and from the loss of a replica's stream while it runs, until Prometheus " +
      "says that the alert fires; both alerts must last for a minute by default. Notifications take another 30 s, in which Alertmanager gathers what belongs together.",
    "**Dead expressions**: every selector of pgstack's rules and every expression of its dashboards is asked of the running Prometheus. Rules and panels of public sets need the " +
      "metrics that `bench/data/public-rules.json` lists, with the commit of each set; they are looked up in a scrape of the same exporters with their default collectors.",
  ],
  run,
};

async function run({ rounds, loadS, log }: ScenarioOptions): Promise<Outcome> {
  const images = await prepareImages(log);
  const config = { replicas: "2", monitoring: { prometheus: true, alertmanager: {} } };
  return withRemoval(await Deployment.create("staging", config), async (deployment) => {
    await deployment.up();
    const outputs = await deployment.outputs();
    const access = await accessOf(outputs);
    const client = await ClientContainer.start({
      name: deployment.container("client"),
      image: images.postgres,
      network: `pgstack-${deployment.stack}`,
    });
    const target: Target = { host: "pooler", port: 6432, database: access.database, ...access.app };
    await initialise(client, { ...target, host: "pg1", port: 5432 }, 10);
    const prometheus = new Prometheus(outputs.check.target.monitoring?.prometheus.port ?? 0);
    await prometheus.settled(alertWithinMs);
    const memory = await memoryTable(deployment);
    const dead = await deadTable(deployment, prometheus);
    const cost = await interleave(costContestants(deployment, { client, target, loadS }), { rounds, log });
    await prometheus.settled(alertWithinMs);
    const told = await interleave(alertContestants(deployment, prometheus), { rounds, log });
    return { series: [...cost, ...told], figures: [...costFigures(cost), ...dead.figures], tables: [dead.table, memory], notes: [] };
  });
}

const watchers = [
  "pg1-exporter",
  "pg2-exporter",
  "pg3-exporter",
  "pgbouncer-1-exporter",
  "pgbouncer-2-exporter",
  "prometheus",
  "alertmanager",
] as const;

async function docker(...args: readonly string[]): Promise<string> {
  const { code, output } = await runCommand("docker", args);
  if (code !== 0) throw new Error(output);
  return output;
}

interface Load {
  readonly client: ClientContainer;
  readonly target: Target;
  readonly loadS: number;
}

function costContestants(deployment: Deployment, { client, target, loadS }: Load): readonly Contestant[] {
  const containers = watchers.map((service) => deployment.container(service));
  return loads.flatMap(({ what, options }) =>
    (["with", "without"] as const).map((which): Contestant => ({
      name: names[which],
      unit: "tps",
      run: async () => {
        await docker(which === "with" ? "start" : "stop", ...containers);
        await deployment.sql("pg1", "checkpoint;");
        const { tps, errors, message } = await pgbench(client, target, options, loadS);
        await docker("start", ...containers);
        if (errors > 0) throw new Error(`${errors} errors: ${message ?? ""}`);
        return { [what]: tps };
      },
    })),
  );
}

function costFigures(series: readonly Series[]): readonly Figure[] {
  return loads.map(({ what }) => ({
    what: `${what}: with monitoring against without`,
    values: pairedRatios(samplesOf(series, names.with, what), samplesOf(series, names.without, what)),
    unit: "x",
    aim: { op: ">=", bound: 0.98 },
  }));
}

interface Fault {
  readonly name: string;
  readonly alert: string;
  readonly node: string;
  readonly inject: () => Promise<unknown>;
  readonly repair: () => Promise<unknown>;
}

function alertContestants(deployment: Deployment, prometheus: Prometheus): readonly Contestant[] {
  const replica = deployment.container("pg3");
  const faults: readonly Fault[] = [
    {
      name: "replica stopped",
      alert: "PostgresDown",
      node: "pg3",
      inject: async () => docker("stop", "-t", "60", replica),
      repair: async () => docker("start", replica),
    },
    {
      name: "replica without a stream",
      alert: "ReplicaDisconnected",
      node: "pg2",
      inject: async () => {
        await deployment.sql("pg1", "alter role replicator nologin;");
        await deployment.sql("pg1", "select pg_terminate_backend(pid) from pg_stat_replication where application_name = 'pg2';");
      },
      repair: async () => deployment.sql("pg1", "alter role replicator login;"),
    },
  ];
  return faults.map(({ name, alert, node, inject, repair }) => ({
    name,
    unit: "s",
    run: async () => {
      const isFiring = async (): Promise<boolean> =>
        (await prometheus.alerts()).some(
          ({ state, labels }) => state === "firing" && labels["alertname"] === alert && labels["node"] === node,
        );
      await until(async () => (await prometheus.alerts()).length === 0, "alerts before the fault");
      await inject();
      const began = performance.now();
      try {
        await until(isFiring, `no alert ${alert}`);
        return { [`until ${alert} fires`]: (performance.now() - began) / 1000 };
      } finally {
        await repair();
      }
    },
  }));
}

async function until(holds: () => Promise<boolean>, otherwise: string): Promise<void> {
  const done = await poll(async () => ((await holds()) ? true : undefined), { everyMs: 500, timeoutMs: alertWithinMs });
  if (done === undefined) throw new Error(`${otherwise} after ${alertWithinMs / 1000} s`);
}

/** What each container of the monitoring uses, page cache left out. */
async function memoryTable(deployment: Deployment): Promise<Table> {
  const rows = await Promise.all(
    watchers.map(async (service) => {
      const stats = await deployment.engine.getContainer(deployment.container(service)).stats({ stream: false });
      const { usage, stats: details } = stats.memory_stats;
      const cache = details.inactive_file ?? details.total_inactive_file ?? 0;
      return [service, `${((usage - cache) / 1024 ** 2).toFixed(1)} MB`, `${(stats.memory_stats.limit / 1024 ** 2).toFixed(0)} MB`];
    }),
  );
  return { title: "Memory of the monitoring", head: ["container", "in use", "limit"], rows };
}

interface Dead {
  readonly table: Table;
  readonly figures: readonly Figure[];
}

/** Expressions that can give nothing, of pgstack and of public sets. */
async function deadTable(deployment: Deployment, prometheus: Prometheus): Promise<Dead> {
  const isEmpty = async (expr: string): Promise<boolean> => (await prometheus.query(expr)).length === 0;
  const rules = await prometheus.rules();
  const deadOwnRules: string[] = [];
  for (const { name, query } of rules) {
    const empty = await Promise.all(readExpression(query).selectors.map(isEmpty));
    if (empty.some(Boolean)) deadOwnRules.push(name);
  }
  const panels = dashboardExpressions({ stack: deployment.stack, node: "pg1|pg2|pg3", rateInterval: "1m" });
  const deadPanels = [];
  for (const { panel, expr, mayBeEmpty } of panels) if (!mayBeEmpty && (await isEmpty(expr))) deadPanels.push(panel);
  const scrape = readScrape(await defaultScrape(deployment));
  const poolerScrape = readScrape(await scrapeOf(deployment, "pgbouncer-1-exporter", 9127));
  const others = publicSets.map((set) => {
    const dead = deadRules(set.rules, [...scrape, ...poolerScrape]);
    return [
      `${set.name}, ${set.repository}@${set.commit.slice(0, 10)}`,
      String(set.rules.length),
      String(dead.length),
      dead.map(({ rule }) => rule).join(", "),
    ];
  });
  const total = deadOwnRules.length + deadPanels.length;
  return {
    table: {
      title: "Expressions that can never give anything, on PostgreSQL 17 and postgres_exporter 0.17.1",
      head: ["set", "expressions", "dead", "which"],
      rows: [
        ["pgstack's alerts", String(rules.length), String(deadOwnRules.length), deadOwnRules.join(", ")],
        ["pgstack's dashboards", String(panels.length), String(deadPanels.length), deadPanels.join(", ")],
        ...others,
      ],
    },
    figures: [{ what: "dead expressions of pgstack", values: [total], unit: "errors", aim: { op: "<=", bound: 0 } }],
  };
}

/** Metrics of postgres_exporter with its default collectors and settings, as the public sets expect them. */
async function defaultScrape(deployment: Deployment): Promise<string> {
  const container = deployment.container("pg1-exporter");
  const name = deployment.container("default-exporter");
  const { Image, HostConfig, Config } = await deployment.engine.getContainer(container).inspect();
  const made = await deployment.engine.createContainer({
    name,
    Image,
    Cmd: ["/usr/bin/prometheus-postgres-exporter"],
    Env: Config.Env,
    HostConfig: { ...(HostConfig.Mounts === undefined ? {} : { Mounts: HostConfig.Mounts }), NetworkMode: `pgstack-${deployment.stack}` },
  });
  try {
    await made.start();
    return await untilUp(async () => scrapeOf(deployment, "default-exporter", 9187));
  } finally {
    await made.remove({ force: true });
  }
}

async function untilUp(attempt: () => Promise<string>): Promise<string> {
  const text = await poll(
    async () => {
      const answer = await attempt().catch(() => "");
      return /^pg_up 1/m.test(answer) ? answer : undefined;
    },
    { everyMs: 500, timeoutMs: 30_000 },
  );
  if (text === undefined) throw new Error("an exporter with default collectors does not answer");
  return text;
}

/** Metrics of an exporter, asked by its address in the cluster's network. */
async function scrapeOf(deployment: Deployment, service: string, port: number): Promise<string> {
  const { NetworkSettings } = await deployment.engine.getContainer(deployment.container(service)).inspect();
  const host = NetworkSettings.Networks[`pgstack-${deployment.stack}`]?.IPAddress ?? "";
  return fetchText({ host, port }, "/metrics", { signal: AbortSignal.timeout(10_000) });
}
