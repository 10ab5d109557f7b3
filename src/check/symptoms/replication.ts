import { walDistance } from "../../postgres/wal.ts";
import { failureText, valueOf } from "../observation.ts";
import type { NodeFacts, SendingFacts, SlotFacts } from "../observation.ts";
import type { CheckNode } from "../../target/target.ts";
import { atNode, connectionSymptom } from "./symptom.ts";
import type { Symptom } from "./symptom.ts";
import type { Look } from "../look.ts";

/** SQLSTATE of a write on a server in recovery (read_only_sql_transaction). */
const readOnly = "25006";

/** What flows from the leader to the replicas, and that nothing flows in anywhere else. */
export function replicationSymptoms(look: Look): readonly Symptom[] {
  const { target, seen, reference, leader } = look;
  const replicas = target.nodes
    .filter(({ name }) => name !== reference)
    .flatMap((node) => {
      const facts = valueOf(seen.nodes[node.name]);
      return [
        ...(facts?.inRecovery === true ? replication(node, facts, leader) : []),
        ...declaredSlot(node, leader?.sending),
        ...heartbeat(look, node),
      ];
    });
  return [...replicas, ...undeclaredSlots(look), ...target.nodes.flatMap((node) => insert(look, node))];
}

function replication({ name }: CheckNode, facts: NodeFacts, leader: NodeFacts | undefined): readonly Symptom[] {
  const symptoms: Symptom[] = [];
  const interruption = notStreaming(name, facts, leader?.sending);
  if (interruption !== undefined)
    symptoms.push({
      code: "replica-not-streaming",
      place: atNode(name),
      observed: interruption,
      expected: "streams from the leader",
    });
  const ahead = bytesAhead(facts, leader);
  if (ahead > 0)
    symptoms.push({
      code: "replica-ahead",
      place: atNode(name),
      observed: `${ahead} bytes of WAL past the leader's position ${leader?.lsn}`,
      expected: "no WAL that is missing on the leader",
    });
  if (isOtherTimeline(facts, leader))
    symptoms.push({
      code: "replica-wrong-timeline",
      place: atNode(name),
      observed: `receives timeline ${facts.timeline}`,
      expected: `timeline ${leader?.timeline}, the leader's`,
    });
  if (facts.replayPause !== undefined && facts.replayPause !== "not paused")
    symptoms.push({
      code: "replay-paused",
      place: atNode(name),
      observed: `replay is ${facts.replayPause}`,
      expected: "replay is not paused",
    });
  return symptoms;
}

/** Both ends are asked: a base backup looks like a replica to the leader, another source like one to the replica. */
function notStreaming(name: string, { receiver }: NodeFacts, leader: SendingFacts | undefined): string | undefined {
  if (receiver === undefined) return "no WAL receiver runs";
  if (receiver.status !== "streaming") return `its WAL receiver is ${receiver.status}`;
  if (leader === undefined) return undefined;
  const states = leader.senders.filter(({ applicationName }) => applicationName === name).map(({ state }) => state);
  if (states.includes("streaming")) return undefined;
  return states.length === 0
    ? "its WAL receiver runs, but the leader does not know of it"
    : `the leader's WAL sender is in state ${states.join(", ")}`;
}

/**
 * The leader's position is the later reading. It sends what it has flushed, so a record that was replayed elsewhere was on its
 * disk once. That such a replica streams says nothing: it asks for WAL from the beginning of a segment on.
 */
function bytesAhead(replica: NodeFacts, leader: NodeFacts | undefined): number {
  if (replica.systemIdentifier !== leader?.systemIdentifier) return 0;
  return replica.lsn === undefined || leader.lsn === undefined ? 0 : walDistance(replica.lsn, leader.lsn);
}

function isOtherTimeline(replica: NodeFacts, leader: NodeFacts | undefined): boolean {
  if (leader?.timeline === undefined || replica.timeline === undefined) return false;
  return replica.timeline !== leader.timeline;
}

function declaredSlot(node: CheckNode, leader: SendingFacts | undefined): readonly Symptom[] {
  if (leader === undefined) return [];
  const slot = leader.slots.find(({ name, type }) => name === node.name && type === "physical");
  if (slot === undefined)
    return [
      {
        code: "slot-missing",
        place: atNode(node.name),
        observed: `the leader has no physical slot "${node.name}"`,
        expected: `slot "${node.name}"`,
      },
    ];
  return slotState(node, slot);
}

function slotState(node: CheckNode, slot: SlotFacts): readonly Symptom[] {
  const place = atNode(node.name);
  const symptoms: Symptom[] = [];
  if (!slot.active)
    symptoms.push({
      code: "slot-inactive",
      place,
      observed: `slot "${slot.name}" is not active`,
      expected: "its slot is active",
    });
  if (slot.walStatus === "unreserved")
    symptoms.push({
      code: "slot-wal-at-risk",
      place,
      observed: `slot "${slot.name}": wal_status unreserved, ${slot.safeWalBytes ?? "unknown"} bytes left`,
      expected: "wal_status reserved or extended",
    });
  if (slot.walStatus === "lost")
    symptoms.push({
      code: "slot-wal-lost",
      place,
      observed: `slot "${slot.name}": wal_status lost`,
      expected: "wal_status reserved or extended",
    });
  return symptoms;
}

function undeclaredSlots({ target, reference, leader }: Look): readonly Symptom[] {
  if (reference === undefined || leader === undefined) return [];
  const declared = new Set(target.nodes.map(({ name }) => name).filter((name) => name !== reference));
  return leader.sending.slots
    .filter(({ name }) => !declared.has(name))
    .map((slot) => ({
      code: "slot-undeclared",
      place: atNode(reference),
      observed: "slots {subjects}",
      expected: "only the slots of declared replicas",
      group: { key: "slots", subject: slotText(slot) },
    }));
}

function slotText({ name, type, active }: SlotFacts): string {
  return `"${name}" (${type}, ${active ? "active" : "inactive"})`;
}

function heartbeat({ target, seen: { heartbeat: beat } }: Look, { name }: CheckNode): readonly Symptom[] {
  const seen = beat.replicas[name];
  if (seen === undefined) return [];
  const place = atNode(name);
  const behind = { code: "replica-behind", place, expected: "the row appears" } as const;
  if (seen.ok) return seen.value.visible ? [] : [{ ...behind, observed: `missing after ${Math.round(seen.value.ms)} ms` }];
  return seen.failure.kind === "error"
    ? [{ ...behind, observed: failureText(seen.failure) }]
    : [connectionSymptom(target, { failure: seen.failure, place, role: "app" })];
}

function insert({ target, seen: { inserts }, reference }: Look, { name }: CheckNode): readonly Symptom[] {
  const seen = inserts?.[name];
  const place = atNode(name);
  if (seen === undefined || (seen.ok && name === reference)) return [];
  if (seen.ok)
    return [
      {
        code: "replica-writable",
        place,
        observed: "an INSERT is accepted",
        expected: `an INSERT is refused with ${readOnly}`,
      },
    ];
  if (seen.failure.kind !== "error") return [connectionSymptom(target, { failure: seen.failure, place, role: "app" })];
  // A replica that refuses for another reason shows no heartbeat either, which says more.
  if (name !== reference) return [];
  const observed = `an INSERT fails: ${failureText(seen.failure)}`;
  return [{ code: "leader-not-writable", place, observed, expected: "an INSERT is accepted" }];
}
