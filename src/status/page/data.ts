import type { ProbeResult } from "../../check/run.ts";
import type { History } from "../history.ts";
import type { ClusterStatus } from "../model.ts";

/** Everything that the page shows: plain data, without secrets. */
export interface PageData {
  readonly status: ClusterStatus;
  /** Routes for reads, by name; all others are for writes. */
  readonly readRoutes: readonly string[];
  /** What a quick check found just now; undefined when it could not be made. */
  readonly probe: ProbeResult | undefined;
  readonly history: History;
  /** How often a served page renews itself; undefined: it is a file. */
  readonly refreshSeconds: number | undefined;
}
