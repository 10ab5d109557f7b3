import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { signalInside } from "../../src/engine/signal-inside.ts";
import { UserError } from "../../src/errors.ts";
import { fetchText } from "../../src/http.ts";
import { metricValue } from "../../src/promql/metric-value.ts";
import type { Context } from "../kind.ts";
import { RefusedFiles } from "./refused-files.ts";

const reloadTimeoutMs = 10_000;
const requestTimeoutMs = 2000;

export interface PrometheusReload {
  /** Both count their reloads in metrics of the same form. */
  readonly server: "prometheus" | "alertmanager";
  readonly container: string;
  readonly address: { readonly host: string; readonly port: number };
}

/**
 * Makes Prometheus or Alertmanager reload its files and verifies in its metrics that it accepted them. One that is not up reads
 * the files when it starts.
 */
export async function reloadPrometheus(context: Context, engine: Engine, reload: PrometheusReload): Promise<void> {
  const { container, server } = reload;
  if (!(await isRunning(engine, container))) return;
  const before = await lastReload(context, reload);
  // It has only just started, and reads the current files.
  if (before === undefined) return;
  if (!(await signalInside(engine, container, "HUP"))) return;
  const seen = await poll(
    async () => {
      const now = await lastReload(context, reload);
      // After a refused file the time is still that of the last good one. An earlier refusal says nothing about this file.
      return now !== undefined && (now.at > before.at || (before.ok && !now.ok)) ? now : undefined;
    },
    { everyMs: 50, timeoutMs: reloadTimeoutMs, signal: context.signal },
  );
  if (seen?.ok === true) return;
  throw new (seen === undefined ? UserError : RefusedFiles)([
    {
      where: container,
      problem: seen === undefined ? `it did not read its files again within ${reloadTimeoutMs / 1000} s` : "it does not accept its files",
      fix: `its log says why: docker logs --tail 20 ${container}. Correct what stack config gives to ${server}, and deploy again`,
    },
  ]);
}

interface LastReload {
  readonly ok: boolean;
  /** When files were last accepted, in seconds since 1970. */
  readonly at: number;
}

/** Undefined when it does not answer. */
export async function lastReload(context: Context, { server, address }: PrometheusReload): Promise<LastReload | undefined> {
  try {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(requestTimeoutMs)]);
    const text = await fetchText(address, "/metrics", { signal });
    const value = (metric: string): number => metricValue(text, `${server}_config_${metric}`) ?? Number.NaN;
    return { ok: value("last_reload_successful") === 1, at: value("last_reload_success_timestamp_seconds") };
  } catch {
    context.signal.throwIfAborted();
    return undefined;
  }
}
