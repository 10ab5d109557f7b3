import { alertmanagerFiles, renderAlertmanager } from "../monitoring/alertmanager.ts";
import { alertInhibitions } from "../monitoring/inhibitions.ts";
import { renderPrometheusConfig } from "../monitoring/prometheus.ts";
import { renderGrafanaFiles } from "../monitoring/provisioning.ts";
import { grafanaFiles } from "../plan/grafana.ts";
import { monitoringPorts } from "../plan/monitoring-containers.ts";
import { services } from "../plan/names.ts";
import type { ClusterPlan, ClusterSecrets, MonitoringPlan, ServiceSecret } from "../plan/types.ts";
import { renderRules } from "./alert-rules.ts";
import type { FileSpec } from "../files/file-spec.ts";
import { plain, secret } from "../files/file-spec.ts";

/** Files of the monitoring's config volumes, by service. */
export interface MonitoringFiles {
  readonly prometheus: readonly FileSpec[];
  /** Undefined where the stack has no such service, as below. */
  readonly alertmanager: readonly FileSpec[] | undefined;
  readonly grafana: readonly FileSpec[] | undefined;
}

/** Undefined without Prometheus. */
export function renderMonitoringFiles(plan: ClusterPlan): MonitoringFiles | undefined {
  const { monitoring, exporters } = plan;
  if (monitoring === undefined || exporters === undefined) return undefined;
  const { scrapeIntervalS, alerts } = monitoring;
  return {
    prometheus: [
      plain("prometheus.yml", renderPrometheusConfig(plan, monitoring, exporters)),
      plain(
        "rules.yml",
        renderRules({
          stack: plan.stack,
          nodes: plan.nodes.map(({ name }) => name),
          processes: exporters.processes.map(({ number }) => services.pgbouncer(number)),
          scrapeIntervalS,
          alerts,
        }),
      ),
    ],
    alertmanager: monitoring.alertmanager && alertmanagerFilesOf(plan, monitoring.alertmanager),
    grafana: monitoring.grafana && grafanaFilesOf(monitoring),
  };
}

function alertmanagerFilesOf(
  plan: ClusterPlan,
  { receiver, email, repeatIntervalS }: NonNullable<MonitoringPlan["alertmanager"]>,
): readonly FileSpec[] {
  const inhibitions = alertInhibitions(plan.nodes.length - 1);
  const config = renderAlertmanager({ stack: plan.stack, receiver, email, repeatIntervalS, inhibitions });
  return [
    config,
    ...(receiver === "webhook" ? [secret(alertmanagerFiles.webhookUrl, 0o400, serviceSecret("alertWebhook"))] : []),
    ...(email?.user === undefined ? [] : [secret(alertmanagerFiles.emailPassword, 0o400, serviceSecret("alertEmailPassword"))]),
  ];
}

function grafanaFilesOf({ scrapeIntervalS, alerts }: MonitoringPlan): readonly FileSpec[] {
  const prometheusUrl = `http://${services.prometheus}:${monitoringPorts.prometheus}`;
  return [
    ...renderGrafanaFiles({ scrapeIntervalS, prometheusUrl, limits: alerts.alerts }),
    secret(grafanaFiles.password, 0o400, serviceSecret("grafana")),
  ];
}

function serviceSecret(name: ServiceSecret): (secrets: ClusterSecrets) => string {
  return ({ services: of }) => {
    const value = of?.[name];
    if (value === undefined) throw new Error(`no secret ${name}`);
    return value;
  };
}

/** The same as pairs of a service and its files. */
export function monitoringFilesOf(files: MonitoringFiles | undefined): readonly (readonly [string, readonly FileSpec[]])[] {
  return Object.entries(files ?? {}).flatMap(([service, of]: [string, readonly FileSpec[] | undefined]) =>
    of === undefined ? [] : [[service, of] as const],
  );
}
