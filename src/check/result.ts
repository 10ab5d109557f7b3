import type { NodeRole } from "../node-role.ts";
import { walDistance } from "../postgres/wal.ts";
import type { Finding } from "./findings.ts";
import { valueOf } from "./observation.ts";
import type { ClusterObservation } from "./observation.ts";
import type { CheckNode, CheckTarget } from "../target/target.ts";

/** A node as it was seen last. What was not seen is undefined. */
export interface NodeReport {
  readonly name: string;
  readonly role: NodeRole;
  readonly version: string | undefined;
  readonly timeline: number | undefined;
  /** WAL in bytes that the leader has written and this replica has not applied. */
  readonly lagBytes: number | undefined;
  /** Milliseconds from the confirmed write of a row until this replica showed it. */
  readonly heartbeatMs: number | undefined;
}

/** Result of a check: plain data, without secrets. */
export interface CheckReport {
  readonly stack: string;
  /** No finding is an error. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly nodes: readonly NodeReport[];
  readonly systemIdentifier: string | undefined;
  readonly poolerVersion: string | undefined;
  readonly attempts: number;
  readonly durationMs: number;
}

/** Puts together what was found and what was seen in the last pass. */
export function reportOf(
  target: CheckTarget,
  observation: ClusterObservation,
  run: Pick<CheckReport, "findings" | "attempts" | "durationMs">,
): CheckReport {
  return {
    stack: target.stack,
    ok: run.findings.every(({ severity }) => severity !== "error"),
    findings: run.findings,
    nodes: target.nodes.map((node) => nodeReport(target, observation, node)),
    systemIdentifier: valueOf(observation.nodes[target.leader])?.systemIdentifier,
    poolerVersion: valueOf(observation.pooler)?.version,
    attempts: run.attempts,
    durationMs: Math.round(run.durationMs),
  };
}

function nodeReport(target: CheckTarget, { nodes, heartbeat }: ClusterObservation, { name, role }: CheckNode): NodeReport {
  const facts = valueOf(nodes[name]);
  const beat = valueOf(heartbeat.replicas[name]);
  const isVisible = role === "replica" && beat?.visible === true;
  return {
    name,
    role,
    version: facts?.version,
    timeline: facts?.timeline,
    lagBytes: role === "replica" ? lag(valueOf(nodes[target.leader])?.lsn, facts?.lsn) : undefined,
    heartbeatMs: isVisible ? Math.round(beat.ms * 10) / 10 : undefined,
  };
}

/** Distance of two WAL positions. They are read at slightly different moments, so it may seem negative. */
function lag(written: string | undefined, replayed: string | undefined): number | undefined {
  if (written === undefined || replayed === undefined) return undefined;
  return Math.max(0, walDistance(written, replayed));
}
