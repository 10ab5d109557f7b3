import { unexplained } from "./explain.ts";
import { findingKinds } from "./finding-kinds.ts";
import { kindOf } from "./findings.ts";
import { routeName } from "./logins.ts";
import type { Finding, FindingCode } from "./findings.ts";
import type { ClusterObservation, Observed } from "./observation.ts";
import { accessSymptoms } from "./symptoms/access.ts";
import { damageSymptoms } from "./symptoms/damage.ts";
import { declaredSymptoms } from "./symptoms/declared.ts";
import { leadSymptoms } from "./symptoms/lead.ts";
import { monitoringSymptoms } from "./symptoms/monitoring.ts";
import { nodeSymptoms } from "./symptoms/nodes.ts";
import { replicationSymptoms } from "./symptoms/replication.ts";
import { routingSymptoms } from "./symptoms/routing.ts";
import { lookOf } from "./look.ts";
import { placeKey, withoutProcess } from "./symptoms/symptom.ts";
import type { Symptom } from "./symptoms/symptom.ts";
import type { Look } from "./look.ts";
import type { CheckTarget } from "../target/target.ts";

/** What is wrong with a cluster: the fewest findings that name every fault, errors first. Empty when it is healthy. */
export function evaluate(target: CheckTarget, observation: ClusterObservation): readonly Finding[] {
  const look = lookOf(target, observation);
  const symptoms = distinct([
    ...unreachable(target, observation),
    ...leadSymptoms(look),
    ...nodeSymptoms(look),
    ...damageSymptoms(look),
    ...replicationSymptoms(look),
    ...routingSymptoms(look),
    ...accessSymptoms(target, observation),
    ...monitoringSymptoms(target, observation),
    ...declaredSymptoms(look),
  ]);
  const groups = Map.groupBy(unexplained(look, symptoms), groupKey);
  return [...groups.values()]
    .map((group) => findingOf(look, group))
    .toSorted((a, b) => rank(a) - rank(b) || (a.node ?? "").localeCompare(b.node ?? "", "en"));
}

/** Several observers may see the same problem; the first one reports it. */
function distinct(symptoms: readonly Symptom[]): readonly Symptom[] {
  const byKey = new Map<string, Symptom>();
  for (const symptom of symptoms) {
    const { code, place, group, service, severity = "" } = symptom;
    const where = place === undefined ? "" : placeKey(place);
    const key = [code, severity, where, service ?? "", group?.key, group?.subject].join("|");
    if (!byKey.has(key)) byKey.set(key, symptom);
  }
  return [...byKey.values()];
}

/** Nothing answers at all: one finding, not one for each port. */
function unreachable(target: CheckTarget, seen: ClusterObservation): readonly Symptom[] {
  const doors: readonly (Observed<unknown> | undefined)[] = [
    ...Object.values(seen.nodes),
    ...Object.values(seen.processes),
    ...Object.values(seen.exporters?.processes ?? {}),
    ...Object.values(seen.exporters?.nodes ?? {}),
    seen.monitoring?.prometheus,
    seen.monitoring?.alertmanager,
    seen.monitoring?.grafana,
  ];
  const isSilent = doors.every((door) => door === undefined || (!door.ok && door.failure.kind === "silent"));
  if (!isSilent) return [];
  const ports = [...target.nodes.map(({ port }) => port), target.poolerPort].join(", ");
  const observed = `no answer from ${target.accessHost} on ports ${ports}`;
  return [{ code: "cluster-unreachable", place: undefined, observed, expected: "answers" }];
}

function groupKey({ code, place, group, service, severity }: Symptom): string {
  if (group !== undefined) return `${code}|${severity ?? ""}|${group.key}`;
  return `${code}|${severity ?? ""}|${place === undefined ? (service ?? "") : withoutProcess(place)}`;
}

function findingOf(look: Look, group: readonly Symptom[]): Finding {
  const [first] = group;
  if (first === undefined) throw new Error("a finding needs a symptom");
  const kind = kindOf(first.code);
  const subjects = group.flatMap((symptom) => symptom.group?.subject ?? []);
  const nodes = new Set(group.map(({ place }) => (place?.kind === "node" ? place.node : undefined)));
  return {
    code: first.code,
    severity: first.severity ?? kind.severity,
    node: nodes.size === 1 ? [...nodes][0] : undefined,
    observed: first.observed.replace("{subjects}", () => [...new Set(subjects)].toSorted().join(", ")),
    expected: first.expected,
    action: fill(kind.action, words(look, first)),
  };
}

function fill(text: string, words: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, word: string) => words[word] ?? whole);
}

function words({ target, reference }: Look, { place, service }: Symptom): Readonly<Record<string, string>> {
  return {
    ...containersAt(target, place),
    stack: target.stack,
    host: target.accessHost,
    leader: reference ?? "the leader",
    node: place?.kind === "node" ? place.node : "the node",
    listener: target.listenerContainer,
    service: target.monitoring?.[service ?? "prometheus"]?.container ?? "",
    writeRoute: routeName({ kind: "route", route: "write", ...ofDatabase(place) }, target),
    readRoute: routeName({ kind: "route", route: "read", ...ofDatabase(place) }, target),
  };
}

interface Containers {
  readonly container: string;
  readonly pooler: string;
  readonly exporter: string;
}

/** The containers that a symptom is about. */
function containersAt(target: CheckTarget, place: Symptom["place"]): Containers {
  return place?.kind === "node" ? ofNode(target, place.node) : ofPooler(target, place?.process);
}

function ofNode(target: CheckTarget, name: string): Containers {
  const { pooler } = ofPooler(target, undefined);
  const node = target.nodes.find((candidate) => candidate.name === name);
  const exporter = target.exporters?.nodes.find((candidate) => candidate.node === name);
  return { container: node?.container ?? pooler, pooler, exporter: exporter?.container ?? "" };
}

/** Of several processes that may be meant, the first one's. */
function ofPooler({ processes, exporters }: CheckTarget, number: number | undefined): Containers {
  const process = processes.find((candidate) => candidate.number === number) ?? processes[0];
  const container = process?.container ?? "";
  const exporter = exporters?.processes.find((candidate) => candidate.number === process?.number);
  return { container, pooler: container, exporter: exporter?.container ?? "" };
}

function ofDatabase(place: Symptom["place"]): { readonly database?: string } {
  return place?.kind === "route" && place.database !== undefined ? { database: place.database } : {};
}

const order = Object.keys(findingKinds) as readonly FindingCode[];

function rank({ code, severity }: Finding): number {
  return order.indexOf(code) + (severity === "warning" ? order.length : 0);
}
