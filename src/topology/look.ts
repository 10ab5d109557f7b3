import { orAborted } from "../deadline.ts";
import { isNotFound, isUnreachable } from "../engine/connect.ts";
import type { Engine } from "../engine/connect.ts";
import { runSql, SqlError } from "../engine/psql.ts";
import { readVolumeFile } from "../engine/volume-files.ts";
import { containerName } from "../plan/names.ts";
import { parseTenure, plainView, tenureSql } from "./view.ts";
import type { NodeView } from "./view.ts";

/** Of a start script that refuses (EX_CONFIG). */
const refusedExitCode = 78;

/** A server that is stopped by a signal accepts a session and never answers. */
export const answerMs = 3000;

/** Who leads now: one statement on each node that runs, all at once. */
export async function lookAtNodes(engine: Engine, names: readonly string[], prefix: string): Promise<readonly NodeView[]> {
  return Promise.all(names.map((name) => lookAt(engine, name, containerName(prefix, name))));
}

async function lookAt(engine: Engine, name: string, container: string): Promise<NodeView> {
  const limit = AbortSignal.timeout(answerMs);
  try {
    const { State } = await orAborted(engine.getContainer(container).inspect(), limit);
    // Such a one is started again and again: when it ended last says nothing of the server.
    if ((!State.Running || State.Restarting) && State.ExitCode === refusedExitCode) return plainView(name, container, "refused");
    if (!State.Running || State.Restarting) return plainView(name, container, "stopped");
    if (State.Paused) return plainView(name, container, "silent");
    return parseTenure(name, container, await orAborted(runSql(engine, container, tenureSql), limit));
  } catch (error) {
    if (isNotFound(error)) return plainView(name, container, "absent");
    // Starting, ending, or stuck; an answer that is an error is one of a container that has just ended.
    if (limit.aborted || error instanceof SqlError || !isUnreachable(error)) return plainView(name, container, "silent");
    throw error;
  }
}

/** What a data volume shows about a node that does not answer. */
export interface VolumeData {
  /** Major version of the database in it; undefined when there is none. */
  readonly version: number | undefined;
  /** Whether it holds a database that is not a replica's. */
  readonly isLeaders: boolean;
  /** The value of `reclone` for which it was last cloned. */
  readonly usedWord: string | undefined;
}

/** Undefined where there is no image to look with; then there is no server either. A volume that is not there holds nothing. */
export async function lookIntoVolume(engine: Engine, volume: string): Promise<VolumeData | undefined> {
  const [image] = await engine.listImages();
  if (image === undefined) return undefined;
  const read = (path: string): Promise<string | undefined> => readVolumeFile(engine, volume, image.Id, path);
  const version = await read("pgdata/PG_VERSION");
  const standby = await read("pgdata/standby.signal");
  return {
    version: version === undefined ? undefined : Number(version.trim()),
    isLeaders: version !== undefined && standby === undefined,
    usedWord: await read(".pgstack.reclone"),
  };
}
