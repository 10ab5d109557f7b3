import { orAborted, poll } from "../../src/deadline.ts";
import { connectEngine, isNotFound, isUnreachable } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { runSql, SqlError } from "../../src/engine/psql.ts";
import { readVolumeFile } from "../../src/engine/volume-files.ts";
import { formerProblems, leadershipProblems } from "../../src/leadership/judge.ts";
import { parseTenure, plainView, tenureSql } from "../../src/leadership/view.ts";
import type { NodeView } from "../../src/leadership/view.ts";
import { containerName } from "../../src/plan/names.ts";
import type { PreflightInputs } from "./inputs.ts";

/**
 * Who leads now, against who is declared to. Asked on every run, since it is nothing that stack config changes: one statement on
 * each node that runs, all at once. A node that has left stack config may still run, so it is asked too.
 */
export async function currentLeadershipProblems(before: PreflightInputs, wanted: PreflightInputs): Promise<readonly string[]> {
  const engine = await connectEngine(wanted.host);
  const names = [...new Set([...wanted.nodes, ...before.nodes].map(({ name }) => name))];
  // Who does not answer may be between two starts; only a new leader in stack config depends on it.
  const isUnclear = (seen: readonly NodeView[]): boolean =>
    before.leader !== wanted.leader && seen.some(({ name, state }) => name !== wanted.leader && state === "silent");
  const look = (): Promise<readonly NodeView[]> => lookAtNodes(engine, names, wanted.prefix);
  const settled = async (): Promise<readonly NodeView[] | undefined> => {
    const seen = await look();
    return isUnclear(seen) ? undefined : seen;
  };
  const views = (await poll(settled, { everyMs: 300, timeoutMs: answerMs })) ?? (await look());
  const problems = leadershipProblems(
    {
      before: before.leader,
      wanted: wanted.leader,
      givenUp: wanted.nodes
        .filter(({ name, reclone }) => reclone !== undefined && reclone !== wordOf(before, name))
        .map(({ name }) => name),
    },
    views,
  );
  if (problems.length > 0 || before.leader === wanted.leader) return problems;
  return formerLeaderProblems(engine, before, wanted, views);
}

function wordOf({ nodes }: PreflightInputs, name: string): string | undefined {
  return nodes.find((node) => node.name === name)?.reclone;
}

/** Of a start script that refuses (EX_CONFIG). */
const refusedExitCode = 78;

/** A server that is stopped by a signal accepts a session and never answers. */
const answerMs = 3000;

async function lookAtNodes(engine: Engine, names: readonly string[], prefix: string): Promise<readonly NodeView[]> {
  return Promise.all(names.map((name) => lookAt(engine, name, containerName(prefix, name))));
}

async function lookAt(engine: Engine, name: string, container: string): Promise<NodeView> {
  const limit = AbortSignal.timeout(answerMs);
  try {
    const { State } = await orAborted(engine.getContainer(container).inspect(), limit);
    // Such a one is started again and again: when it ended last says nothing of the server.
    if ((!State.Running || State.Restarting) && State.ExitCode === refusedExitCode) return plainView(name, container, "refused");
    if (!State.Running || State.Restarting) return plainView(name, container, "stopped", timeOf(State.FinishedAt));
    if (State.Paused) return plainView(name, container, "silent");
    return parseTenure(name, container, await orAborted(runSql(engine, container, tenureSql), limit));
  } catch (error) {
    if (isNotFound(error)) return plainView(name, container, "absent");
    // Starting, ending, or stuck; an answer that is an error is one of a container that has just ended.
    if (limit.aborted || error instanceof SqlError || !isUnreachable(error)) return plainView(name, container, "silent");
    throw error;
  }
}

/** `2026-11-28T20:09:50.123Z` as people read it. */
function timeOf(finishedAt: string): string | undefined {
  const time = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(finishedAt);
  return time === null || finishedAt.startsWith("0001") ? undefined : `${time[1]} ${time[2]} UTC`;
}

/** A node that answers as a replica has a replica's data; of another one its volume tells. */
async function formerLeaderProblems(
  engine: Engine,
  before: PreflightInputs,
  wanted: PreflightInputs,
  views: readonly NodeView[],
): Promise<readonly string[]> {
  const former = wanted.nodes.find(({ name }) => name === before.leader);
  const view = views.find(({ name }) => name === before.leader);
  const [image] = await engine.listImages();
  if (former === undefined || view?.state === "recovery" || image === undefined) return [];
  const read = (path: string): Promise<string | undefined> => readVolumeFile(engine, former.dataVolume, image.Id, path);
  const [version, standby, usedWord] = [
    await read("pgdata/PG_VERSION"),
    await read("pgdata/standby.signal"),
    await read(".pgstack.reclone"),
  ];
  return formerProblems({
    name: former.name,
    leader: wanted.leader,
    isLeaders: version !== undefined && standby === undefined,
    word: former.reclone,
    usedWord,
  });
}
