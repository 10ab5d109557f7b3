import { describe, expect, it } from "vitest";

import { deadRules, publicSets, readScrape } from "../../../bench/lib/public-rules.ts";

describe("publicSets", () => {
  it("say which file of which commit each was read from", () => {
    expect(publicSets.map(({ name, rules }) => [name, rules.length])).toEqual([
      ["postgres_mixin alerts", 21],
      ["awesome-prometheus-alerts, PostgreSQL", 21],
      ["awesome-prometheus-alerts, PgBouncer", 6],
      ["postgres-observ-lib alerts", 17],
      ["Grafana dashboard 9628, PostgreSQL Database", 40],
    ]);
    for (const { repository, path, commit } of publicSets) {
      expect(commit).toMatch(/^[0-9a-f]{40}$/);
      expect(`${repository}/${path}`).toMatch(/^[\w.-]+(\/[\w.-]+)+$/);
    }
  });

  it("name metrics that can be names, each rule once", () => {
    for (const { name, rules } of publicSets) {
      expect(new Set(rules.map(({ rule }) => rule)).size, name).toBe(rules.length);
      for (const { rule, metrics, patterns = [] } of rules) {
        expect(metrics.length + patterns.length, rule).toBeGreaterThan(0);
        for (const metric of metrics) expect(metric, rule).toMatch(/^[a-z_]+$/);
      }
    }
  });
});

describe("deadRules", () => {
  const series = readScrape(
    ["# HELP pg_up is there", "pg_up 1", 'pg_locks_count{datname="a\\"b",mode="exclusivelock"} 0', "pg_settings_a{} 3", ""].join("\n"),
  );

  it("reads series with their labels", () => {
    expect(series).toEqual([
      { metric: "pg_up", labels: {} },
      { metric: "pg_locks_count", labels: { datname: 'a\\"b', mode: "exclusivelock" } },
      { metric: "pg_settings_a", labels: {} },
    ]);
  });

  it("says what is missing", () => {
    expect(
      deadRules(
        [
          { rule: "alive", metrics: ["pg_up"], patterns: ["pg_settings_.*"] },
          { rule: "metric", metrics: ["pg_up", "pg_replication_lag"] },
          { rule: "pattern", metrics: [], patterns: ["pg_bloat_.*"] },
          { rule: "label", metrics: ["pg_locks_count"], matchers: { pg_locks_count: { mode: "ExclusiveLock" } } },
        ],
        series,
      ),
    ).toEqual([
      { rule: "metric", missing: "pg_replication_lag" },
      { rule: "pattern", missing: "pg_bloat_.*" },
      { rule: "label", missing: 'pg_locks_count{"mode":"ExclusiveLock"}' },
    ]);
  });
});
