import { connectEngine, greetEngine, isUnreachable } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { UserError } from "../../src/errors.ts";
import { dataProblems } from "../preflight/data.ts";
import { fixedProblems } from "../preflight/fixed.ts";
import { currentLeadership, leadershipWorld } from "../preflight/leadership.ts";
import { nameProblems, sizeProblems, subnetProblems } from "../preflight/engine.ts";
import { preflightInputs } from "../../resources/preflight.ts";
import { portProblems } from "../preflight/ports.ts";
import { strangerProblems } from "../preflight/strangers.ts";
import { removalProblems } from "../preflight/removal.ts";
import type { PreflightInputs } from "../../resources/preflight.ts";
import { parseInputs } from "../inputs.ts";
import type { Context, Kind } from "../kind.ts";
import { rememberTopology } from "../topology.ts";

/**
 * Refuses, before anything changes, what cannot work on this engine or would contradict existing data. Everything else depends
 * on it. What was right when the cluster was created is not checked on every run. Only changes are, and what changes by itself:
 * who leads, and which containers of others are in the network.
 */
export const preflight: Kind = {
  check: async (context, olds, news) => {
    const wanted = parseInputs(preflightInputs, news);
    const before = olds === undefined ? undefined : parseInputs(preflightInputs, olds);
    const reasons = [...contextProblems(), ...(before === undefined ? [] : fixedProblems(before, wanted))];
    // Another engine, or another name on it, cannot be compared with this one.
    const isElsewhere = before?.host !== wanted.host || before.prefix !== wanted.prefix;
    if (reasons.length > 0 && (isElsewhere || contextProblems().length > 0)) return reasons;
    const isSame = unchanged(before, wanted);
    try {
      return await seenProblems(context, before, wanted, reasons);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      context.log(
        "warning",
        `the Docker engine at ${wanted.host} cannot be reached (${(error as Error).message}): ${isSame ? "" : "its memory, networks, ports and data volumes, and "}which node leads, are not checked in this preview`,
      );
      return reasons;
    }
  },

  apply: async (_context, properties) => {
    const { host } = parseInputs(preflightInputs, properties);
    try {
      const { ID, ServerVersion } = await greetEngine(await connectEngine(host));
      return { engineId: ID, engineVersion: ServerVersion };
    } catch (error) {
      throw new UserError([
        {
          where: "pgstack:dockerHost",
          problem: `the Docker engine at ${host} cannot be reached: ${(error as Error).message}`,
          fix: "start the engine (`make setup` does on Debian), or set dockerHost to one that runs",
        },
      ]);
    }
  },
};

function contextProblems(): readonly string[] {
  const context = process.env["DOCKER_CONTEXT"];
  if (context === undefined || context === "") return [];
  return [
    `DOCKER_CONTEXT is set (${context}) and would win over pgstack:dockerHost: unset it, and name the engine with \`pulumi config set dockerHost …\``,
  ];
}

/** Problems that the engine and the nodes show, in addition to those found already. */
async function seenProblems(
  context: Context,
  before: PreflightInputs | undefined,
  wanted: PreflightInputs,
  reasons: readonly string[],
): Promise<readonly string[]> {
  const engine = await connectEngine(wanted.host);
  const isSame = unchanged(before, wanted);
  if (!isSame) await greetEngine(engine);
  const [leadership, strangers] = await Promise.all([
    before === undefined ? [] : leadershipReasons(context, engine, before, wanted),
    strangerProblems(engine, wanted),
  ]);
  const early = [...reasons, ...leadership, ...strangers];
  if (isSame || early.length > 0) return early;
  return [...(await engineProblems(engine, before, wanted)), ...(await removalProblems(context, before, wanted))];
}

/** Later decisions of this run need not ask all nodes again. */
async function leadershipReasons(
  context: Context,
  engine: Engine,
  before: PreflightInputs,
  wanted: PreflightInputs,
): Promise<readonly string[]> {
  const { problems, seen } = await currentLeadership(context, leadershipWorld(engine, wanted.prefix), before, wanted);
  rememberTopology(wanted.prefix, seen);
  return problems;
}

function unchanged(before: PreflightInputs | undefined, wanted: PreflightInputs): boolean {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(wanted);
}

async function engineProblems(engine: Engine, before: PreflightInputs | undefined, wanted: PreflightInputs): Promise<readonly string[]> {
  const groups = await Promise.all([
    sizeProblems(engine, wanted),
    portProblems(engine, before, wanted),
    dataProblems(engine, before, wanted),
    ...(before === undefined ? [subnetProblems(engine, wanted), nameProblems(engine, wanted)] : []),
  ]);
  return groups.flat();
}
