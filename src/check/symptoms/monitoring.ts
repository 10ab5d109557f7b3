import { failureText } from "../observation.ts";
import type { ClusterObservation, DownTarget, ExporterFacts, ExportersObservation, Observed } from "../observation.ts";
import type { Place } from "../logins.ts";
import { services } from "../../plan/names.ts";
import type { CheckTarget } from "../../target/target.ts";
import { atNode } from "./symptom.ts";
import type { Symptom } from "./symptom.ts";

/** Whether metrics can be read and are those of the expected servers. */
export function monitoringSymptoms(target: CheckTarget, observation: ClusterObservation): readonly Symptom[] {
  return [...exporterSymptoms(target, observation), ...serviceSymptoms(target, observation), ...prometheusSymptoms(target, observation)];
}

function exporterSymptoms(target: CheckTarget, { exporters: seen }: ClusterObservation): readonly Symptom[] {
  const { exporters } = target;
  if (exporters === undefined || seen === undefined) return [];
  const nodes = exporters.nodes.flatMap(({ node, port }) => ofExporter(seen.nodes[node], { place: atNode(node), metric: "pg_up", port }));
  const processes = exporters.processes.flatMap(({ number, port }) =>
    ofExporter(seen.processes[number], { place: { kind: "console", process: number }, metric: "pgbouncer_up", port }),
  );
  return [...nodes, ...processes];
}

function ofExporter(
  seen: Observed<ExporterFacts> | undefined,
  { place, metric, port }: { readonly place: Place; readonly metric: string; readonly port: number },
): readonly Symptom[] {
  const expected = `${metric} 1`;
  if (seen === undefined || (seen.ok && seen.value.up === true)) return [];
  if (!seen.ok) {
    const observed = `port ${port}: ${failureText(seen.failure)}`;
    return [{ code: "exporter-unreachable", place, observed, expected }];
  }
  const observed = seen.value.up === false ? `${metric} is not 1` : `no ${metric} in its answer`;
  return [{ code: "exporter-target-down", place, observed: `port ${port}: ${observed}`, expected }];
}

/** Prometheus, Alertmanager and Grafana as services that answer or do not. */
function serviceSymptoms({ monitoring: expected }: CheckTarget, { monitoring: seen }: ClusterObservation): readonly Symptom[] {
  if (expected === undefined || seen === undefined) return [];
  return (["prometheus", "alertmanager", "grafana"] as const).flatMap((service): Symptom[] => {
    const answer = seen[service];
    if (answer === undefined || answer.ok) return [];
    const observed = `port ${expected[service]?.port ?? 0}: ${failureText(answer.failure)}`;
    return [{ code: "monitoring-unreachable", place: undefined, service, observed, expected: `${service} answers` }];
  });
}

/** What Prometheus itself says of its targets and rules. */
function prometheusSymptoms({ monitoring }: CheckTarget, { monitoring: seen, exporters }: ClusterObservation): readonly Symptom[] {
  if (monitoring === undefined || seen?.prometheus.ok !== true) return [];
  const { downTargets, brokenRules } = seen.prometheus.value;
  return [
    ...downTargets.flatMap((down) => ofTarget(down, exporters)),
    ...brokenRules.map(({ name, error }): Symptom => ({
      code: "alert-rule-broken",
      place: undefined,
      service: "prometheus",
      observed: `rules that fail: {subjects}; the first: ${error}`,
      expected: "Prometheus evaluates every rule",
      group: { key: "rules", subject: name },
    })),
  ];
}

function ofTarget({ job, node, process, error, since }: DownTarget, exporters: ExportersObservation | undefined): readonly Symptom[] {
  const place: Place | undefined = node !== undefined ? atNode(node) : process !== undefined ? { kind: "console", process } : undefined;
  const exporter =
    place?.kind === "node" ? exporters?.nodes[place.node] : place?.kind === "console" ? exporters?.processes[place.process] : undefined;
  if (isYounger(exporter, since)) return [];
  const observed = `target ${node ?? (process === undefined ? job : services.pgbouncer(process))}: ${error}`;
  return [{ code: "prometheus-target-down", place, service: "prometheus", observed, expected: "Prometheus reads its metrics" }];
}

/** Whether an exporter started after a reading that failed, which says nothing of it then. */
function isYounger(exporter: Observed<ExporterFacts> | undefined, reading: number | undefined): boolean {
  const startedAt = exporter?.ok === true ? exporter.value.startedAt : undefined;
  return reading !== undefined && startedAt !== undefined && reading < startedAt;
}
