import { stringify } from "yaml";

import { monitoringPorts } from "../plan/monitoring-containers.ts";
import { services } from "../plan/names.ts";
import { paths } from "../layout.ts";
import type { ClusterPlan, ExportersPlan, MonitoringPlan } from "../plan/types.ts";

/** Ports inside the exporters' containers. */
const exporterPorts = { node: 9187, pooler: 9127 } as const;

/** Longest time that a target may take to answer, in seconds; never more than the interval. */
const longestScrapeS = 10;

/**
 * Shortest time between two readings of the pooler, in seconds. While PgBouncer is down its exporter needs 6 s to say so, since
 * each of its six questions waits for a second: a shorter reading would take it for a dead exporter.
 */
const shortestPoolerS = 8;

/** `prometheus.yml`: what is read how often, and where alerts go. Deterministic. */
export function renderPrometheusConfig(plan: ClusterPlan, monitoring: MonitoringPlan, exporters: ExportersPlan): string {
  const interval = seconds(monitoring.scrapeIntervalS);
  const config = {
    global: {
      scrape_interval: interval,
      scrape_timeout: seconds(Math.min(monitoring.scrapeIntervalS, longestScrapeS)),
      evaluation_interval: interval,
    },
    rule_files: [`${paths.config}/rules.yml`],
    ...(monitoring.alertmanager === undefined
      ? {}
      : {
          alerting: { alertmanagers: [{ static_configs: [{ targets: [`${services.alertmanager}:${monitoringPorts.alertmanager}`] }] }] },
        }),
    scrape_configs: scrapeConfigs(plan, monitoring, exporters),
  };
  return `# Rendered for ${plan.stack} by pgstack. Do not edit.\n${stringify(config, { version: "1.1", lineWidth: 0 })}`;
}

interface ScrapeConfig {
  readonly job_name: string;
  readonly scrape_interval?: string;
  readonly scrape_timeout?: string;
  readonly static_configs: readonly { readonly targets: readonly string[]; readonly labels: Readonly<Record<string, string>> }[];
}

function scrapeConfigs(plan: ClusterPlan, monitoring: MonitoringPlan, exporters: ExportersPlan): readonly ScrapeConfig[] {
  const target = (address: string, labels: Readonly<Record<string, string>> = {}): ScrapeConfig["static_configs"][number] => ({
    targets: [address],
    labels: { stack: plan.stack, ...labels },
  });
  return [
    {
      job_name: "postgres",
      static_configs: exporters.nodes.map(({ node }) => target(`${services.nodeExporter(node)}:${exporterPorts.node}`, { node })),
    },
    {
      job_name: "pooler",
      ...(monitoring.scrapeIntervalS < shortestPoolerS
        ? { scrape_interval: seconds(shortestPoolerS), scrape_timeout: seconds(shortestPoolerS) }
        : {}),
      static_configs: exporters.processes.map(({ number }) =>
        target(`${services.processExporter(number)}:${exporterPorts.pooler}`, { process: services.pgbouncer(number) }),
      ),
    },
    { job_name: "prometheus", static_configs: [target(`127.0.0.1:${monitoringPorts.prometheus}`)] },
    ...(monitoring.alertmanager === undefined
      ? []
      : [{ job_name: "alertmanager", static_configs: [target(`${services.alertmanager}:${monitoringPorts.alertmanager}`)] }]),
  ];
}

/** As Prometheus reads a time: whole milliseconds when it is no whole second. */
function seconds(value: number): string {
  return Number.isInteger(value) ? `${value}s` : `${Math.round(value * 1000)}ms`;
}
