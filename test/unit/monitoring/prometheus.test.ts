import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { renderMonitoringFiles } from "../../../src/render/monitoring-files.ts";
import { aPlan } from "../../../testing/stacks.ts";
import type { StackKeys } from "../../../testing/stacks.ts";

interface PrometheusConfig {
  readonly global: Readonly<Record<string, string>>;
  readonly alerting?: unknown;
  readonly scrape_configs: readonly {
    readonly job_name: string;
    readonly static_configs: readonly { readonly targets: readonly string[]; readonly labels: Readonly<Record<string, string>> }[];
  }[];
}

function configOf(keys: StackKeys): PrometheusConfig {
  const file = renderMonitoringFiles(aPlan(keys))?.prometheus.find(({ path }) => path === "prometheus.yml");
  if (file?.kind !== "plain") throw new Error("no plain prometheus.yml");
  return parse(file.content) as PrometheusConfig;
}

const targetsOf = ({ scrape_configs }: PrometheusConfig): (readonly [string, string, Readonly<Record<string, string>>])[] =>
  scrape_configs.flatMap(({ job_name, static_configs }) =>
    static_configs.map(({ targets, labels }) => [job_name, targets.join(","), labels] as const),
  );

describe("prometheus.yml", () => {
  it("has one target for each exporter and for Prometheus itself, with stack and node; none says who leads", () => {
    expect(targetsOf(configOf({ replicas: 1, leader: "pg2", monitoring: { prometheus: true } }))).toEqual([
      ["postgres", "pg1-exporter:9187", { stack: "test", node: "pg1" }],
      ["postgres", "pg2-exporter:9187", { stack: "test", node: "pg2" }],
      ["pooler", "pgbouncer-1-exporter:9127", { stack: "test", process: "pgbouncer-1" }],
      ["pooler", "pgbouncer-2-exporter:9127", { stack: "test", process: "pgbouncer-2" }],
      ["prometheus", "127.0.0.1:9090", { stack: "test" }],
    ]);
  });

  it("sends alerts to Alertmanager if there is one, and reads it too", () => {
    expect(configOf({ monitoring: { prometheus: true } }).alerting).toBeUndefined();
    const config = configOf({ monitoring: { prometheus: true, alertmanager: {} } });
    expect(config.alerting).toEqual({ alertmanagers: [{ static_configs: [{ targets: ["alertmanager:9093"] }] }] });
    expect(targetsOf(config)).toContainEqual(["alertmanager", "alertmanager:9093", { stack: "test" }]);
  });

  it("gives the pooler's exporter the time that it needs to say that the pooler is down", () => {
    const pooler = (scrapeInterval: string): unknown =>
      configOf({ monitoring: { prometheus: true, scrapeInterval } }).scrape_configs.find(({ job_name }) => job_name === "pooler");
    expect(pooler("2s")).toMatchObject({ scrape_interval: "8s", scrape_timeout: "8s" });
    expect(pooler("15s")).not.toHaveProperty("scrape_interval");
  });

  it.each([
    ["15s", { scrape_interval: "15s", evaluation_interval: "15s", scrape_timeout: "10s" }],
    ["2s", { scrape_interval: "2s", evaluation_interval: "2s", scrape_timeout: "2s" }],
    ["1500ms", { scrape_interval: "1500ms", evaluation_interval: "1500ms", scrape_timeout: "1500ms" }],
  ])("reads every %s and waits no longer for an answer", (scrapeInterval, global) => {
    expect(configOf({ monitoring: { prometheus: true, scrapeInterval } }).global).toEqual(global);
  });
});
