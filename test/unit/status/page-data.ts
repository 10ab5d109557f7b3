import type { PageData } from "../../../src/status/page/data.ts";
import type { Chart, History } from "../../../src/status/history.ts";
import { chartSpecs } from "../../../src/status/history.ts";
import { aStatus } from "./fixtures.ts";

/** 12:00 UTC. */
export const noon = Date.parse("2026-11-25T12:00:00Z") / 1000;

/** Charts of an hour with a value each quarter of a minute. */
export function aHistory(over: Partial<Extract<History, { state: "read" }>> = {}): History {
  const points = Array.from({ length: 240 }, (_, index) => [noon - 3600 + index * 15, 2 + Math.sin(index / 20)] as const);
  const charts = chartSpecs("test").map((spec): Chart => ({
    ...spec,
    series: [
      { name: "pg1", colour: 0, dashed: false, points },
      { name: "pg2", colour: 1, dashed: false, points: points.slice(0, 100) },
    ],
  }));
  return { state: "read", from: noon - 3600, to: noon, charts, alerts: [], ...over };
}

export function aPage(over: Partial<PageData> = {}): PageData {
  return {
    status: aStatus(),
    readRoutes: ["app_ro"],
    probe: { state: "healthy", findings: [] },
    history: aHistory(),
    refreshSeconds: undefined,
    ...over,
  };
}
