import { failureText } from "../observation.ts";
import type { ClusterObservation, PoolerDatabase, PoolerFacts } from "../observation.ts";
import type { Place } from "../logins.ts";
import type { CheckTarget } from "../../target/target.ts";
import { valueOf } from "../observation.ts";
import { atNode, connectionSymptom } from "./symptom.ts";
import type { Symptom } from "./symptom.ts";

const writeRoute: Place = { kind: "route", route: "write" };
const readRoute: Place = { kind: "route", route: "read" };

/** The pooler and where its two routes lead. */
export function routingSymptoms(target: CheckTarget, observation: ClusterObservation): readonly Symptom[] {
  return [
    ...pooler(target, observation),
    ...write(target, observation),
    ...read(target, observation),
    ...missing(target, observation),
    ...strays(target, observation),
  ];
}

function pooler(target: CheckTarget, { pooler: seen }: ClusterObservation): readonly Symptom[] {
  if (!seen.ok)
    return [
      connectionSymptom(target, {
        failure: seen.failure,
        place: { kind: "console" },
        role: "monitoring",
      }),
    ];
  return [...paused(writeRoute, seen.value, target.writeRoute), ...paused(readRoute, seen.value, target.readRoute)];
}

function paused(place: Place, facts: PoolerFacts, route: string): readonly Symptom[] {
  const { paused: isPaused = false, disabled = false } = databaseOf(facts, route) ?? {};
  if (!(isPaused || disabled || facts.isHeld)) return [];
  const state = disabled ? "disabled" : "paused";
  return [
    {
      code: "pooler-paused",
      place,
      observed: `{subjects}: ${state}`,
      expected: "both routes serve",
      group: { key: state, subject: route },
    },
  ];
}

function write(target: CheckTarget, { heartbeat }: ClusterObservation): readonly Symptom[] {
  if (!heartbeat.write.ok) {
    const { failure } = heartbeat.write;
    return [connectionSymptom(target, { failure, place: writeRoute, role: "app" })];
  }
  const { reached } = heartbeat.write.value;
  if (reached === target.leader) return [];
  return [
    {
      code: "write-route-failed",
      place: writeRoute,
      observed: `a write reaches ${reached}`,
      expected: `a write reaches ${target.leader}`,
    },
  ];
}

function read(target: CheckTarget, observation: ClusterObservation): readonly Symptom[] {
  const { failure, reached } = observation.readRoute;
  if (failure === undefined || reached.length > 0) return [];
  return [connectionSymptom(target, { failure, place: readRoute, role: "app" })];
}

function missing(target: CheckTarget, observation: ClusterObservation): readonly Symptom[] {
  const { failure, reached } = observation.readRoute;
  if (reached.length === 0) return [];
  const seen = new Set(reached.map(({ node }) => node));
  const host = databaseOf(valueOf(observation.pooler), target.readRoute)?.host;
  const details = [
    `${reached.length} connections reach ${[...seen].toSorted().join(", ")}`,
    ...(host === undefined ? [] : [`the pooler lists ${host}`]),
    ...(failure === undefined ? [] : [failureText(failure)]),
  ];
  return target.rotation
    .filter((name) => !seen.has(name))
    .map((name) => ({
      code: "read-route-incomplete",
      place: atNode(name),
      observed: `never reaches {subjects}: ${details.join("; ")}`,
      expected: `reaches ${target.rotation.join(", ")}`,
      group: { key: "rotation", subject: name },
    }));
}

function strays(target: CheckTarget, { readRoute: seen }: ClusterObservation): readonly Symptom[] {
  const byNode = Map.groupBy(seen.reached, ({ node }) => node);
  return [...byNode].flatMap(([node, connections]) => {
    const expected = `reaches only ${target.rotation.join(", ")}`;
    if (!target.rotation.includes(node)) return [{ code: "read-route-stray", place: atNode(node), observed: `reaches ${node}`, expected }];
    // Without replicas the leader is in rotation, and not in recovery for good reason.
    const isPrimary = node !== target.leader && connections.some(({ inRecovery }) => !inRecovery);
    const observed = `reaches ${node}, which is not in recovery`;
    return isPrimary ? [{ code: "read-route-stray", place: atNode(node), observed, expected }] : [];
  });
}

function databaseOf(facts: PoolerFacts | undefined, name: string): PoolerDatabase | undefined {
  return facts?.databases.find((database) => database.name === name);
}
