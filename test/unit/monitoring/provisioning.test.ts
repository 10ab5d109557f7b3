import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { renderGrafanaFiles } from "../../../src/monitoring/provisioning.ts";
import { grafanaEnvironment, grafanaFiles, grafanaImage } from "../../../src/plan/grafana.ts";
import { paths } from "../../../src/layout.ts";
import { someLimits } from "../../../testing/dashboards.ts";

const files = renderGrafanaFiles({ scrapeIntervalS: 20, prometheusUrl: "http://prometheus:9090", limits: someLimits });
const contentOf = (path: string): string => files.find((file) => file.path === path)?.content ?? "";

describe("Grafana's files", () => {
  it("are these", () => {
    expect(files.map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      "provisioning/datasources/pgstack.yaml plain",
      "provisioning/dashboards/pgstack.yaml plain",
      "dashboards/pgstack-cluster.json plain",
      "dashboards/pgstack-node.json plain",
      "dashboards/pgstack-replication.json plain",
      "dashboards/pgstack-pooler.json plain",
    ]);
  });

  it("give it one data source that nobody can edit, with the uid that panels name and the interval that rates rest on", () => {
    expect(parse(contentOf("provisioning/datasources/pgstack.yaml"))).toEqual({
      apiVersion: 1,
      prune: true,
      datasources: [
        {
          name: "Prometheus",
          type: "prometheus",
          uid: "pgstack",
          access: "proxy",
          url: "http://prometheus:9090",
          isDefault: true,
          editable: false,
          jsonData: { httpMethod: "POST", prometheusType: "Prometheus", timeInterval: "20s", manageAlerts: false },
        },
      ],
    });
  });

  it("have it read the dashboards from where they are", () => {
    const { providers } = parse(contentOf("provisioning/dashboards/pgstack.yaml")) as { readonly providers: readonly unknown[] };
    expect(providers).toEqual([
      {
        name: "pgstack",
        orgId: 1,
        type: "file",
        folder: "pgstack",
        folderUid: "pgstack",
        disableDeletion: false,
        allowUiUpdates: false,
        updateIntervalSeconds: 30,
        options: { path: "/etc/pgstack/dashboards", foldersFromFilesStructure: false },
      },
    ]);
  });

  it("hold no dollar sign that Grafana would take for a variable of its environment", () => {
    expect(files.filter(({ path }) => path.endsWith(".yaml")).filter(({ content }) => content.includes("$"))).toEqual([]);
  });
});

describe("Grafana's environment", () => {
  it("names sections and keys of its configuration", () => {
    for (const name of Object.keys(grafanaEnvironment)) expect(name).toMatch(/^GF(_[A-Z]+)+$/);
  });

  it("holds no secret, and no variable whose value the image's start script would put there", () => {
    expect(grafanaEnvironment["GF_SECURITY_ADMIN_PASSWORD"]).toBe(`$__file{${paths.config}/${grafanaFiles.password}}`);
    expect(Object.keys(grafanaEnvironment).filter((name) => name.endsWith("__FILE"))).toEqual([]);
  });

  it.each([
    ["GF_AUTH_ANONYMOUS_ENABLED", "false"],
    ["GF_USERS_ALLOW_SIGN_UP", "false"],
    ["GF_PUBLIC_DASHBOARDS_ENABLED", "false"],
    ["GF_SNAPSHOTS_EXTERNAL_ENABLED", "false"],
    ["GF_SECURITY_ALLOW_EMBEDDING", "false"],
    ["GF_SECURITY_DISABLE_GRAVATAR", "true"],
    ["GF_ANALYTICS_REPORTING_ENABLED", "false"],
    ["GF_ANALYTICS_CHECK_FOR_UPDATES", "false"],
    ["GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "false"],
    ["GF_NEWS_NEWS_FEED_ENABLED", "false"],
    ["GF_PLUGINS_PREINSTALL_DISABLED", "true"],
    ["GF_PLUGINS_PREINSTALL_AUTO_UPDATE", "false"],
    ["GF_UNIFIED_ALERTING_ENABLED", "false"],
  ])("says of %s that it is %s", (name, value) => {
    expect(grafanaEnvironment[name]).toBe(value);
  });

  it("opens with a dashboard that is there, from the folder that is provisioned", () => {
    const home = grafanaEnvironment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]?.slice(`${paths.config}/`.length) ?? "";
    expect(contentOf(home)).toContain('"uid": "pgstack-cluster"');
    const provisioning = grafanaEnvironment["GF_PATHS_PROVISIONING"]?.slice(`${paths.config}/`.length) ?? "";
    expect(files.filter(({ path }) => path.startsWith(`${provisioning}/`))).toHaveLength(2);
  });

  it("goes with an image of a fixed version", () => {
    expect(grafanaImage).toMatch(/^grafana\/grafana:\d+\.\d+\.\d+$/);
  });
});
