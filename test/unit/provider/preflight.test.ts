import { describe, expect, it } from "vitest";

import { preflight } from "../../../provider/kinds/preflight.ts";
import type { Context } from "../../../provider/kind.ts";

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };

const deployed = {
  // Nothing answers there: nothing is asked.
  host: "tcp://127.0.0.1:1",
  prefix: "pgstack-a",
  leader: "pg1",
  major: 17,
  locale: "C.UTF-8",
  network: { name: "pgstack-a-net", subnet: "172.29.10.0/24" },
  bindAddress: "127.0.0.1",
  memoryMb: 512,
  cpus: 0,
  containers: ["pgstack-a-pg1"],
  ports: [15432],
  published: { "pgstack-a-pg1": 15432 },
  addresses: { "pgstack-a-pg1": "172.29.10.4" },
  nodes: [{ name: "pg1", dataVolume: "pgstack-a-pg1-data" }],
  declared: { databases: {}, users: [], entries: {}, first: { database: "app", owner: "app" }, remove: { databases: [], users: {} } },
};

describe("the preflight", () => {
  it("refuses another name of a deployed stack by one error, whatever else changed with it", async () => {
    const news = JSON.parse(JSON.stringify(deployed).replaceAll("pgstack-a", "shop-b")) as typeof deployed;
    expect(await preflight.check?.(context, deployed, { ...news, leader: "pg2" })).toEqual([
      "the stack's name on the engine: cannot change from pgstack-a to shop-b: refused, because the cluster's data is in volumes of the first name, and the second would begin an empty cluster. " +
        "Rename it back, so that names begin with pgstack-a again: pulumi stack rename <its first name>. For another name deploy another stack and move the data",
    ]);
  });
});
