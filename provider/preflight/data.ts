import type { Engine } from "../../src/engine/connect.ts";
import { lookIntoVolume } from "../../src/topology/look.ts";
import { leadershipPage } from "../../src/topology/words.ts";
import type { PreflightInputs } from "../../resources/preflight.ts";

interface NodeData {
  readonly name: string;
  readonly volume: string;
  /** Major version in the data directory; undefined when there is none. */
  readonly version: number | undefined;
  /** Whether it is not a replica's. */
  readonly isLeaders: boolean;
}

/** Compares data volumes of nodes that are new in this deployment with what it declares. */
export async function dataProblems(
  engine: Engine,
  before: PreflightInputs | undefined,
  wanted: PreflightInputs,
): Promise<readonly string[]> {
  const known = new Set(before?.nodes.map(({ name }) => name));
  const fresh = wanted.nodes.filter(({ name }) => !known.has(name));
  const found = await Promise.all(fresh.map((node) => dataOf(engine, node)));
  return [...versionProblems(found, wanted.major), ...(before === undefined ? leaderProblems(found, wanted.leader) : [])];
}

async function dataOf(engine: Engine, { name, dataVolume }: PreflightInputs["nodes"][number]): Promise<NodeData> {
  const { version, isLeaders = false } = (await lookIntoVolume(engine, dataVolume)) ?? {};
  return { name, volume: dataVolume, version, isLeaders };
}

function versionProblems(found: readonly NodeData[], major: number): readonly string[] {
  return found
    .filter(({ version }) => version !== undefined && version !== major)
    .map(
      ({ name, volume, version }) =>
        `pgstack:postgresVersion: the data volume ${volume} of ${name} holds PostgreSQL ${version}, declared is ${major}: set postgresVersion to ${version}. A major upgrade is not a change of version number`,
    );
}

/**
 * Volumes of an earlier cluster of this name. The node with a leader's data begins; without one, an empty node would begin a
 * second cluster, and of two it is not known which one has the newest rows.
 */
function leaderProblems(found: readonly NodeData[], wish: string | undefined): readonly string[] {
  const withData = found.filter(({ version }) => version !== undefined);
  const leaders = withData.filter(({ isLeaders }) => isLeaders).map(({ name }) => name);
  const text = (of: readonly NodeData[]): string => of.map(({ name, volume }) => `${volume} of ${name}`).join(", ");
  if (withData.length > 0 && leaders.length === 0)
    return [
      `pgstack: ${text(withData)} ${withData.length === 1 ? "holds" : "hold"} a replica's data, and no volume of this stack holds a leader's: ` +
        `put the volume of the node that led last back. If it is lost, a replica has to lead: ${leadershipPage}`,
    ];
  if (leaders.length > 1 && (wish === undefined || !leaders.includes(wish)))
    return [
      `pgstack:leader: ${leaders.join(" and ")} each hold a leader's data (${text(withData.filter(({ isLeaders }) => isLeaders))}): ` +
        `say which one led last: pulumi config set leader ${leaders.at(-1)}. The others are not started until their data is given up: ${leadershipPage}`,
    ];
  return [];
}
