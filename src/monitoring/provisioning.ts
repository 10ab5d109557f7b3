import { grafanaFiles } from "../plan/grafana.ts";
import { paths } from "../layout.ts";
import type { PlainFile } from "../files/file-spec.ts";
import { plain } from "../files/file-spec.ts";
import { yamlText } from "../formats/yaml.ts";
import { renderDashboards } from "./dashboards/dashboards.ts";
import type { DashboardLimits } from "./dashboards/limits.ts";
import { datasource } from "./dashboards/panels.ts";

export interface GrafanaInput {
  readonly scrapeIntervalS: number;
  /** Where Grafana reaches Prometheus. */
  readonly prometheusUrl: string;
  /** Thresholds of the alerts: panels show the same. */
  readonly limits: DashboardLimits;
}

const heading = "Rendered by pgstack. Changes here are overwritten.";

/** Every file of Grafana's config volume that is no secret: data source, provider of the dashboards, dashboards. */
export function renderGrafanaFiles({ scrapeIntervalS, prometheusUrl, limits }: GrafanaInput): readonly PlainFile[] {
  const provisioned = (folder: string, content: unknown): PlainFile =>
    plain(`${grafanaFiles.provisioning}/${folder}/pgstack.yaml`, yamlText(content, heading));
  return [
    provisioned("datasources", datasources(prometheusUrl, scrapeIntervalS)),
    provisioned("dashboards", providers),
    ...renderDashboards(limits),
  ];
}

function datasources(url: string, scrapeIntervalS: number): unknown {
  return {
    apiVersion: 1,
    // A data source that is no longer in this file is removed.
    prune: true,
    datasources: [
      {
        name: "Prometheus",
        type: datasource.type,
        uid: datasource.uid,
        access: "proxy",
        url,
        isDefault: true,
        editable: false,
        jsonData: {
          httpMethod: "POST",
          prometheusType: "Prometheus",
          // From it Grafana takes the range of a rate: four scrapes at least.
          timeInterval: `${scrapeIntervalS}s`,
          manageAlerts: false,
        },
      },
    ],
  };
}

const providers = {
  apiVersion: 1,
  providers: [
    {
      name: "pgstack",
      orgId: 1,
      type: "file",
      folder: "pgstack",
      folderUid: "pgstack",
      // A dashboard that is no longer among the files is removed. In Grafana itself, dashboards from files cannot be deleted or changed.
      disableDeletion: false,
      allowUiUpdates: false,
      updateIntervalSeconds: 30,
      options: { path: `${paths.config}/${grafanaFiles.dashboards}`, foldersFromFilesStructure: false },
    },
  ],
};
