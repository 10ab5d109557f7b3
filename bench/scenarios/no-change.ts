import { Deployment } from "../../testing/deployment.ts";
import { Bundle } from "../lib/bundle.ts";
import { withRemoval } from "../lib/clean-up.ts";
import { EmptyProgram } from "../lib/empty-program.ts";
import { prepareImages } from "../lib/images.ts";
import type { Figure, Outcome, Series } from "../lib/result.ts";
import { interleave, samplesOf } from "../lib/rounds.ts";
import type { Contestant } from "../lib/rounds.ts";
import type { Scenario, ScenarioOptions } from "../lib/scenario.ts";
import { pairedRatios } from "../lib/statistics.ts";
import { timed } from "../lib/timing.ts";

const replicas = 3;

const names = { pgstack: "pgstack, 3 replicas", empty: "an empty Pulumi program", bundle: "the Compose bundle, 3 replicas" } as const;
const metrics = { preview: "no-change preview", up: "no-change up" } as const;

/** Flags of both Pulumi contestants: a change would be a failure. */
const upFlags = ["--yes", "--skip-preview", "--expect-no-changes"];

/** What a run costs that has nothing to do. */
export const noChange: Scenario = {
  name: "no-change",
  title: "Nothing to do: preview and up without a change",
  defaults: { rounds: 10, loadS: 0 },
  method: [
    "A stack with 3 replicas, an empty Pulumi program and the stack's Compose bundle (`./pgstack render`) are deployed once, before " +
      "anything is timed, and stay up side by side. Then `pulumi preview --expect-no-changes`, `pulumi up --yes --skip-preview " +
      "--expect-no-changes` and, for the bundle, `docker compose up -d` take turns, each timed from start to end of the command.",
    "The empty program loads the Pulumi SDK, declares nothing and takes the same measures for a fast start as pgstack's entry point. " +
      "What pgstack's preview does beyond it is the program, the comparison of every resource and a live probe of the whole cluster; " +
      "the bundle's `up` compares containers, copies config that differs and proves that every replica follows.",
  ],
  run,
};

async function run({ rounds, log }: ScenarioOptions): Promise<Outcome> {
  await prepareImages(log);
  return withRemoval(await Deployment.create("production", { replicas: String(replicas) }), async (deployment) => {
    await deployment.up();
    return withRemoval(await EmptyProgram.create(), async (empty) => {
      const bundle = await Bundle.create(replicas);
      const measure = (): Promise<Outcome> => measureAll({ deployment, empty, bundle }, { rounds, log });
      if (bundle === undefined) return measure();
      return withRemoval(bundle, async () => {
        await bundle.up("--wait");
        return measure();
      });
    });
  });
}

interface Contestants {
  readonly deployment: Deployment;
  readonly empty: EmptyProgram;
  readonly bundle: Bundle | undefined;
}

async function measureAll({ deployment, empty, bundle }: Contestants, options: Pick<ScenarioOptions, "rounds" | "log">): Promise<Outcome> {
  const one = (name: string, metric: string, work: () => Promise<unknown>): Contestant => ({
    name,
    unit: "s",
    run: async () => ({ [metric]: (await timed(work)).seconds }),
  });
  const stack = ["--stack", deployment.stack];
  const series = await interleave(
    [
      one(names.pgstack, metrics.preview, () => succeeded(deployment, "preview", ...stack, "--expect-no-changes")),
      one(names.empty, metrics.preview, () => empty.pulumi("preview", "--expect-no-changes")),
      one(names.pgstack, metrics.up, () => succeeded(deployment, "up", ...stack, ...upFlags)),
      one(names.empty, metrics.up, () => empty.pulumi("up", ...upFlags)),
      ...(bundle === undefined ? [] : [one(names.bundle, metrics.up, () => bundle.up())]),
    ],
    options,
  );
  const notes = bundle === undefined ? ["The Compose bundle was left out: this checkout has no `./pgstack render`."] : [];
  return { series, figures: figuresOf(series), tables: [], notes };
}

async function succeeded(deployment: Deployment, ...args: readonly string[]): Promise<void> {
  const { code, output } = await deployment.pulumi(...args);
  if (code !== 0) throw new Error(`pulumi ${args[0] ?? ""} failed:\n${output}`);
}

function figuresOf(series: readonly Series[]): readonly Figure[] {
  const ratio = (metric: string, baseline: string, bound?: number): Figure => ({
    what: `${metric}: pgstack against ${baseline}`,
    values: pairedRatios(samplesOf(series, names.pgstack, metric), samplesOf(series, baseline, metric)),
    unit: "x",
    aim: bound === undefined ? undefined : { op: "<=", bound },
  });
  return [ratio(metrics.preview, names.empty, 1.5), ratio(metrics.up, names.empty), ratio(metrics.up, names.bundle)];
}
