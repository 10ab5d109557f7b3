import { setTimeout as sleep } from "node:timers/promises";

import { Deployment } from "../../testing/deployment.ts";
import { accessOf } from "../lib/access.ts";
import { withRemoval } from "../lib/clean-up.ts";
import { ComposeProject } from "../lib/compose-project.ts";
import type { Baseline } from "../lib/compose-project.ts";
import type { Images } from "../lib/images.ts";
import { prepareImages } from "../lib/images.ts";
import type { Figure, Outcome, Series } from "../lib/result.ts";
import { interleave, samplesOf } from "../lib/rounds.ts";
import type { Contestant } from "../lib/rounds.ts";
import type { Scenario, ScenarioOptions } from "../lib/scenario.ts";
import { pairedRatios } from "../lib/statistics.ts";
import { timed } from "../lib/timing.ts";
import { verify, whatIsVerified } from "../lib/verify.ts";

const sizes = [1, 3];

/** The shortest wait that guide 001 prescribes after `docker compose up -d`, in milliseconds. */
const prescribedWaitMs = 10_000;

const names = {
  pgstack: "pgstack, `pulumi up --skip-preview`",
  tuned: "Compose by hand, checks every 1 s",
  guide: "Compose as in the guides, checks every 10 s",
  waiting: "the same with the wait that a guide prescribes",
} as const;

/** From nothing to a verified cluster. */
export const deploy: Scenario = {
  name: "deploy",
  title: "From nothing to a verified cluster",
  defaults: { rounds: 5, loadS: 0 },
  method: [
    `Timed is everything from the start of the command until the verification has succeeded once: ${whatIsVerified}. ` +
      "The verification is the same program for all, begins when the command has ended, and tries every 50 ms.",
    "pgstack runs `pulumi up --skip-preview --yes` on a stack that was initialised before, with a file backend in a folder of its own. " +
      "Its own post-deploy check, which proves more than the verification does, is part of its time; reading the passwords from the " +
      "stack's outputs between `up` and the verification is not. The Compose files run `docker compose up -d`: a primary with the " +
      "guides' settings, replicas that clone it side by side, PgBouncer with a route for writes and one for reads, and exporters. " +
      "What needs the primary waits for its health check; nothing waits for a replica's. All contestants run the same images, which " +
      "are on the engine before, and the same set of containers: one server, one exporter for each node, one pooler and its exporter.",
  ],
  run,
};

async function run({ rounds, log }: ScenarioOptions): Promise<Outcome> {
  const images = await prepareImages(log);
  const contestants = sizes.flatMap((replicas) => [
    contestant(names.pgstack, replicas, () => deployStack(replicas)),
    contestant(names.tuned, replicas, () => deployCompose("tuned", replicas, images)),
    contestant(names.guide, replicas, () => deployCompose("guide", replicas, images)),
  ]);
  const waiting = contestant(names.waiting, 3, () => deployCompose("guide", 3, images, prescribedWaitMs));
  const series = await interleave([...contestants, waiting], { rounds, log });
  return { series, figures: figuresOf(series), tables: [], notes: [] };
}

const metricOf = (replicas: number): string => `${replicas} replica${replicas === 1 ? "" : "s"}`;

function contestant(name: string, replicas: number, measure: () => Promise<number>): Contestant {
  return { name, unit: "s", run: async () => ({ [metricOf(replicas)]: await measure() }) };
}

async function deployStack(replicas: number): Promise<number> {
  const made = await Deployment.create("production", { replicas: String(replicas) });
  return withRemoval(made, async (deployment) => {
    const up = await timed(() => deployment.up());
    const access = await accessOf(await deployment.outputs());
    const verification = await timed(() => verify(access));
    return up.seconds + verification.seconds;
  });
}

async function deployCompose(baseline: Baseline, replicas: number, images: Images, waitMs = 0): Promise<number> {
  return withRemoval(await ComposeProject.create(baseline, replicas, images), async (project) => {
    const { seconds } = await timed(async () => {
      await project.up();
      // Part of what is measured: the guide says so.
      if (waitMs > 0) await sleep(waitMs);
      await verify(project.access);
    });
    return seconds;
  });
}

function figuresOf(series: readonly Series[]): readonly Figure[] {
  const ratio = (replicas: number, baseline: string, bound: number): Figure => ({
    what: `${metricOf(replicas)}: pgstack against ${baseline}`,
    values: pairedRatios(samplesOf(series, names.pgstack, metricOf(replicas)), samplesOf(series, baseline, metricOf(replicas))),
    unit: "x",
    aim: { op: "<=", bound },
  });
  return sizes.toReversed().flatMap((replicas) => [ratio(replicas, names.tuned, 1), ratio(replicas, names.guide, 0.6)]);
}
