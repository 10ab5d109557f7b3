import { renderDashboards } from "../src/monitoring/dashboards/dashboards.ts";
import type { DashboardLimits } from "../src/monitoring/dashboards/limits.ts";
import type { Dashboard, Panel } from "../src/monitoring/dashboards/schema.ts";

/** A threshold for each alert that panels look at; no two are the same. */
export const someLimits: DashboardLimits = {
  ReplicaLagSeconds: { warning: { limit: 5 }, critical: { limit: 30 } },
  ReplicaLagBytes: { warning: { limit: 50 * 2 ** 20 }, critical: { limit: 100 * 2 ** 20 } },
  HeartbeatStale: { warning: { limit: 60 }, critical: { limit: 301 } },
  SlotRetainedWal: { warning: { limit: 0.5 }, critical: { limit: 0.81 } },
  XminAge: { warning: { limit: 10_000_000 }, critical: { limit: 50_000_000 } },
  ConnectionsUsed: { warning: { limit: 0.75 }, critical: { limit: 0.9 } },
  PoolerClientsWaiting: { warning: { limit: 0 }, critical: { limit: 6 } },
  PoolerClientsUsed: { warning: { limit: 0.8 }, critical: { limit: 0.95 } },
  IdleInTransaction: { warning: { limit: 300 }, critical: { limit: 900 } },
  Deadlocks: { warning: { limit: 7 } },
  PreparedTransactions: { warning: { limit: 601 }, critical: { limit: 3601 } },
  ArchiveFailing: { warning: { limit: 301 }, critical: { limit: 3602 } },
  TransactionIdAge: { warning: { limit: 0.51 }, critical: { limit: 0.76 } },
  DiskFull: { warning: { limit: 0.77 }, critical: { limit: 0.91 } },
};

/** The dashboards as Grafana reads them from their files. */
export function readDashboards(limits: DashboardLimits = someLimits): readonly Dashboard[] {
  return renderDashboards(limits).map(({ content }) => JSON.parse(content) as Dashboard);
}

/** Its panels without the headings. */
export function panelsOf({ panels }: Dashboard): readonly Panel[] {
  return panels.filter((panel): panel is Panel => panel.type !== "row");
}

/** The only panel of a title. */
export function panelNamed(dashboard: string, title: string, limits: DashboardLimits = someLimits): Panel {
  const found = readDashboards(limits)
    .filter((each) => each.title === dashboard)
    .flatMap(panelsOf)
    .filter((panel) => panel.title === title);
  const [panel] = found;
  if (panel === undefined || found.length > 1) throw new Error(`${found.length} panels ${title} on ${dashboard}`);
  return panel;
}
