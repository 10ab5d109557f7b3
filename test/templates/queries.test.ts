import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

import { renderExporterFiles } from "../../src/render/exporter-files.ts";
import type { StackKeys } from "../../testing/stacks.ts";
import { aPlan, textOfFile } from "../../testing/stacks.ts";

const metric = z.record(z.string(), z.strictObject({ usage: z.enum(["LABEL", "GAUGE"]), description: z.string().min(1) }));
const file = z.record(z.string(), z.strictObject({ query: z.string(), metrics: z.array(metric) }));

/** The queries of a stack with that many replicas. */
function queriesOf(config: StackKeys): z.output<typeof file> {
  const found = renderExporterFiles(aPlan(config)).find(({ path }) => path === "queries.yaml");
  if (found === undefined) throw new Error("there is no queries.yaml");
  return file.parse(parse(textOfFile(found)));
}

/** Metric → labels, as the exporter names them. */
function metricsOf(queries: z.output<typeof file>): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(queries).flatMap(([name, { metrics }]) => {
      const columns = metrics.flatMap((one) => Object.entries(one));
      const labels = columns.filter(([, { usage }]) => usage === "LABEL").map(([column]) => column);
      return columns.filter(([, { usage }]) => usage === "GAUGE").map(([column]) => [`${name}_${column}`, labels] as const);
    }),
  );
}

describe("queries.yaml", () => {
  it("has every metric that alerts and dashboards are made of", () => {
    const node = [
      "pgstack_node_in_recovery",
      "pgstack_node_timeline",
      "pgstack_node_settings_pending_restart",
      "pgstack_node_settings_by_hand",
      "pgstack_node_replay_paused",
      "pgstack_node_connections_used",
      "pgstack_node_connections_max",
      "pgstack_node_idle_in_transaction_seconds",
      "pgstack_node_prepared_oldest_seconds",
      "pgstack_node_transaction_id_age",
      "pgstack_node_checksum_failures",
      "pgstack_node_archive_waiting_seconds",
      "pgstack_node_disk_size_bytes",
      "pgstack_node_disk_free_bytes",
      "pgstack_node_wal_bytes",
      "pgstack_heartbeat_age_seconds",
      "pgstack_receiver_streaming",
      "pgstack_receiver_message_age_seconds",
      "pgstack_replicas_declared",
      "pgstack_replicas_streaming",
    ];
    const slot = ["active", "declared", "behind_bytes", "cap_bytes", "lost", "xmin_age"].map((column) => `pgstack_slot_${column}`);
    const activity = ["datname", "state", "usename", "backend_type", "wait_event_type"];
    expect(metricsOf(queriesOf({}))).toEqual({
      ...Object.fromEntries(node.map((name) => [name, []])),
      ...Object.fromEntries(slot.map((name) => [name, ["slot"]])),
      pgstack_replica_replay_behind_bytes: ["replica"],
      pg_stat_activity_count: activity,
      pg_stat_activity_max_tx_duration: activity,
    });
  });

  it("gives each column that a query selects a use: another would become a metric without a type", () => {
    for (const [name, { query, metrics }] of Object.entries(queriesOf({}))) {
      for (const column of metrics.flatMap((one) => Object.keys(one)))
        expect(query, `${name}: ${column}`).toMatch(new RegExp(`\\b${column}\\b`));
    }
  });

  it.each([
    [{ replicas: 0 }, "array['pg1']"],
    [{ replicas: 2 }, "array['pg1', 'pg2', 'pg3']"],
  ])("counts every node of %j but the one that is asked as a replica", (config, list) => {
    const queries = queriesOf(config);
    for (const name of ["pgstack_replicas", "pgstack_replica_replay", "pgstack_slot"])
      expect(queries[name]?.query).toContain(`array_remove(${list}, current_setting('cluster_name'))`);
  });

  it("is the same whichever node leads", () => {
    expect(queriesOf({ replicas: 2, leader: "pg2" })).toEqual(queriesOf({ replicas: 2 }));
  });

  it("reads and changes nothing", () => {
    for (const { query } of Object.values(queriesOf({}))) {
      expect(query).toMatch(/^select /);
      expect(query).not.toMatch(/;|\b(insert|update|delete|truncate|drop|alter|create|set)\b/i);
    }
  });
});
