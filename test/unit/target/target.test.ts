import { describe, expect, it } from "vitest";

import { checkTargetOf } from "../../../src/target/target.ts";
import type { CheckTarget } from "../../../src/target/target.ts";
import { parseConfig } from "../../../src/config/parse.ts";
import { planCluster } from "../../../src/plan/cluster.ts";

function targetOf(config: Readonly<Record<string, string>>): CheckTarget {
  const imageHashes = {
    postgres: "1",
    pooler: "2",
    listener: "7",
    postgresExporter: "3",
    poolerExporter: "4",
    prometheus: "5",
    alertmanager: "6",
    orchestrator: "8",
  };
  const context = { project: "pgstack", stack: "test", stackFile: "Pulumi.test.yaml", imageHashes };
  return checkTargetOf(planCluster(parseConfig(config, "Pulumi.test.yaml"), context));
}

describe("checkTargetOf", () => {
  it("takes from the plan what can be seen from outside", () => {
    expect(targetOf({ replicas: "1", database: "shop", appUser: "shopkeeper", checkTimeout: "90s" })).toMatchInlineSnapshot(`
      {
        "accessHost": "127.0.0.1",
        "appUser": "shopkeeper",
        "database": "shop",
        "engine": "unix:///var/run/docker.sock",
        "exporters": {
          "nodes": [
            {
              "container": "pgstack-test-pg1-exporter",
              "node": "pg1",
              "port": 9187,
            },
            {
              "container": "pgstack-test-pg2-exporter",
              "node": "pg2",
              "port": 9188,
            },
          ],
          "processes": [
            {
              "container": "pgstack-test-pgbouncer-1-exporter",
              "number": 1,
              "port": 9127,
            },
            {
              "container": "pgstack-test-pgbouncer-2-exporter",
              "number": 2,
              "port": 9128,
            },
          ],
        },
        "listenerContainer": "pgstack-test-pooler",
        "major": 17,
        "nodes": [
          {
            "container": "pgstack-test-pg1",
            "name": "pg1",
            "port": 5432,
          },
          {
            "container": "pgstack-test-pg2",
            "name": "pg2",
            "port": 5433,
          },
        ],
        "poolerPort": 6432,
        "processes": [
          {
            "container": "pgstack-test-pgbouncer-1",
            "number": 1,
            "port": 6433,
          },
          {
            "container": "pgstack-test-pgbouncer-2",
            "number": 2,
            "port": 6434,
          },
        ],
        "readRoute": "shop_ro",
        "stack": "test",
        "timeoutMs": 90000,
        "writeRoute": "shop",
      }
    `);
  });

  it("says of no node that it leads", () => {
    expect(targetOf({ replicas: "1", leader: "pg2" }).nodes).toEqual(targetOf({ replicas: "1", leader: "pg1" }).nodes);
    expect(JSON.stringify(targetOf({ replicas: "1" }))).not.toMatch(/leader|replica|slot/);
  });

  it("expects no metrics without exporters", () => {
    expect(targetOf({ exporters: "false" }).exporters).toBeUndefined();
  });
});
