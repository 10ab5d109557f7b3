import type { ClusterConfig } from "../config/schema.ts";
import { publishedForClients, publishedForOperators } from "./access.ts";
import { planAlerts } from "./alerts.ts";
import { configVolumeName, containerName, dataVolumeName, services } from "./names.ts";
import type { KeepingServicePlan, MonitoringPlan, MonitoringServicePlan } from "./types.ts";
import { parseDurationS, parseMemoryMb } from "../text/units.ts";

export const monitoringServiceNames = ["prometheus", "alertmanager", "grafana"] as const;
export type MonitoringService = (typeof monitoringServiceNames)[number];

/** Prometheus, Alertmanager and Grafana; undefined when the stack runs no Prometheus. */
export function planMonitoring(config: ClusterConfig, prefix: string): MonitoringPlan | undefined {
  const { monitoring, ports } = config;
  if (!monitoring.prometheus) return undefined;
  const { alertmanager, grafana } = monitoring;
  return {
    scrapeIntervalS: parseDurationS(monitoring.scrapeInterval),
    alerts: planAlerts(monitoring),
    prometheus: {
      ...keepingNames("prometheus", prefix),
      published: publishedForOperators(config),
      hostPort: ports.prometheus,
      memoryMb: parseMemoryMb(monitoring.memory),
      retentionS: parseDurationS(monitoring.retention),
      retentionMb: parseMemoryMb(monitoring.retentionSize),
    },
    alertmanager:
      alertmanager === undefined
        ? undefined
        : {
            ...keepingNames("alertmanager", prefix),
            published: publishedForOperators(config),
            hostPort: ports.alertmanager,
            memoryMb: parseMemoryMb(alertmanager.memory),
            receiver: alertmanager.receiver,
            email: alertmanager.email,
            repeatIntervalS: parseDurationS(alertmanager.repeatInterval),
          },
    grafana:
      grafana === undefined
        ? undefined
        : {
            ...monitoringNames("grafana", prefix),
            // It has a login.
            published: publishedForClients(config),
            hostPort: ports.grafana,
            memoryMb: parseMemoryMb(grafana.memory),
          },
  };
}

/** What one of them is called on the engine. */
export function monitoringNames(name: MonitoringService, prefix: string): Pick<MonitoringServicePlan, "container" | "configVolume"> {
  return { container: containerName(prefix, services[name]), configVolume: configVolumeName(prefix, services[name]) };
}

export function keepingNames(
  name: "prometheus" | "alertmanager",
  prefix: string,
): Pick<KeepingServicePlan, "container" | "configVolume" | "dataVolume"> {
  return { ...monitoringNames(name, prefix), dataVolume: dataVolumeName(prefix, services[name]) };
}

/** The services of a stack's monitoring by name, in a fixed order. */
export function monitoringServices(plan: MonitoringPlan | undefined): readonly (readonly [MonitoringService, MonitoringServicePlan])[] {
  return monitoringServiceNames.flatMap((name) => {
    const service = plan?.[name];
    return service === undefined ? [] : [[name, service] as const];
  });
}
