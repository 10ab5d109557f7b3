import type { Engine } from "../../src/engine/connect.ts";
import type { ContainerState } from "../../src/engine/container.ts";
import { containerState, lastLogLines, startNow } from "../../src/engine/container.ts";
import { runSql } from "../../src/engine/psql.ts";
import { poll } from "../../src/deadline.ts";
import { UserError } from "../../src/errors.ts";
import type { Readiness } from "../../src/postgres/readiness.ts";
import { nodeReadiness } from "../../src/postgres/readiness.ts";
import type { Context } from "../kind.ts";

/** A node and its declared role. */
export interface Arrival {
  readonly node: string;
  readonly role: "leader" | "replica";
  readonly container: string;
  readonly address: Endpoint;
  readonly leader: Endpoint;
  /** Password of the monitoring role. */
  readonly password: string;
  /** How long the node may make no progress, in seconds. */
  readonly patienceS: number;
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What the WAL receiver logs when its leader has removed WAL that it needs, or has given up its slot. */
const noWalLeft = /has already been removed|can no longer (?:get changes|be accessed)|(?:cannot read from|invalidated) .*slot/i;
/** Longer than the receiver's time between two tries (`wal_retrieve_retry_interval`, 5 s). */
const stuckMs = 7000;

const pollMs = 75;
/** The engine is queried less often than the server, since this is the rare case. */
const engineEveryMs = 600;

/**
 * Waits until a node answers SQL over TCP in its declared role; a replica streams and has replayed the leader's WAL of that
 * moment. A container that has exited, or a node that can never become ready, ends the wait immediately.
 *
 * @throws UserError with the node's last log lines
 */
export async function waitUntilReady(context: Context, engine: Engine, gate: Arrival): Promise<void> {
  // After a failure was fixed, the restart policy may still wait up to a minute; this gate does not.
  await startNow(engine, gate.container);
  const initial = await containerState(engine, gate.container);
  const watch: Watch = {
    restarts: initial?.restartCount ?? 0,
    lastLine: "",
    quietSince: performance.now(),
    stuckSince: undefined,
    askedAt: performance.now(),
    reason: "it did not answer",
  };
  const login = { user: "monitoring", password: gate.password, database: "postgres" };
  const logins = { node: { ...login, ...gate.address }, leader: { ...login, ...gate.leader } };
  const inRecovery = async (): Promise<{ inRecovery: boolean }> => ({
    inRecovery: (await runSql(engine, gate.container, "select pg_is_in_recovery();")) === "t",
  });

  const outcome = await poll(
    async () => {
      const readiness = await nodeReadiness(gate.role, logins, inRecovery);
      if (readiness.state === "ready") return readiness;
      if (readiness.state === "wrong") throw await failure(engine, gate, readiness.reason);
      await observeWait(context, engine, gate, watch, readiness);
      return performance.now() - watch.quietSince > gate.patienceS * 1000 ? readiness : undefined;
    },
    // Copying a large database may take any time: only a lack of progress ends the wait.
    { everyMs: pollMs, timeoutMs: Number.POSITIVE_INFINITY, signal: context.signal },
  );
  if (outcome?.state === "waiting") throw await failure(engine, gate, `no progress for ${gate.patienceS} s: ${outcome.reason}`);
}

interface Watch {
  readonly restarts: number;
  lastLine: string;
  quietSince: number;
  /** Since when its log says that the leader no longer has the WAL that it needs. */
  stuckSince: number | undefined;
  askedAt: number;
  reason: string;
}

/** Checks the container from time to time: has it exited, is there new output in its log? */
async function observeWait(
  context: Context,
  engine: Engine,
  gate: Arrival,
  watch: Watch,
  { reason }: Extract<Readiness, { state: "waiting" }>,
): Promise<void> {
  if (reason !== watch.reason && !reason.includes("bytes behind")) watch.quietSince = performance.now();
  watch.reason = reason;
  if (performance.now() - watch.askedAt < engineEveryMs) return;
  watch.askedAt = performance.now();
  const state = await containerState(engine, gate.container);
  if (state === undefined) throw await failure(engine, gate, "its container is gone");
  if (!state.running || state.restartCount > watch.restarts) throw await failure(engine, gate, howItEnded(state));
  const lines = await lastLogLines(engine, gate.container, 3);
  endWhenStuck(gate, watch, lines);
  const line = lines.at(-1) ?? "";
  if (line !== watch.lastLine) watch.quietSince = performance.now();
  watch.lastLine = line;
  context.status(`${gate.node}: ${line === "" ? reason : line}`);
}

/**
 * Ends the wait for a replica that can never catch up. It retries every few seconds, so its log always shows progress; by then
 * no lines of an earlier attempt are left.
 */
function endWhenStuck(gate: Arrival, watch: Watch, lines: readonly string[]): void {
  const isStuck = gate.role === "replica" && lines.some((line) => noWalLeft.test(line));
  watch.stuckSince = isStuck ? (watch.stuckSince ?? performance.now()) : undefined;
  if (watch.stuckSince === undefined || performance.now() - watch.stuckSince < stuckMs) return;
  throw new UserError([
    {
      where: gate.node,
      problem: `it cannot catch up: the leader no longer has the WAL since it was away\n    ${lines.find((line) => noWalLeft.test(line)) ?? ""}`,
      fix: `clone it again, which sets its data aside: ./pgstack reclone ${gate.node} --stack <stack>`,
    },
  ]);
}

function howItEnded({ running, exitCode, outOfMemory }: ContainerState): string {
  const why = outOfMemory ? ": it needed more memory than its limit (pgstack:memory)" : "";
  // Once a container was restarted, the engine no longer has its exit code.
  return running ? `its container ended and was started again${why}` : `its container ended with exit code ${exitCode}${why}`;
}

async function failure(engine: Engine, gate: Arrival, reason: string): Promise<UserError> {
  const lines = await lastLogLines(engine, gate.container, 15).catch(() => []);
  const log = lines.length === 0 ? "" : `\n  its last log lines:\n${lines.map((line) => `    ${line}`).join("\n")}`;
  return new UserError([
    {
      where: gate.node,
      problem: `not ready as ${gate.role}: ${reason}${log}`,
      fix: `mend the cause, then run the deployment again: it goes on here. More lines: docker logs ${gate.container}`,
    },
  ]);
}
