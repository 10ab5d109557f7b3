import { unexplained } from "./explain.ts";
import { findingKinds } from "./finding-kinds.ts";
import { kindOf } from "./findings.ts";
import { routeName } from "./logins.ts";
import type { Finding, FindingCode } from "./findings.ts";
import type { ClusterObservation, Observed } from "./observation.ts";
import { accessSymptoms } from "./symptoms/access.ts";
import { damageSymptoms } from "./symptoms/damage.ts";
import { declaredSymptoms } from "./symptoms/declared.ts";
import { monitoringSymptoms } from "./symptoms/monitoring.ts";
import { nodeSymptoms } from "./symptoms/nodes.ts";
import { replicationSymptoms } from "./symptoms/replication.ts";
import { routingSymptoms } from "./symptoms/routing.ts";
import { placeKey } from "./symptoms/symptom.ts";
import type { Symptom } from "./symptoms/symptom.ts";
import type { CheckTarget } from "../target/target.ts";

/** What is wrong with a cluster: the fewest findings that name every fault, errors first. Empty when it is healthy. */
export function evaluate(target: CheckTarget, observation: ClusterObservation): readonly Finding[] {
  const symptoms = distinct([
    ...unreachable(target, observation),
    ...nodeSymptoms(target, observation),
    ...damageSymptoms(target, observation),
    ...replicationSymptoms(target, observation),
    ...routingSymptoms(target, observation),
    ...accessSymptoms(target, observation),
    ...monitoringSymptoms(target, observation),
    ...declaredSymptoms(target, observation),
  ]);
  const groups = Map.groupBy(unexplained(target, symptoms), groupKey);
  return [...groups.values()]
    .map((group) => findingOf(target, group))
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
    seen.pooler,
    seen.exporters?.pooler,
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
  return `${code}|${severity ?? ""}|${place === undefined ? (service ?? "") : placeKey(place)}`;
}

function findingOf(target: CheckTarget, group: readonly Symptom[]): Finding {
  const [first] = group;
  if (first === undefined) throw new Error("a finding needs a symptom");
  const kind = kindOf(first.code);
  const subjects = group.flatMap((symptom) => symptom.group?.subject ?? []);
  const nodes = new Set(group.map(({ place }) => (place?.kind === "node" ? place.node : undefined)));
  return {
    code: first.code,
    severity: first.severity ?? kind.severity,
    node: nodes.size === 1 ? [...nodes][0] : undefined,
    observed: first.observed.replace("{subjects}", () => subjects.toSorted().join(", ")),
    expected: first.expected,
    action: fill(kind.action, words(target, first)),
  };
}

function fill(text: string, words: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, word: string) => words[word] ?? whole);
}

function words(target: CheckTarget, { place, service }: Symptom): Readonly<Record<string, string>> {
  const name = place?.kind === "node" ? place.node : undefined;
  const node = target.nodes.find((candidate) => candidate.name === name);
  return {
    stack: target.stack,
    host: target.accessHost,
    leader: target.leader,
    node: name ?? "the node",
    container: node?.container ?? target.poolerContainer,
    pooler: target.poolerContainer,
    listener: target.listenerContainer ?? "",
    service: target.monitoring?.[service ?? "prometheus"]?.container ?? "",
    exporter: exporterOf(target, name),
    writeRoute: routeName({ kind: "route", route: "write", ...ofDatabase(place) }, target),
    readRoute: routeName({ kind: "route", route: "read", ...ofDatabase(place) }, target),
  };
}

/** The container of a node's exporter, or of the pooler's. */
function exporterOf({ exporters }: CheckTarget, node: string | undefined): string {
  const found = exporters?.nodes.find((candidate) => candidate.node === node) ?? exporters;
  return found === undefined ? "" : "container" in found ? found.container : found.poolerContainer;
}

function ofDatabase(place: Symptom["place"]): { readonly database?: string } {
  return place?.kind === "route" && place.database !== undefined ? { database: place.database } : {};
}

const order = Object.keys(findingKinds) as readonly FindingCode[];

function rank({ code, severity }: Finding): number {
  return order.indexOf(code) + (severity === "warning" ? order.length : 0);
}
