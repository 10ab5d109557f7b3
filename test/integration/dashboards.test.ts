import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";

import { dashboardExpressions } from "../../src/monitoring/dashboards/dashboards.ts";
import { clusterSeries } from "../../testing/dashboard-series.ts";
import { ToolImage } from "../../testing/tool-image.ts";

/**
 * What the dashboards ask, answered by Prometheus' own engine from series with the labels that real targets have: whether it is
 * PromQL, whether labels match, and whether anything comes back.
 */
describe("the dashboards' expressions, in Prometheus", () => {
  let image: ToolImage;
  const replicas = ["pg2", "pg3"];
  const fired = [{ alertname: "DiskFull", severity: "warning", node: "pg2" }];

  beforeAll(async () => {
    image = await ToolImage.build("prometheus");
  });
  afterAll(async () => {
    await image?.remove();
  });

  /** One test of promtool for each expression: that it gives a series. */
  function input(names: readonly string[], alerts: typeof fired, expressions: readonly { readonly expr: string }[]): string {
    return stringify(
      {
        evaluation_interval: "15s",
        tests: [
          {
            interval: "15s",
            input_series: clusterSeries(names, alerts).series,
            promql_expr_test: expressions.map(({ expr }) => ({
              expr: `count(${expr}) > bool 0`,
              eval_time: "5m",
              exp_samples: [{ labels: "{}", value: 1 }],
            })),
          },
        ],
      },
      { lineWidth: 0, aliasDuplicateObjects: false },
    );
  }

  async function promtool(test: string): Promise<string> {
    const { code, output } = await image.run({ "test.yml": test }, "promtool test rules test.yml 2>&1");
    return code === 0 ? "all answered" : output;
  }

  it("give something on a cluster with replicas and an alert that fires", async () => {
    const expressions = dashboardExpressions({ stack: "test", node: "pg1|pg2|pg3", rateInterval: "1m" });
    expect(await promtool(input(replicas, fired, expressions))).toBe("all answered");
  });

  it("give something on a single healthy node, but for those that say what it has not", async () => {
    const expressions = dashboardExpressions({ stack: "test", node: ".+", rateInterval: "1m" }).filter(({ mayBeEmpty }) => !mayBeEmpty);
    expect(expressions.length).toBeGreaterThan(50);
    expect(await promtool(input([], [], expressions))).toBe("all answered");
  });

  it("give nothing of another stack, so a test without an answer is seen", async () => {
    const [up] = dashboardExpressions({ stack: "other", node: ".+", rateInterval: "1m" }).filter(({ panel }) => panel === "Role");
    expect(up).toBeDefined();
    expect(await promtool(input(replicas, fired, up === undefined ? [] : [up]))).toContain("pgstack_node_in_recovery");
  });
});
