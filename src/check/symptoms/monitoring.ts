import { failureText } from "../observation.ts";
import type { ClusterObservation, ExporterFacts, Observed } from "../observation.ts";
import type { Place } from "../logins.ts";
import type { CheckTarget } from "../target.ts";
import { atNode } from "./symptom.ts";
import type { Symptom } from "./symptom.ts";

/** Whether metrics can be read and tell of what they should. */
export function monitoringSymptoms(target: CheckTarget, { exporters: seen }: ClusterObservation): readonly Symptom[] {
  const { exporters } = target;
  if (exporters === undefined || seen === undefined) return [];
  const nodes = exporters.nodes.flatMap(({ node, port }) => ofExporter(seen.nodes[node], { place: atNode(node), metric: "pg_up", port }));
  const place: Place = { kind: "console" };
  const pooler = { place, metric: "pgbouncer_up", port: exporters.poolerPort };
  return [...nodes, ...ofExporter(seen.pooler, pooler)];
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
