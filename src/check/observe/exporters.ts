import { fetchText } from "../../http.ts";
import { metricValue } from "../../promql/metric-value.ts";
import { failed, seen } from "../observation.ts";
import type { ExporterFacts, ExportersObservation, Observed } from "../observation.ts";
import type { CheckExporters } from "../../target/target.ts";
import { remainingMs } from "./context.ts";
import type { ObserveContext } from "./context.ts";
import { failureOf, outOfTime } from "./failure.ts";

/** Reads the metrics of every exporter. */
export async function observeExporters(context: ObserveContext, exporters: CheckExporters): Promise<ExportersObservation> {
  const [processes, nodes] = await Promise.all([
    Promise.all(
      exporters.processes.map(async ({ number, port }) => [number, await observeExporter(context, port, "pgbouncer_up")] as const),
    ),
    Promise.all(exporters.nodes.map(async ({ node, port }) => [node, await observeExporter(context, port, "pg_up")] as const)),
  ]);
  return { processes: Object.fromEntries(processes), nodes: Object.fromEntries(nodes) };
}

async function observeExporter(context: ObserveContext, port: number, metric: string): Promise<Observed<ExporterFacts>> {
  if (context.signal.aborted || remainingMs(context) === 0) return failed(outOfTime);
  const timeout = AbortSignal.timeout(remainingMs(context));
  try {
    const text = await fetchText({ host: context.target.accessHost, port }, "/metrics", {
      signal: AbortSignal.any([context.signal, timeout]),
    });
    return seen({ up: isUp(text, metric), startedAt: metricValue(text, "process_start_time_seconds") });
  } catch (error) {
    return failed(timeout.aborted ? outOfTime : failureOf(error, context.secrets));
  }
}

/** Whether a metric is 1, in the text format of Prometheus; undefined when it is missing. */
export function isUp(text: string, metric: string): boolean | undefined {
  const value = metricValue(text, metric);
  return value === undefined ? undefined : value === 1;
}
