import { setTimeout as sleep } from "node:timers/promises";

import pg from "pg";

import { Deployment } from "../../testing/deployment.ts";
import { accessOf } from "../lib/access.ts";
import type { Access } from "../lib/access.ts";
import { withRemoval } from "../lib/clean-up.ts";
import { ClientContainer } from "../lib/client-container.ts";
import { prepareImages } from "../lib/images.ts";
import { initialise, pgbench } from "../lib/pgbench.ts";
import type { Target } from "../lib/pgbench.ts";
import type { Figure, Outcome, Series } from "../lib/result.ts";
import { interleave } from "../lib/rounds.ts";
import type { Measured } from "../lib/rounds.ts";
import type { Scenario, ScenarioOptions } from "../lib/scenario.ts";
import { percentile } from "../lib/statistics.ts";

const scale = 10;

/** Share of the most that the machine manages. */
const loadShare = 0.7;

/** How long the most that it manages is looked for, in seconds. */
const calibrationS = 5;

/** Between two heartbeats, in milliseconds. */
const beatEveryMs = 25;

/** Without a row for this long, the measurement ends, in milliseconds. */
const lostMs = 10_000;

const aims = { p50: 5, p99: 100 } as const;

/** How soon a committed row is read on a replica. */
export const visibility: Scenario = {
  name: "visibility",
  title: "Replication visibility under write load",
  defaults: { rounds: 3, loadS: 30 },
  method: [
    "A stack with 3 replicas and pgbench tables of scale 10. The most TPC-B that the machine manages with 10 clients through the pooler " +
      "is measured for 5 s in each round; then TPC-B runs at 70 % of that. Meanwhile, every 25 ms, a row is written on the leader. Each " +
      "replica has a session that waits for that row, looking every millisecond on the server. Timed is from the confirmation of the " +
      "commit at the writing client until the answer of the replica has reached it: what an application that reads its own write " +
      "would see, the answer's way back included. The load, the servers and this client share the machine's cores.",
  ],
  run,
};

async function run({ rounds, loadS, log }: ScenarioOptions): Promise<Outcome> {
  const images = await prepareImages(log);
  return withRemoval(await Deployment.create("production", { exporters: "false" }), async (deployment) => {
    await deployment.up();
    const outputs = await deployment.outputs();
    const access = await accessOf(outputs);
    const network = `pgstack-${deployment.stack}`;
    const client = await ClientContainer.start({ name: deployment.container("client"), image: images.postgres, network });
    const target: Target = { host: "pooler", port: 6432, database: access.database, ...access.app };
    await initialise(client, { ...target, host: "pg1", port: 5432 }, scale);
    await deployment.sql("pg1", waitFunction(access.app.user), access.database);
    const errors: number[] = [];
    const series = await interleave(
      [
        {
          name: "replicas under load",
          unit: "ms",
          run: async () => {
            const most = await pgbench(client, target, load, calibrationS);
            const rate = Math.max(1, Math.floor(most.tps * loadShare));
            const loading = pgbench(client, target, `${load} --rate=${rate}`, loadS);
            const [measured, { errors: failed, tps }] = await Promise.all([beat(access, loadS), loading]);
            errors.push(failed);
            log(`TPC-B: ${most.tps.toFixed(0)} tps at most, ${tps.toFixed(0)} tps meanwhile`);
            return measured;
          },
        },
      ],
      { rounds, log },
    );
    return { series, figures: [...figuresOf(series), errorFigure(errors)], tables: [], notes: [] };
  });
}

const load = "--client=10 --jobs=2 --builtin=tpcb-like";

/** In a volatile function each statement sees what was committed before it, so it can wait for a row. */
function waitFunction(user: string): string {
  return `
    create table bench_beat (id bigint primary key);
    grant insert, select on bench_beat to ${user};
    create function bench_wait(wanted bigint) returns void language plpgsql volatile as $$
    begin
      for attempt in 1..${lostMs} loop
        perform from bench_beat where id = wanted;
        if found then return; end if;
        perform pg_sleep(0.001);
      end loop;
      raise exception 'the row does not arrive';
    end $$;`;
}

/** Writes rows for a while and times each until every replica shows it. Milliseconds. */
async function beat(access: Access, seconds: number): Promise<Measured> {
  const connect = async (port: number): Promise<pg.Client> => {
    const client = new pg.Client({ host: access.host, port, database: access.database, ...access.app, ssl: false, query_timeout: lostMs });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };
  const leader = await connect(access.leaderPort);
  const replicas = await Promise.all(
    access.replicas.map(async ({ name, port }) => ({ name, client: await connect(port), ms: [] as number[] })),
  );
  try {
    const end = performance.now() + seconds * 1000;
    for (let id = Date.now(); performance.now() < end; id += 1) {
      const committed = Promise.withResolvers<number>();
      const waits = replicas.map(async ({ client, ms }) => {
        await client.query("select bench_wait($1)", [id]);
        // Read before the commit is confirmed: no wait at all.
        const seen = performance.now();
        ms.push(Math.max(0, seen - (await committed.promise)));
      });
      const write = leader.query("insert into bench_beat values ($1)", [id]).then(() => committed.resolve(performance.now()));
      await Promise.all([write, ...waits]);
      await sleep(beatEveryMs);
    }
  } finally {
    await Promise.all([leader, ...replicas.map(({ client }) => client)].map((client) => client.end().catch(() => undefined)));
  }
  return Object.fromEntries(
    replicas.flatMap(({ name, ms }) => [
      [`${name}, p50`, percentile(ms, 0.5)],
      [`${name}, p99`, percentile(ms, 0.99)],
    ]),
  );
}

function figuresOf(series: readonly Series[]): readonly Figure[] {
  return series
    .filter(({ samples }) => samples.length > 0)
    .map(({ metric, samples }) => ({
      what: metric,
      values: samples.map(({ value }) => value),
      unit: "ms",
      aim: { op: "<=", bound: metric.endsWith("p99") ? aims.p99 : aims.p50 },
    }));
}

function errorFigure(errors: readonly number[]): Figure {
  const total = errors.reduce((sum, count) => sum + count, 0);
  return { what: "errors of the load", values: errors.length === 0 ? [] : [total], unit: "errors", aim: { op: "<=", bound: 0 } };
}
