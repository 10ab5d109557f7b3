import { readRouteName } from "../read-route.ts";
import { entriesOf } from "../plan/declared.ts";
import { dotenv } from "../formats/escape.ts";
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

/** Ways into one database for one user. */
export interface UserUrls {
  /** Through the pooler to the leader; absent for a user that the pooler does not know, and for a shadow database. */
  readonly write?: string;
  /** Through the pooler to the replicas. */
  readonly read?: string;
  /** The leader without the pooler. */
  readonly direct: string;
}

/** Connection strings of declared users, and of the first owner in other databases: by user, then by database. */
export function userUrls(
  plan: ClusterPlan,
  { passwords, users }: Pick<ClusterSecrets, "passwords" | "users">,
): Readonly<Record<string, Readonly<Record<string, UserUrls>>>> {
  const { database, engine, pooler } = plan;
  const leaderPort = plan.nodes.find(({ role }) => role === "leader")?.hostPort ?? 0;
  const visitors = [
    { name: database.owner, password: passwords.app, pooled: true },
    ...plan.users.map(({ name, pooled }) => ({ name, password: users[name] ?? "", pooled })),
  ];
  const all = visitors.map(({ name, password, pooled }) => {
    const url = (port: number, route: string): string => `postgresql://${name}:${password}@${engine.accessHost}:${port}/${route}`;
    const entries = entriesOf(plan, name).filter((entry) => name !== database.owner || entry.database !== database.name);
    const ways = entries.map(({ database: of, shadow }): readonly [string, UserUrls] => {
      const direct = url(leaderPort, of);
      return [
        of,
        pooled && !shadow ? { write: url(pooler.hostPort, of), read: url(pooler.hostPort, readRouteName(of)), direct } : { direct },
      ];
    });
    return [name, Object.fromEntries(ways)] as const;
  });
  return Object.fromEntries(all.filter(([, ways]) => Object.keys(ways).length > 0));
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
