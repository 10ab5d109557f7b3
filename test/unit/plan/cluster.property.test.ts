import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { directConnections, monitoringConnections } from "../../../src/plan/connections.ts";
import { listenerMemoryMb } from "../../../src/plan/pooler.ts";
import type { ClusterPlan, NodePlan } from "../../../src/plan/types.ts";
import type { FileSpec } from "../../../src/files/file-spec.ts";
import type { RouteSpec, ServedRoute } from "../../../src/pgbouncer/routes.ts";
import { declaredRoutes, isRoutesFile, servedRoutes } from "../../../src/pgbouncer/routes.ts";
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
  it("gives as many nodes as replicas and one, and begins on the wished one", () => {
    forAnyPlan((plan, keys) => {
      expect(plan.nodes).toHaveLength(Number(keys["replicas"]) + 1);
      expect(plan.firstNode).toBe(keys["leader"] ?? "pg1");
    });
  });

  it("gives nodes that are the same whichever node stack config names as leader", () => {
    forAnyPlan((plan, { leader: _leader, ...keys }) => {
      expect(plan.nodes).toEqual(aPlan(keys).nodes);
    });
  });

  it("gives unique names, ports and slots, and each setting once", () => {
    forAnyPlan(({ nodes, pooler, exporters }) => {
      const listener = { container: pooler.listener, hostPort: pooler.hostPort };
      const services = [...nodes, listener, ...pooler.processes, ...(exporters?.nodes ?? []), ...(exporters?.processes ?? [])];
      expect(unique(nodes.map(({ name }) => name))).toBe(true);
      expect(unique(services.map(({ container }) => container))).toBe(true);
      expect(unique(services.map(({ hostPort }) => hostPort))).toBe(true);
      expect(unique([...nodes.flatMap(({ dataVolume, configVolume }) => [dataVolume, configVolume]), pooler.configVolume])).toBe(true);
      for (const { settings } of nodes) expect(unique(settings.map(({ name }) => name))).toBe(true);
      for (const { hostPort } of services) expect(hostPort).toBeLessThanOrEqual(65_535);
    });
  });

  it("gives each node senders and slots for all others", () => {
    forAnyPlan(({ nodes }) => {
      for (const node of nodes) {
        expect(numberOf(node, "max_replication_slots")).toBeGreaterThanOrEqual(nodes.length - 1);
        expect(numberOf(node, "max_wal_senders")).toBeGreaterThan(nodes.length - 1);
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
    forAnyPlan((plan, keys) => {
      const { nodes, pooler } = plan;
      const [node] = nodes;
      if (node === undefined) throw new Error("a plan without nodes");
      const reserve = (keys["pooler"] as { readonly reserveSize?: number } | undefined)?.reserveSize ?? 5;
      const reserved = numberOf(node, "superuser_reserved_connections") + monitoringConnections + directConnections;
      const free = numberOf(node, "max_connections") - reserved;
      const declared = declaredRoutes(plan);
      /** What all processes together may open by these routes. */
      const opened = (isIt: (route: RouteSpec) => boolean, of: (route: ServedRoute) => number): number => {
        const names = declared.routes.filter(isIt).map(({ name }) => name);
        const all = pooler.processes.flatMap(({ number }) => servedRoutes(declared, [], number));
        return all.filter(({ name }) => names.includes(name)).reduce((sum, route) => sum + of(route), 0);
      };
      const isAlone = pooler.others.length === 0;
      const most = (isIt: (route: RouteSpec) => boolean): number =>
        isAlone
          ? opened(isIt, ({ poolSize }) => poolSize) + reserve
          : opened(isIt, ({ parameters }) => Number(parameters["max_db_connections"]));
      const reads = most((route) => route.reads);
      const writes = most((route) => !route.reads);
      expect(pooler.others.every(({ read, write }) => read.poolSize > 0 && write.poolSize > 0)).toBe(true);
      expect(pooler.read.poolSize).toBeGreaterThan(0);
      expect(nodes.length === 1 ? reads + writes : reads).toBeLessThanOrEqual(free);
      expect(writes).toBeLessThanOrEqual(free);
    });
  });

  it("gives the processes of the pooler their parts of the reserve and of users' limits, and nothing more", () => {
    forAnyPlan(({ pooler }, keys) => {
      expect(pooler.processes.map(({ number }) => number)).toEqual(
        Array.from({ length: Math.max(2, Number(keys["replicas"])) }, (_, index) => index + 1),
      );
      const reserve = (keys["pooler"] as { readonly reserveSize?: number } | undefined)?.reserveSize ?? 5;
      const own = pooler.processes.map(({ settings }) => Number(settings.find(({ name }) => name === "reserve_pool_size")?.value));
      expect(own.reduce((sum, size) => sum + size, 0)).toBe(reserve);
      expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
      for (const { user, connections } of pooler.userLimits) {
        const parts = pooler.processes.flatMap(({ userLimits }) => userLimits.filter((limit) => limit.user === user));
        expect(parts.reduce((sum, part) => sum + part.connections, 0)).toBe(connections);
        expect(Math.min(...parts.map((part) => part.connections))).toBeGreaterThan(0);
      }
    });
  });

  it("counts the memory of every container", () => {
    forAnyPlan(({ engine, nodes, pooler, exporters }) => {
      const limits = [
        ...nodes.map(({ memoryMb }) => memoryMb),
        ...pooler.processes.map(() => pooler.memoryMb),
        listenerMemoryMb,
        ...(exporters === undefined ? [] : [...exporters.processes, ...exporters.nodes].map(() => exporters.memoryMb)),
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
    const growing = legalKeys.filter((keys) => {
      const replicas = Number(keys["replicas"]);
      const { reader } = (keys["users"] ?? {}) as { readonly reader?: { readonly connectionLimit: number } };
      // There is one process of the pooler more, too.
      return replicas < 15 && (reader === undefined || reader.connectionLimit > replicas);
    });
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

  it("changes no file of the nodes that there are; exporters know it", () => {
    forAnyGrowth((before, after) => {
      const now = filesByName(after);
      const changed = [...filesByName(before)].filter(([name, text]) => now.get(name) !== text).map(([name]) => name);
      const exporters = before.exporters === undefined ? [] : ["exporters/queries.yaml"];
      const ofProcesses = (name: string): boolean => /^pooler\/(pgbouncer|process-\d+)\.ini$/.test(name);
      expect(changed.filter((name) => !isRoutesFile(name.replace("pooler/", "")) && !ofProcesses(name))).toEqual(exporters);
    }, 25);
  });
});

function filesByName(plan: ClusterPlan): ReadonlyMap<string, string> {
  return new Map(allFiles(renderFiles(plan)).map(({ name, file }: { name: string; file: FileSpec }) => [name, textOfFile(file)]));
}
