import { findLeader } from "../../src/check/observe/leader.ts";
import type { Outputs } from "../../testing/deployment.ts";

/** A role's name and password. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** How a cluster is reached from this machine, however it was set up. */
export interface Access {
  readonly host: string;
  readonly database: string;
  /** May write. */
  readonly app: Credentials;
  /** May see replication. */
  readonly monitoring: Credentials;
  readonly leaderPort: number;
  /** Name and port of each replica. */
  readonly replicas: readonly { readonly name: string; readonly port: number }[];
  readonly poolerPort: number;
  /** Pooler databases. */
  readonly routes: { readonly write: string; readonly read: string };
  /** Metrics that must be 1, and where they are served. */
  readonly metrics: readonly { readonly port: number; readonly name: "pg_up" | "pgbouncer_up" }[];
}

/** Access to a cluster as it is now, from what its check knows: a stack's outputs or a bundle's file. */
export async function accessOf({ check: { target, secrets } }: Pick<Outputs, "check">): Promise<Access> {
  const leader = await findLeader(target, secrets, AbortSignal.timeout(10_000));
  const { exporters } = target;
  return {
    host: target.accessHost,
    database: target.database,
    app: { user: target.appUser, password: secrets.app },
    monitoring: { user: "monitoring", password: secrets.monitoring },
    leaderPort: leader.port,
    replicas: target.nodes.filter(({ name }) => name !== leader.name),
    poolerPort: target.poolerPort,
    routes: { write: target.writeRoute, read: target.readRoute },
    metrics:
      exporters === undefined
        ? []
        : [
            ...exporters.nodes.map(({ port }) => ({ port, name: "pg_up" }) as const),
            ...exporters.processes.map(({ port }) => ({ port, name: "pgbouncer_up" }) as const),
          ],
  };
}
