import { renderPrometheusConfig } from "../monitoring/prometheus.ts";
import type { ClusterPlan } from "../plan/types.ts";
import { renderRules } from "./alert-rules.ts";
import type { FileSpec } from "./file-spec.ts";
import { plain } from "./file-spec.ts";

/** Files of the monitoring's config volumes, by service; undefined without Prometheus. */
export interface MonitoringFiles {
  readonly prometheus: readonly FileSpec[];
  readonly alertmanager: readonly FileSpec[] | undefined;
  readonly grafana: readonly FileSpec[] | undefined;
}

export function renderMonitoringFiles(plan: ClusterPlan): MonitoringFiles | undefined {
  const { monitoring, exporters } = plan;
  if (monitoring === undefined || exporters === undefined) return undefined;
  return {
    prometheus: [
      plain("prometheus.yml", renderPrometheusConfig(plan, monitoring, exporters)),
      plain("rules.yml", renderRules({ ...plan, ...monitoring })),
    ],
    alertmanager: undefined,
    grafana: undefined,
  };
}

/** The same as pairs of a service and its files. */
export function monitoringFilesOf(files: MonitoringFiles | undefined): readonly (readonly [string, readonly FileSpec[]])[] {
  return Object.entries(files ?? {}).flatMap(([service, of]: [string, readonly FileSpec[] | undefined]) =>
    of === undefined ? [] : [[service, of] as const],
  );
}
