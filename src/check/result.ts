import type { NodeRole } from "../node-role.ts";
import { walDistance } from "../postgres/wal.ts";
import type { Lead } from "../topology/lead.ts";
import type { Finding } from "./findings.ts";
import { valueOf } from "./observation.ts";
import type { ClusterObservation, NodeFacts } from "./observation.ts";
import { lookOf } from "./look.ts";
import type { Look } from "./look.ts";
import type { CheckTarget } from "../target/target.ts";

/** A node as it was seen last. What was not seen is undefined. */
export interface NodeReport {
  readonly name: string;
  /** What it does, not what is declared; undefined when that was not seen. */
  readonly role: NodeRole | undefined;
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
  const look = lookOf(target, observation);
  return {
    stack: target.stack,
    ok: run.findings.every(({ severity }) => severity !== "error"),
    findings: run.findings,
    nodes: target.nodes.map(({ name }) => nodeReport(look, name)),
    systemIdentifier: look.leader?.systemIdentifier,
    poolerVersion: valueOf(Object.values(observation.processes).find(({ ok }) => ok))?.version,
    attempts: run.attempts,
    durationMs: Math.round(run.durationMs),
  };
}

function nodeReport({ seen: { nodes, heartbeat }, lead, leader }: Look, name: string): NodeReport {
  const facts = valueOf(nodes[name]);
  const beat = valueOf(heartbeat.replicas[name]);
  const role = roleOf(lead, name, facts);
  const isVisible = role === "replica" && beat?.visible === true;
  return {
    name,
    role,
    version: facts?.version,
    timeline: facts?.timeline,
    lagBytes: role === "replica" ? lag(leader?.lsn, facts?.lsn) : undefined,
    heartbeatMs: isVisible ? Math.round(beat.ms * 10) / 10 : undefined,
  };
}

function roleOf({ leader, rivals }: Lead, name: string, facts: NodeFacts | undefined): NodeRole | undefined {
  if (name === leader || rivals.includes(name)) return "leader";
  return facts?.inRecovery === true ? "replica" : undefined;
}

/** Distance of two WAL positions. They are read at slightly different moments, so it may seem negative. */
function lag(written: string | undefined, replayed: string | undefined): number | undefined {
  if (written === undefined || replayed === undefined) return undefined;
  return Math.max(0, walDistance(written, replayed));
}
