import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { isRunning, restartContainer } from "../../src/engine/container.ts";
import type { Context } from "../kind.ts";
import type { PrometheusReload } from "./prometheus.ts";
import { lastReload } from "./prometheus.ts";

/** Alertmanager and Prometheus end within a second or two. */
const stopS = 30;
/** Prometheus replays its own log of a large head first. */
const startTimeoutMs = 60_000;

/**
 * Restarts a container that an earlier version may have signalled by the engine: the engine then counts it as stopped by hand
 * and does not start it again when its process ends. The engine does not show this mark, and only a start removes it.
 */
export async function liftStopMark(context: Context, engine: Engine, reload: PrometheusReload): Promise<void> {
  const { container } = reload;
  if (!(await isRunning(engine, container))) return;
  await restartContainer(engine, container, stopS);
  // The server that is reloaded next must have read its files before.
  const hasFiles = async (): Promise<true | undefined> => (((await lastReload(context, reload))?.at ?? 0) > 0 ? true : undefined);
  await poll(hasFiles, { everyMs: 100, timeoutMs: startTimeoutMs, signal: context.signal });
  context.log("info", `${container} restarted once: an earlier version may have cost it its restart policy`);
}
