import type { Engine } from "../../src/engine/connect.ts";
import type { ContainerState } from "../../src/engine/container.ts";
import { containerState, lastLogLines, startNow } from "../../src/engine/container.ts";
import { runSql, SqlError } from "../../src/engine/psql.ts";
import { poll } from "../../src/deadline.ts";
import { UserError } from "../../src/errors.ts";
import type { NodeRole } from "../../src/node-role.ts";
import type { OtherLeader, Readiness } from "../../src/postgres/readiness.ts";
import { nodeReadiness, noLeader } from "../../src/postgres/readiness.ts";
import { monitoringLogin } from "../../src/postgres/endpoint.ts";
import type { Context } from "../kind.ts";
import { containerName } from "../../src/plan/names.ts";
import { otherLeader } from "../topology.ts";
import { followLeader } from "./follow.ts";
import type { ServiceNode } from "../../resources/parts.ts";

/** A node that is waited for. */
export interface Arrival {
  readonly node: ServiceNode;
  /** `<project>-<stack>`: the other nodes of its stack are found by it. */
  readonly prefix: string;
  /** Password of the monitoring role. */
  readonly password: string;
  /** How long the node may make no progress, in seconds. */
  readonly patienceS: number;
}

/** What a wait asks of the cluster. Tests have one of their own. */
export interface ReadyWorld {
  /** Starts the node's container if it is down. */
  readonly start: () => Promise<void>;
  readonly state: () => Promise<ContainerState | undefined>;
  readonly lastLines: (count: number) => Promise<readonly string[]>;
  readonly readiness: () => Promise<Readiness>;
  /** Time that has passed, in milliseconds. */
  readonly now: () => number;
}

/** What the WAL receiver logs when its leader has removed WAL that it needs, or has given up its slot. */
const noWalLeft = /has already been removed|can no longer (?:get changes|be accessed)|(?:cannot read from|invalidated) .*slot/i;
/** Longer than the receiver's time between two tries (`wal_retrieve_retry_interval`, 5 s). */
const stuckMs = 7000;

/** While all nodes are replicas, one of them may just be being promoted. */
const leaderlessMs = 10_000;

const pollMs = 75;
/** The engine is queried less often than the server, since this is the rare case. */
const engineEveryMs = 600;

/** The cluster on an engine. */
export function readyWorld(engine: Engine, { node, prefix, password }: Arrival): ReadyWorld {
  const { name, container, address } = node;
  const other = async (): Promise<OtherLeader> => {
    const found = await otherLeader({ engine, prefix }, name, address.host);
    return found.name === undefined ? found : { name: found.name, login: monitoringLogin(found.address, password) };
  };
  const inRecovery = async (): Promise<{ inRecovery: boolean }> => {
    try {
      return { inRecovery: (await runSql(engine, container, "select pg_is_in_recovery();")) !== "f" };
    } catch (error) {
      if (error instanceof SqlError) return { inRecovery: true };
      throw error;
    }
  };
  // Once: after that the server has to get on by itself.
  let helped = "";
  const follow = async (leader: string): Promise<boolean> => {
    if (helped === leader) return false;
    helped = leader;
    return followLeader(engine, { name, container }, containerName(prefix, leader), leader);
  };
  return {
    start: () => startNow(engine, container),
    state: () => containerState(engine, container),
    lastLines: (count) => lastLogLines(engine, container, count),
    readiness: () => nodeReadiness(monitoringLogin(address, password), other, inRecovery, follow),
    now: () => performance.now(),
  };
}

/**
 * Waits until a node answers SQL over TCP and serves: as the leader when it takes writes, else as a replica that streams and has
 * replayed the leader's WAL of that moment. A container that has exited, or a node that can never become ready, ends the wait
 * immediately.
 *
 * @returns the role in which it serves
 * @throws UserError with the node's last log lines
 */
export async function waitUntilReady(context: Context, world: ReadyWorld, gate: Arrival): Promise<NodeRole> {
  // After a failure was fixed, the restart policy may still wait up to a minute; this gate does not.
  await world.start();
  const initial = await world.state();
  const began = world.now();
  const watch: Watch = {
    restarts: initial?.restartCount ?? 0,
    lastLine: "",
    quietSince: began,
    stuckSince: undefined,
    leaderlessSince: undefined,
    askedAt: began,
    reason: "it did not answer",
  };
  const wait = { context, world, gate, watch };
  const outcome = await poll(
    async () => {
      const readiness = await world.readiness();
      if (readiness.state === "ready") return readiness;
      if (readiness.state === "wrong") throw await failure(wait, readiness.reason);
      await observeWait(wait, readiness);
      return world.now() - watch.quietSince > gate.patienceS * 1000 ? readiness : undefined;
    },
    // Copying a large database may take any time: only a lack of progress ends the wait.
    { everyMs: pollMs, timeoutMs: Number.POSITIVE_INFINITY, signal: context.signal },
  );
  if (outcome?.state === "ready") return outcome.role;
  throw await failure(wait, `no progress for ${gate.patienceS} s: ${outcome?.reason ?? watch.reason}`);
}

interface Watch {
  readonly restarts: number;
  lastLine: string;
  quietSince: number;
  /** Since when its log says that the leader no longer has the WAL that it needs. */
  stuckSince: number | undefined;
  /** Since when no node takes writes. */
  leaderlessSince: number | undefined;
  askedAt: number;
  reason: string;
}

interface Wait {
  readonly context: Context;
  readonly world: ReadyWorld;
  readonly gate: Arrival;
  readonly watch: Watch;
}

/** Checks the container from time to time: has it exited, is there new output in its log? */
async function observeWait(wait: Wait, { reason }: Extract<Readiness, { state: "waiting" }>): Promise<void> {
  const { context, world, gate, watch } = wait;
  if (reason !== watch.reason && !reason.includes("bytes behind")) watch.quietSince = world.now();
  watch.reason = reason;
  if (world.now() - watch.askedAt < engineEveryMs) return;
  watch.askedAt = world.now();
  const ended = endOf(await world.state(), watch);
  if (ended !== undefined) throw await failure(wait, ended);
  watch.leaderlessSince = reason.startsWith(noLeader) ? (watch.leaderlessSince ?? world.now()) : undefined;
  if (watch.leaderlessSince !== undefined && world.now() - watch.leaderlessSince > leaderlessMs) throw await failure(wait, reason);
  const lines = await world.lastLines(3);
  endWhenStuck(wait, lines);
  const line = lines.at(-1) ?? "";
  if (line !== watch.lastLine) watch.quietSince = world.now();
  watch.lastLine = line;
  context.status(`${gate.node.name}: ${line === "" ? reason : line}`);
}

/** How its container ended; undefined while it runs. */
function endOf(state: ContainerState | undefined, { restarts }: Watch): string | undefined {
  if (state === undefined) return "its container is gone";
  return !state.running || state.restartCount > restarts ? howItEnded(state) : undefined;
}

/**
 * Ends the wait for a replica that can never catch up. It retries every few seconds, so its log always shows progress; by then
 * no lines of an earlier attempt are left.
 */
function endWhenStuck({ gate: { node }, watch, world }: Wait, lines: readonly string[]): void {
  const line = lines.find((text) => noWalLeft.test(text));
  watch.stuckSince = line === undefined ? undefined : (watch.stuckSince ?? world.now());
  if (line === undefined || watch.stuckSince === undefined || world.now() - watch.stuckSince < stuckMs) return;
  throw new UserError([
    {
      where: node.name,
      problem: `it cannot catch up: the leader has removed WAL that this replica still needs\n    ${line}`,
      fix: `clone it again, which sets its data aside: ./pgstack reclone ${node.name} --stack <stack>`,
    },
  ]);
}

function howItEnded({ running, exitCode, outOfMemory }: ContainerState): string {
  const why = outOfMemory ? ": it needed more memory than its limit (pgstack:memory)" : "";
  // Once a container was restarted, the engine no longer has its exit code.
  return running ? `its container ended and was started again${why}` : `its container ended with exit code ${exitCode}${why}`;
}

async function failure({ world, gate: { node } }: Wait, reason: string): Promise<UserError> {
  const lines = await world.lastLines(15).catch(() => []);
  const log = lines.length === 0 ? "" : `\n  its last log lines:\n${lines.map((line) => `    ${line}`).join("\n")}`;
  return new UserError([
    {
      where: node.name,
      problem: `not ready: ${reason}${log}`,
      fix: `fix the cause, then run the deployment again: it goes on here. More lines: docker logs ${node.container}`,
    },
  ]);
}
