import { BareServer } from "../lib/bare-server.ts";
import { withRemoval } from "../lib/clean-up.ts";
import { planOf, prepareImages } from "../lib/images.ts";
import { pgbench } from "../lib/pgbench.ts";
import type { Figure, Outcome, Series } from "../lib/result.ts";
import { interleave, samplesOf } from "../lib/rounds.ts";
import type { Contestant } from "../lib/rounds.ts";
import type { Scenario, ScenarioOptions } from "../lib/scenario.ts";
import { pairedRatios } from "../lib/statistics.ts";

/** Memory of each server; a quarter of it becomes shared_buffers. */
const memory = "2GB";

const sizes = [
  { database: "below", scale: 20, what: "300 MB (below shared_buffers)" },
  { database: "above", scale: 60, what: "900 MB (above shared_buffers)" },
] as const;

const scripts = [
  { builtin: "tpcb-like", what: "TPC-B", bound: 1.2 },
  { builtin: "simple-update", what: "simple update", bound: 0.98 },
  { builtin: "select-only", what: "select-only", bound: 0.98 },
] as const;

const names = { tuned: "pgstack's settings", defaults: "PostgreSQL's defaults" } as const;

/** What the settings give. */
export const tuning: Scenario = {
  name: "tuning",
  title: "pgstack's settings against PostgreSQL's defaults",
  defaults: { rounds: 3, loadS: 60 },
  method: [
    "Two servers from pgstack's image, each with a limit of 2 GB, data checksums and a volume of its own: one with every setting that " +
      "pgstack renders for a leader of that size (shared_buffers 512 MB), one with what initdb writes (128 MB). Both keep fsync and " +
      "synchronous commit. pgbench runs in the server's container through its socket, with 10 clients, in databases of 300 MB and " +
      "900 MB. Before each run the server makes a checkpoint, so that none pays for another's writes. Runs are short against " +
      "`checkpoint_timeout`: what larger `max_wal_size` saves over hours shows only in part.",
  ],
  run,
};

async function run({ rounds, loadS, log }: ScenarioOptions): Promise<Outcome> {
  const images = await prepareImages(log);
  const [leader] = planOf({ memory, replicas: "0" }).nodes;
  if (leader === undefined) throw new Error("a plan without a node");
  const settings = Object.fromEntries(
    leader.settings.filter(({ section }) => section !== "this node").map(({ name, value }) => [name, value] as const),
  );
  const common = { image: images.postgres, memoryMb: leader.memoryMb, shmMb: leader.shmMb };
  return withRemoval(await BareServer.start({ ...common, settings }), async (tuned) =>
    withRemoval(await BareServer.start({ ...common, settings: {} }), async (defaults) => {
      log("creating pgbench's tables on both servers (not measured)");
      for (const { database, scale } of sizes) for (const server of [tuned, defaults]) await server.createDatabase(database, scale);
      const series = await interleave(contestants({ tuned, defaults }, loadS), { rounds, log });
      return { series, figures: figuresOf(series), tables: [], notes: [] };
    }),
  );
}

const metricOf = (script: string, size: string): string => `${script}, ${size}`;

function contestants(servers: Readonly<Record<keyof typeof names, BareServer>>, loadS: number): readonly Contestant[] {
  return sizes.flatMap((size) =>
    scripts.flatMap((script) =>
      (["tuned", "defaults"] as const).map((which): Contestant => ({
        name: names[which],
        unit: "tps",
        run: async () => {
          const server = servers[which];
          await server.sql("checkpoint");
          const options = `--builtin=${script.builtin} --client=10 --jobs=2`;
          const { tps, errors, message } = await pgbench(server.client, server.target(size.database), options, loadS);
          if (errors > 0) throw new Error(`${errors} errors: ${message ?? ""}`);
          return { [metricOf(script.what, size.what)]: tps };
        },
      })),
    ),
  );
}

function figuresOf(series: readonly Series[]): readonly Figure[] {
  return sizes.flatMap((size) =>
    scripts.map((script): Figure => {
      const metric = metricOf(script.what, size.what);
      return {
        what: `${metric}: pgstack's settings against defaults`,
        values: pairedRatios(samplesOf(series, names.tuned, metric), samplesOf(series, names.defaults, metric)),
        unit: "x",
        aim: { op: ">=", bound: script.bound },
      };
    }),
  );
}
