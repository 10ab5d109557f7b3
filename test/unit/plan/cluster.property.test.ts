import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { directConnections, monitoringConnections } from "../../../src/plan/connections.ts";
import { listenerMemoryMb } from "../../../src/plan/pooler.ts";
import type { ClusterPlan, NodePlan, RoutePlan } from "../../../src/plan/types.ts";
import type { FileSpec } from "../../../src/files/file-spec.ts";
import { renderFiles } from "../../../src/render/files.ts";
import { cases } from "../../../testing/cases.ts";
import { legalKeys } from "../../../testing/config-arbitrary.ts";
import type { StackKeys } from "../../../testing/stacks.ts";
import { allFiles, aPlan, fakeUserPassword, secretValues, textOfFile } from "../../../testing/stacks.ts";

const numberOf = (node: NodePlan, name: string): number => Number(node.settings.find((setting) => setting.name === name)?.value);
const unique = (values: readonly unknown[]): boolean => new Set(values).size === values.length;

/** Runs an assertion for the plan of any legal config. */
function forAnyPlan(assertion: (plan: ClusterPlan, keys: StackKeys) => void, numRuns = 200): void {
  fc.assert(
    fc.property(legalKeys, (keys) => assertion(aPlan(keys), keys)),
    { numRuns: cases(numRuns) },
  );
}

describe("any legal config", () => {
  it("gives exactly one leader, the declared one, and as many nodes as replicas and one", () => {
    forAnyPlan((plan, keys) => {
      expect(plan.nodes.filter(({ role }) => role === "leader").map(({ name }) => name)).toEqual([keys["leader"]]);
      expect(plan.nodes).toHaveLength(Number(keys["replicas"]) + 1);
    });
  });

  it("gives unique names, ports and slots, and each setting once", () => {
    forAnyPlan(({ nodes, pooler, exporters }) => {
      const services = [...nodes, pooler, ...(exporters === undefined ? [] : [...exporters.nodes, exporters.pooler])];
      expect(unique(nodes.map(({ name }) => name))).toBe(true);
      expect(unique(services.map(({ container }) => container))).toBe(true);
      expect(unique(services.map(({ hostPort }) => hostPort))).toBe(true);
      expect(unique([...nodes.flatMap(({ dataVolume, configVolume }) => [dataVolume, configVolume]), pooler.configVolume])).toBe(true);
      for (const { settings } of nodes) expect(unique(settings.map(({ name }) => name))).toBe(true);
      for (const { hostPort } of services) expect(hostPort).toBeLessThanOrEqual(65_535);
    });
  });

  it("gives each replica a slot of its name, and senders and slots for all of them", () => {
    forAnyPlan(({ nodes }) => {
      const replicas = nodes.filter(({ role }) => role === "replica");
      const slots = nodes.flatMap(({ slot }) => slot ?? []);
      expect(slots).toEqual(replicas.map(({ name }) => name));
      for (const node of nodes) {
        expect(numberOf(node, "max_replication_slots")).toBeGreaterThanOrEqual(slots.length);
        expect(numberOf(node, "max_wal_senders")).toBeGreaterThan(replicas.length);
      }
    });
  });

  it("gives all nodes the same of what a replica must not have less of", () => {
    forAnyPlan(({ nodes }) => {
      for (const name of ["max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions"]) {
        expect(new Set(nodes.map((node) => node.settings.find((setting) => setting.name === name)?.value)).size, name).toBe(1);
      }
    });
  });

  it("never sends more reads than a last replica takes, nor more writes than the leader", () => {
    forAnyPlan(({ nodes, pooler }, keys) => {
      const [node] = nodes;
      if (node === undefined) throw new Error("a plan without nodes");
      const reserve = (keys["pooler"] as { readonly reserveSize?: number } | undefined)?.reserveSize ?? 5;
      const reserved = numberOf(node, "superuser_reserved_connections") + monitoringConnections + directConnections;
      const free = numberOf(node, "max_connections") - reserved;
      const most = (routes: readonly RoutePlan[]): number =>
        routes.reduce((sum, { parameters }) => sum + Number(parameters["max_db_connections"]), 0);
      const isAlone = pooler.others.length === 0;
      const reads = isAlone ? pooler.read.poolSize + reserve : most([pooler.read, ...pooler.others.map(({ read }) => read)]);
      const writes = isAlone ? pooler.write.poolSize + reserve : most([pooler.write, ...pooler.others.map(({ write }) => write)]);
      expect(pooler.others.every(({ read, write }) => read.poolSize > 0 && write.poolSize > 0)).toBe(true);
      expect(pooler.read.poolSize).toBeGreaterThan(0);
      expect(nodes.length === 1 ? reads + writes : reads).toBeLessThanOrEqual(free);
      expect(writes).toBeLessThanOrEqual(free);
    });
  });

  it("counts the memory of every container", () => {
    forAnyPlan(({ engine, nodes, pooler, exporters }) => {
      const limits = [
        ...nodes.map(({ memoryMb }) => memoryMb),
        pooler.memoryMb,
        listenerMemoryMb,
        ...(exporters === undefined ? [] : [exporters.pooler, ...exporters.nodes].map(() => exporters.memoryMb)),
      ];
      expect(engine.memoryMb).toBe(limits.reduce((sum, limit) => sum + limit, 0));
    });
  });

  it("gives the same plan and the same files again", () => {
    forAnyPlan((plan, keys) => {
      const again = aPlan(Object.fromEntries(Object.entries(keys).toReversed()));
      expect(again).toEqual(plan);
      const textsOf = (of: ClusterPlan): unknown => allFiles(renderFiles(of)).map(({ name, file }) => [name, textOfFile(file)]);
      expect(textsOf(again)).toEqual(textsOf(plan));
    }, 25);
  });

  it("writes no secret into a plain file", () => {
    forAnyPlan((plan) => {
      for (const { name, file } of allFiles(renderFiles(plan))) {
        if (file.kind === "plain")
          expect(
            secretValues.filter((secret) => file.content.includes(secret)),
            name,
          ).toEqual([]);
      }
    }, 50);
  });

  it("writes no password in clear where a verifier will do", () => {
    forAnyPlan((plan) => {
      const list = renderFiles(plan).pooler.find(({ path }) => path === "userlist.txt");
      expect(list?.kind).toBe("secret");
      const text = list === undefined ? "" : textOfFile(list);
      const pooled = plan.users.filter(({ pooled: isPooled }) => isPooled).map(({ name }) => name);
      expect(text.match(/SCRAM-SHA-256\$/g)).toHaveLength(3 + pooled.length);
      expect([...secretValues, ...pooled.map(fakeUserPassword)].filter((secret) => text.includes(secret))).toEqual([]);
    }, 25);
  });
});

describe("another replica", () => {
  /** A plan, and that of the same config with one replica more. */
  function forAnyGrowth(assertion: (before: ClusterPlan, after: ClusterPlan) => void, numRuns: number): void {
    const growing = legalKeys.filter((keys) => Number(keys["replicas"]) < 15);
    fc.assert(
      fc.property(growing, (keys) => assertion(aPlan(keys), aPlan({ ...keys, replicas: Number(keys["replicas"]) + 1 }))),
      { numRuns: cases(numRuns) },
    );
  }

  it("changes nothing in any other node's plan", () => {
    forAnyGrowth((before, after) => {
      expect(after.nodes.slice(0, -1)).toEqual(before.nodes);
      expect(after.exporters?.nodes.slice(0, -1)).toEqual(before.exporters?.nodes);
    }, 200);
  });

  it("changes one file of the nodes that there are: the leader's node.env, which lists its peers; exporters know it too", () => {
    forAnyGrowth((before, after) => {
      const now = filesByName(after);
      const changed = [...filesByName(before)].filter(([name, text]) => now.get(name) !== text).map(([name]) => name);
      const exporters = before.exporters === undefined ? [] : ["exporters/queries.yaml"];
      expect(changed.filter((name) => name !== "pooler/pgbouncer.ini")).toEqual([`${before.leader}/node.env`, ...exporters]);
    }, 25);
  });
});

function filesByName(plan: ClusterPlan): ReadonlyMap<string, string> {
  return new Map(allFiles(renderFiles(plan)).map(({ name, file }: { name: string; file: FileSpec }) => [name, textOfFile(file)]));
}
