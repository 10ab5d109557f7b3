import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import type { DashboardExpression } from "../../src/monitoring/dashboards/dashboards.ts";
import { dashboardExpressions, dashboardVariables } from "../../src/monitoring/dashboards/dashboards.ts";
import { Deployment } from "../../testing/deployment.ts";

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly unknown[] };
}

/** What the dashboards ask, answered by the Prometheus of a real cluster. */
describe("the dashboards on a real cluster", () => {
  let deployment: Deployment;
  let url: string;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB", monitoring: { prometheus: true, scrapeInterval: "2s" } });
    await deployment.up();
    const { check } = await deployment.outputs();
    url = `http://127.0.0.1:${check.target.monitoring?.prometheus.port ?? 0}/api/v1`;
  });
  afterAll(async () => {
    await deployment?.remove();
  });

  const values = (): Parameters<typeof dashboardExpressions>[0] => ({ stack: deployment.stack, node: "pg1|pg2", rateInterval: "10s" });

  async function ask({ expr }: DashboardExpression): Promise<Answer> {
    const response = await fetch(`${url}/query`, { method: "POST", body: new URLSearchParams({ query: expr }) });
    return (await response.json()) as Answer;
  }

  /** Those that are refused, or that give nothing though they should. */
  async function wanting(): Promise<readonly string[]> {
    const answers = await Promise.all(
      dashboardExpressions(values()).map(async (expression) => ({ ...expression, answer: await ask(expression) })),
    );
    return answers.flatMap(({ dashboard, panel, expr, mayBeEmpty, answer: { status, error, data } }) => {
      const where = `${dashboard}, ${panel}: ${expr}`;
      if (status !== "success") return [`${where} is refused: ${error ?? status}`];
      return !mayBeEmpty && (data?.result.length ?? 0) === 0 ? [`${where} gives nothing`] : [];
    });
  }

  it("have something to show on every panel, some scrapes after the deployment", async () => {
    let last: readonly string[] = [];
    await poll(
      async () => {
        last = await wanting();
        return last.length === 0 ? true : undefined;
      },
      { everyMs: 1000, timeoutMs: 60_000 },
    );
    expect(last).toEqual([]);
  });

  it("show what only a cluster with replicas has", async () => {
    const panels = [
      "Lag of replicas",
      "Not yet replayed",
      "Retained WAL",
      "Share of the cap",
      "WAL written",
      "Streams",
      "Last message",
      "Paused",
    ];
    const asked = dashboardExpressions(values()).filter(({ panel }) => panels.includes(panel));
    const answers = await Promise.all(asked.map(async (expression) => ({ panel: expression.panel, ...(await ask(expression)) })));
    expect(answers.filter(({ data }) => (data?.result.length ?? 0) === 0).map(({ panel }) => panel)).toEqual([]);
    expect(new Set(asked.map(({ panel }) => panel))).toEqual(new Set(panels));
  });

  it("offer the stack and its nodes to choose from", async () => {
    const choices = await Promise.all(
      dashboardVariables(values()).map(async ({ name, selector, label }) => {
        const response = await fetch(`${url}/label/${label}/values?${new URLSearchParams({ "match[]": selector }).toString()}`);
        return [name, ((await response.json()) as { readonly data: readonly string[] }).data] as const;
      }),
    );
    expect(choices).toEqual([
      ["stack", [deployment.stack]],
      ["node", ["pg1", "pg2"]],
    ]);
  });
});
