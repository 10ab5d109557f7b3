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
          "poolerContainer": "pgstack-test-pooler-exporter",
          "poolerPort": 9127,
        },
        "leader": "pg1",
        "listenerContainer": "pgstack-test-pooler",
        "major": 17,
        "nodes": [
          {
            "container": "pgstack-test-pg1",
            "name": "pg1",
            "port": 5432,
            "role": "leader",
            "slot": undefined,
          },
          {
            "container": "pgstack-test-pg2",
            "name": "pg2",
            "port": 5433,
            "role": "replica",
            "slot": "pg2",
          },
        ],
        "poolerContainer": "pgstack-test-pgbouncer",
        "poolerPort": 6432,
        "readRoute": "shop_ro",
        "rotation": [
          "pg2",
        ],
        "stack": "test",
        "timeoutMs": 90000,
        "writeRoute": "shop",
      }
    `);
  });

  it("expects reads from the leader when there are no replicas", () => {
    expect(targetOf({ replicas: "0" })).toMatchObject({ leader: "pg1", rotation: ["pg1"] });
  });

  it("expects no metrics without exporters", () => {
    expect(targetOf({ exporters: "false" }).exporters).toBeUndefined();
  });
});
