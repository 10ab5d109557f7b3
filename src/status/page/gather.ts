import { readRouteName } from "../../read-route.ts";
import { probe } from "../../check/run.ts";
import type { CheckSecrets, CheckTarget } from "../../target/target.ts";
import type { LastCheck } from "../last-check.ts";
import { observeStatus } from "../observe/cluster.ts";
import { observeHistory } from "../observe/history.ts";
import { clusterStatus } from "../status.ts";
import type { PageData } from "./data.ts";

/** What the page is made from. */
export interface PageSource {
  readonly target: CheckTarget;
  readonly secrets: CheckSecrets;
  readonly lastCheck: LastCheck | null;
}

/** Asks cluster and Prometheus for everything on the page. */
export async function gatherPage(
  { target, secrets, lastCheck }: PageSource,
  refreshSeconds: number | undefined,
  signal: AbortSignal,
): Promise<PageData> {
  const [look, history] = await Promise.all([observeStatus(target, secrets, signal), observeHistory(target, signal)]);
  // Afterwards: its own clients would be among those that are counted.
  const found = await probe(target, secrets, { signal });
  return { status: clusterStatus(target, look, lastCheck), readRoutes: readRoutesOf(target), probe: found, history, refreshSeconds };
}

/** Routes for reads: that of the first database, and `<name>_ro` of each declared one. */
export function readRoutesOf({ readRoute, declared }: CheckTarget): readonly string[] {
  return [readRoute, ...(declared?.routed ?? []).map(readRouteName)];
}
