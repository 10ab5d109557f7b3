import type { CheckTarget } from "../../target/target.ts";
import { fetchText } from "../../http.ts";
import type { Chart, ChartSpec, History } from "../history.ts";
import { chartSpecs, longestWindow, parseAlerts, parseRange, stepSeconds, windowFor } from "../history.ts";

/** How long Prometheus may take for all of it. */
const historyMs = 4000;

/** Asks the stack's Prometheus for the last hours and for alerts. If there is none, or no answer, that is returned and not thrown. */
export async function observeHistory({ stack, monitoring, nodes }: CheckTarget, signal: AbortSignal): Promise<History> {
  if (monitoring === undefined) return { state: "none" };
  const { prometheus: where } = monitoring;
  const late = AbortSignal.timeout(historyMs);
  const ask = async (path: string): Promise<string> => fetchText(where, path, { signal: AbortSignal.any([signal, late]) });
  const names = nodes.map(({ name }) => name);
  const to = Math.floor(Date.now() / 1000);
  try {
    const [alerts, ...charts] = await Promise.all([
      ask("/api/v1/alerts"),
      ...chartSpecs(stack).map(async (spec) => chart(spec, { to, names, ask })),
    ]);
    return { state: "read", from: to - windowFor(charts, to), to, charts, alerts: parseAlerts(alerts) };
  } catch (error) {
    signal.throwIfAborted();
    const reason = late.aborted ? `no answer within ${historyMs / 1000} s` : error instanceof Error ? error.message : String(error);
    return { state: "silent", reason };
  }
}

interface Asking {
  readonly to: number;
  readonly names: readonly string[];
  readonly ask: (path: string) => Promise<string>;
}

async function chart(spec: ChartSpec, { to, names, ask }: Asking): Promise<Chart> {
  const parts = await Promise.all(
    spec.queries.map(async (query, index) => {
      const range = { query: query.expression, start: `${to - longestWindow}`, end: `${to}`, step: `${stepSeconds}` };
      return parseRange(await ask(`/api/v1/query_range?${new URLSearchParams(range).toString()}`), query, { names, isSecond: index > 0 });
    }),
  );
  return { ...spec, series: parts.flat() };
}
