import type { Engine } from "../../src/engine/connect.ts";
import { readVolumeFile } from "../../src/engine/volume-files.ts";
import { leadershipPage } from "../../src/leadership/words.ts";
import type { PreflightInputs } from "./inputs.ts";

interface NodeData {
  readonly name: string;
  readonly role: "leader" | "replica";
  readonly volume: string;
  /** Major version in the data directory; undefined when there is none. */
  readonly version: number | undefined;
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
  return [...versionProblems(found, wanted.major), ...(before === undefined ? leaderProblems(found) : [])];
}

async function dataOf(engine: Engine, { name, role, dataVolume }: PreflightInputs["nodes"][number]): Promise<NodeData> {
  // Any image works: the container that reads the volume is never started.
  const [image] = await engine.listImages();
  const text = image === undefined ? undefined : await readVolumeFile(engine, dataVolume, image.Id, "pgdata/PG_VERSION");
  return { name, role, volume: dataVolume, version: text === undefined ? undefined : Number(text.trim()) };
}

function versionProblems(found: readonly NodeData[], major: number): readonly string[] {
  return found
    .filter(({ version }) => version !== undefined && version !== major)
    .map(
      ({ name, volume, version }) =>
        `pgstack:postgresVersion: the data volume ${volume} of ${name} holds PostgreSQL ${version}, declared is ${major}: set postgresVersion to ${version}. A major upgrade is not a change of version number`,
    );
}

/** A leader without data, while replicas have data, would start a second, empty cluster. */
function leaderProblems(found: readonly NodeData[]): readonly string[] {
  const leader = found.find(({ role }) => role === "leader");
  const withData = found.filter(({ version }) => version !== undefined);
  if (leader === undefined || leader.version !== undefined || withData.length === 0) return [];
  return [
    `pgstack:leader: ${leader.name}'s data volume ${leader.volume} is empty, but ${withData.map(({ name, volume }) => `${volume} of ${name}`).join(", ")} holds data: ` +
      `set leader to the node that led last, or put ${leader.name}'s volume back: ${leadershipPage}`,
  ];
}
