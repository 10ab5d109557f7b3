import { Deployment } from "../../testing/deployment.ts";
import { withRemoval } from "../lib/clean-up.ts";
import { prepareImages } from "../lib/images.ts";
import { formatNumber } from "../lib/markdown.ts";
import type { Figure, Outcome, Series, Table } from "../lib/result.ts";
import { interleave } from "../lib/rounds.ts";
import type { Measured } from "../lib/rounds.ts";
import type { Scenario, ScenarioOptions } from "../lib/scenario.ts";
import { fitLine, median } from "../lib/statistics.ts";
import { timed } from "../lib/timing.ts";

const sizes = [1, 2, 4, 8];

/** Small nodes, so that nine of them fit on a machine with 8 GB. */
const memory = "512MB";

const metrics = ["cold up", "no-change preview", "no-change up"] as const;

/** Largest growth per added replica, in milliseconds. */
const aimsMs: Readonly<Record<(typeof metrics)[number], number>> = { "cold up": 1000, "no-change preview": 20, "no-change up": 20 };

/** What another replica costs. */
export const growth: Scenario = {
  name: "growth",
  title: "How it grows with the number of replicas",
  defaults: { rounds: 3, loadS: 0 },
  method: [
    "Stacks with 1, 2, 4 and 8 replicas of 512 MB each take turns: `pulumi up --skip-preview` from nothing, then one preview and one " +
      "`up` without a change. The growth is the slope of a straight line through the four sizes of a round, by least squares.",
  ],
  run,
};

async function run({ rounds, log }: ScenarioOptions): Promise<Outcome> {
  await prepareImages(log);
  const series = await interleave(
    sizes.map((replicas) => ({ name: nameOf(replicas), unit: "s" as const, run: () => measure(replicas) })),
    { rounds, log },
  );
  return { series, figures: metrics.map((metric) => figureOf(series, metric)), tables: [linesTable(series)], notes: [] };
}

const nameOf = (replicas: number): string => `${replicas} replica${replicas === 1 ? "" : "s"}`;

async function measure(replicas: number): Promise<Measured> {
  return withRemoval(await Deployment.create("production", { replicas: String(replicas), memory }), async (stack) => {
    const cold = await timed(() => stack.up());
    const preview = await timed(() => stack.preview("--expect-no-changes"));
    const up = await timed(() => stack.up("--expect-no-changes"));
    if (preview.result.code !== 0) throw new Error(`the preview failed or shows a change:\n${preview.result.output}`);
    return { "cold up": cold.seconds, "no-change preview": preview.seconds, "no-change up": up.seconds };
  });
}

/** One slope per round in which every size succeeded. */
function figureOf(series: readonly Series[], metric: (typeof metrics)[number]): Figure {
  const points = pointsOf(series, metric);
  const rounds = [...new Set(points.map(({ round }) => round))];
  const complete = rounds.map((round) => points.filter((point) => point.round === round)).filter((of) => of.length === sizes.length);
  return {
    what: `${metric}: added by one more replica`,
    values: complete.map((of) => fitLine(of).slope * 1000),
    unit: "ms",
    aim: { op: "<=", bound: aimsMs[metric] },
  };
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly round: number;
}

function pointsOf(series: readonly Series[], metric: string): readonly Point[] {
  return sizes.flatMap((replicas) => {
    const own = series.find(({ contestant, metric: of }) => contestant === nameOf(replicas) && of === metric);
    return (own?.samples ?? []).map(({ round, value }) => ({ x: replicas, y: value, round }));
  });
}

function linesTable(series: readonly Series[]): Table {
  const rows = metrics.flatMap((metric) => {
    const points = pointsOf(series, metric);
    const medians = sizes.flatMap((x) => {
      const values = points.filter((point) => point.x === x).map(({ y }) => y);
      return values.length === 0 ? [] : [{ x, y: median(values) }];
    });
    if (medians.length < 2) return [];
    const { slope, intercept, r2 } = fitLine(medians);
    return [[metric, `${formatNumber(intercept)} s`, `${formatNumber(slope * 1000)} ms`, r2.toFixed(3)]];
  });
  return { title: "The line through the medians", head: ["", "without replicas", "per replica", "R²"], rows };
}
