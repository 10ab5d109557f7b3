import { get } from "node:http";
import type { IncomingMessage } from "node:http";

import { failed, seen } from "../observation.ts";
import type { ExporterFacts, ExportersObservation, Observed } from "../observation.ts";
import type { CheckExporters } from "../target.ts";
import { remainingMs } from "./context.ts";
import type { ObserveContext } from "./context.ts";
import { failureOf, outOfTime } from "./failure.ts";

/** No exporter of ours says as much; whatever else answers at this port is not read to its end. */
const maxBytes = 16 * 1024 * 1024;

/** Reads the metrics of every exporter. */
export async function observeExporters(context: ObserveContext, exporters: CheckExporters): Promise<ExportersObservation> {
  const [pooler, ...nodes] = await Promise.all([
    observeExporter(context, exporters.poolerPort, "pgbouncer_up"),
    ...exporters.nodes.map(async ({ node, port }) => [node, await observeExporter(context, port, "pg_up")] as const),
  ]);
  return { pooler, nodes: Object.fromEntries(nodes) };
}

async function observeExporter(context: ObserveContext, port: number, metric: string): Promise<Observed<ExporterFacts>> {
  if (context.signal.aborted || remainingMs(context) === 0) return failed(outOfTime);
  const timeout = AbortSignal.timeout(remainingMs(context));
  try {
    const text = await fetchText(context.target.accessHost, port, {
      signal: AbortSignal.any([context.signal, timeout]),
    });
    return seen({ up: isUp(text, metric) });
  } catch (error) {
    return failed(timeout.aborted ? outOfTime : failureOf(error, context.secrets));
  }
}

/** Whether a metric is 1, in the text format of Prometheus; undefined when it is not there. */
export function isUp(text: string, metric: string): boolean | undefined {
  const value = new RegExp(`^${metric}(?:\\{[^}]*\\})? +(\\S+)`, "m").exec(text)?.[1];
  return value === undefined ? undefined : Number(value) === 1;
}

async function fetchText(host: string, port: number, { signal }: { readonly signal: AbortSignal }): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    // An agent of its own: the shared one may be told by the environment to use a proxy.
    get({ host, port, path: "/metrics", agent: false, signal }, resolve).on("error", reject);
  });
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`HTTP status ${response.statusCode ?? "unknown"} instead of 200`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.iterator({ destroyOnReturn: true })) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes of metrics`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
