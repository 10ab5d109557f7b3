import type { ClusterPlan } from "../plan/types.ts";
import { renderExporterFiles } from "./exporter-files.ts";
import type { FileSpec } from "../files/file-spec.ts";
import { plain } from "../files/file-spec.ts";
import { declaredRoutes, routesFiles } from "../pgbouncer/routes.ts";
import type { MonitoringFiles } from "./monitoring-files.ts";
import { renderMonitoringFiles } from "./monitoring-files.ts";
import { renderNodeFiles } from "./node-files.ts";
import { renderPoolerFiles } from "./pooler-files.ts";

/** The files of a whole cluster, by config volume. Every plain file is rendered here, before any resource exists. */
export interface RenderedFiles {
  readonly nodes: ReadonlyMap<string, readonly FileSpec[]>;
  readonly pooler: readonly FileSpec[];
  /** The pooler's routes as they are before anything has happened to the cluster. */
  readonly routes: readonly FileSpec[];
  /** Undefined without exporters. */
  readonly exporters: readonly FileSpec[] | undefined;
  /** Undefined without Prometheus. */
  readonly monitoring: MonitoringFiles | undefined;
}

/** Renders every file of a cluster: same plan, same bytes. */
export function renderFiles(plan: ClusterPlan): RenderedFiles {
  return {
    nodes: new Map(plan.nodes.map((node) => [node.name, renderNodeFiles(plan, node)])),
    pooler: renderPoolerFiles(plan),
    routes: routesFiles(declaredRoutes(plan)).map(({ path, content }) => plain(path, content)),
    exporters: plan.exporters === undefined ? undefined : renderExporterFiles(plan),
    monitoring: renderMonitoringFiles(plan),
  };
}
