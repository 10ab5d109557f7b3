import type { Engine } from "../../src/engine/connect.ts";
import { isRunning, restartContainer } from "../../src/engine/container.ts";
import type { Context } from "../kind.ts";

/** An exporter has no work that it must finish before it stops. */
const stopS = 5;

/** Exporters read their password and their queries once, when they start. The check proves afterwards that each of them sees its server. */
export async function restartExporters(context: Context, engine: Engine, containers: readonly string[]): Promise<void> {
  for (const container of containers) {
    if (!(await isRunning(engine, container))) continue;
    context.status(`restarting ${container}`);
    await restartContainer(engine, container, stopS);
  }
}
