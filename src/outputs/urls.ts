import { dotenv } from "../render/escape.ts";
import type { ClusterPlan, ClusterSecrets } from "../plan/types.ts";

/** Connection strings of a cluster; every one holds a password. */
export interface ConnectionUrls {
  /** Through the pooler, for writes. */
  readonly write: string;
  /** Through the pooler, for reads. */
  readonly read: string;
  /** Each replica, without the pooler, by node name. */
  readonly replicas: Readonly<Record<string, string>>;
  /** The leader without the pooler: for migrations and whatever needs a session of its own. */
  readonly direct: string;
  /** The pooler's console. */
  readonly admin: string;
}

/** Passwords and names hold letters, digits and _ only, so nothing in a URL needs escaping. */
export function connectionUrls(plan: ClusterPlan, { passwords }: Pick<ClusterSecrets, "passwords">): ConnectionUrls {
  const { database, engine, pooler, nodes } = plan;
  const url = (user: string, password: string, port: number, name: string): string =>
    `postgresql://${user}:${password}@${engine.accessHost}:${port}/${name}`;
  const app = (port: number, name: string): string => url(database.owner, passwords.app, port, name);
  const leader = nodes.find(({ role }) => role === "leader");
  return {
    write: app(pooler.hostPort, database.writeRoute),
    read: app(pooler.hostPort, database.readRoute),
    replicas: Object.fromEntries(
      nodes.filter(({ role }) => role === "replica").map(({ name, hostPort }) => [name, app(hostPort, database.name)]),
    ),
    direct: app(leader?.hostPort ?? 0, database.name),
    admin: url("pgbouncer", passwords.pgbouncer, pooler.hostPort, "pgbouncer"),
  };
}

/** The same as lines for an `.env` file, with the names that frameworks look for. */
export function dotenvBlock(urls: ConnectionUrls): string {
  const lines: readonly (readonly [string, string])[] = [
    ["DATABASE_URL", urls.write],
    ["DATABASE_REPLICA_URL", urls.read],
    ...Object.values(urls.replicas).map((url, index) => [`DATABASE_REPLICA_${index + 1}_URL`, url] as const),
    ["DATABASE_DIRECT_URL", urls.direct],
  ];
  return lines.map(([name, value]) => `${name}=${dotenv(value)}\n`).join("");
}
