import fc from "fast-check";

import { backendMb, serverMb } from "../src/plan/relations/memory.ts";
import { parseMemoryMb } from "../src/text/units.ts";
import type { StackKeys } from "./stacks.ts";

const memory = fc.constantFrom("256MB", "512m", "1GB", "1536MB", "2g", "8GB", "64GB");
const name = fc
  .stringMatching(/^[a-z][a-z0-9_]{0,20}$/)
  .filter((text) => !text.startsWith("pg_") && !text.endsWith("_ro"))
  .map((text) => `x${text}`);

/** Settings that are legal with any of the other keys. */
const settings = fc.record(
  {
    work_mem: fc.constantFrom("4MB", "64kB", 8192),
    jit: fc.boolean(),
    wal_level: fc.constantFrom("replica", "logical"),
    log_line_prefix: fc.string({ maxLength: 20 }).filter((text) => !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text)),
    search_path: fc.constantFrom("public", `"$user", public`, "it's"),
    max_connections: fc.integer({ min: 3500, max: 5000 }),
    superuser_reserved_connections: fc.integer({ min: 0, max: 40 }),
    "auto_explain.log_min_duration": fc.constantFrom("1s", 250),
  },
  { requiredKeys: [] },
);

/** Processes of the pooler. */
const processesFor = (replicas: number): number => Math.max(2, replicas);

/** Databases and users that agree with each other, whatever the first ones are called. */
const declaredFor = (replicas: number): fc.Arbitrary<StackKeys> =>
  fc
    .record({
      shop: fc.record(
        {
          owner: fc.constantFrom("seller", "buyer"),
          schemas: fc.constantFrom([], ["sales"], ["sales", "audit"]),
          extensions: fc.constantFrom([], ["pg_trgm"]),
          prismaShadow: fc.boolean(),
          poolSize: fc.integer({ min: 2, max: 100 }),
          connectionLimit: fc.integer({ min: 300, max: 1000 }),
        },
        { requiredKeys: [] },
      ),
      level: fc.constantFrom("read", "write"),
      pooled: fc.boolean(),
      connectionLimit: fc.integer({ min: processesFor(replicas), max: 50 }),
    })
    .map(({ shop, level, pooled, connectionLimit }) => ({
      databases: { shop, blog: { owner: "seller" } },
      users: {
        seller: {},
        buyer: { ...(shop.owner === "buyer" ? {} : { access: { shop: level } }), pooled },
        reader: { access: { blog: "read" }, connectionLimit },
      },
      remove: { databases: { gone: "with-data" }, users: { old: "keep-objects" } },
    }));

/** Where ports are published and who reaches them, as far as one depends on the other. */
const reach = fc.oneof(
  fc.record({ bindAddress: fc.constantFrom("127.0.0.1", "0.0.0.0"), dockerHost: fc.constant("unix:///run/docker.sock") }),
  fc.record({
    bindAddress: fc.constantFrom("0.0.0.0", "10.0.0.7"),
    dockerHost: fc.constantFrom("unix:///var/run/docker.sock", "ssh://admin@db.example.com", "tcp://db:2376"),
    clientNetworks: fc.constantFrom(["10.0.0.0/8"], ["192.168.10.0/24", "10.1.2.3/32"]),
  }),
);

/** Keys of a legal stack file: every one that exists, in any combination. Ports are far apart, pools at most 1000. */
export const legalKeys: fc.Arbitrary<StackKeys> = fc
  .integer({ min: 0, max: 15 })
  .chain((replicas) =>
    fc.record(
      {
        replicas: fc.constant(replicas),
        leader: fc.integer({ min: 1, max: replicas + 1 }).map((number) => `pg${number}`),
        database: name,
        appUser: name,
        timezone: fc.constantFrom("UTC", "Asia/Manila", "US/Pacific"),
        locale: fc.constantFrom("C.UTF-8", "en-US", "de"),
        extensions: fc.uniqueArray(fc.constantFrom("pg_trgm", "uuid-ossp", "earthdistance", "vector", "pg_stat_statements")),
        memory,
        shm: fc.constant("8GB"),
        cpus: fc.double({ min: 0.1, max: 64, noNaN: true }),
        workload: fc.constantFrom("web", "oltp", "dw", "mixed"),
        disk: fc.constantFrom("nvme", "ssd", "san", "hdd"),
        settings,
        slotWalCap: memory,
        pooler: fc.record(
          {
            mode: fc.constantFrom("transaction", "session", "statement"),
            maxClients: fc.integer({ min: 1, max: 100_000 }),
            poolSize: fc.integer({ min: 1, max: 900 }),
            reserveSize: fc.integer({ min: 0, max: 100 }),
            queryWaitTimeout: fc.constantFrom("30s", "2min"),
          },
          { requiredKeys: [] },
        ),
        ports: fc.record({
          postgres: fc.integer({ min: 1, max: 1000 }),
          pooler: fc.integer({ min: 2000, max: 2499 }),
          poolerConsole: fc.integer({ min: 2500, max: 2980 }),
          postgresExporter: fc.integer({ min: 4000, max: 65_520 }),
          poolerExporter: fc.integer({ min: 3000, max: 3980 }),
        }),
        declared: declaredFor(replicas),
        subnet: fc.constantFrom("172.29.10.0/24", "10.0.0.0/8", "192.168.4.0/25"),
        reach,
        exporters: fc.boolean(),
        scramIterations: fc.integer({ min: 4096, max: 5000 }),
        checkTimeout: fc.constantFrom("60s", "2min"),
      },
      { requiredKeys: ["replicas", "leader", "ports"] },
    ),
  )
  .map(({ reach: reached, declared: beside, ...keys }) => ({ ...keys, ...beside, ...reached, ...enoughMemory({ ...keys, ...beside }) }));

interface Demand {
  readonly replicas: number;
  readonly memory?: string;
  readonly shm?: string;
  readonly pooler?: { readonly poolSize?: number; readonly reserveSize?: number };
  readonly databases?: { readonly shop?: { readonly poolSize?: number } };
  readonly settings?: { readonly work_mem?: unknown };
}

/** Another memory limit where the pools, or the processes of a parallel query, would not fit into the one that was drawn. */
function enoughMemory({ replicas, memory: drawn = "1GB", shm, pooler = {}, databases, settings: given }: Demand): StackKeys {
  if (given?.work_mem !== undefined || shm !== undefined) return { memory: "64GB" };
  const opened = (size = 25): number => Math.max(size, processesFor(replicas));
  const pools = (opened(pooler.poolSize) + (pooler.reserveSize ?? 5)) * (replicas === 0 ? 2 : 1);
  const all = pools + (databases === undefined ? 0 : opened(databases.shop?.poolSize) + 25);
  return all * backendMb + serverMb <= parseMemoryMb(drawn) * 0.75 ? { memory: drawn } : { memory: "8GB" };
}
