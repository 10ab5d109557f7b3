import { readRouteName } from "../read-route.ts";
import { entriesOf } from "../plan/declared.ts";
import { nodeOutside, poolerOutside, processOutside } from "../plan/endpoints.ts";
import { consoleDatabase, poolerRoles } from "../plan/pgbouncer-defaults.ts";
import { connectionUrl } from "../postgres/endpoint.ts";
import type { Server, Visitor } from "../postgres/endpoint.ts";
import { dotenv } from "../formats/escape.ts";
import type { ClusterPlan, ClusterSecrets } from "../plan/types.ts";

/** Connection strings of a cluster; every one holds a password. */
export interface ConnectionUrls {
  /** Through the pooler, for writes. */
  readonly write: string;
  /** Through the pooler, for reads. */
  readonly read: string;
  /** Each node, without the pooler, by its name. Which of them leads is not said: it may change at any time. */
  readonly nodes: Readonly<Record<string, string>>;
  /** Whichever node leads, without the pooler: for migrations and whatever needs a session of its own. */
  readonly direct: string;
  /** The console of the pooler's first process. */
  readonly admin: string;
  /** The console of each process, in order. */
  readonly consoles: readonly string[];
}

export function connectionUrls(plan: ClusterPlan, { passwords }: Pick<ClusterSecrets, "passwords">): ConnectionUrls {
  const { database } = plan;
  const pooler = poolerOutside(plan);
  const consoles = plan.pooler.processes.map((process) =>
    connectionUrl([processOutside(plan, process)], { user: poolerRoles.admin, password: passwords.pgbouncer, database: consoleDatabase }),
  );
  const app = (server: Server, name: string): string =>
    connectionUrl([server], { user: database.owner, password: passwords.app, database: name });
  return {
    write: app(pooler, database.writeRoute),
    read: app(pooler, database.readRoute),
    nodes: Object.fromEntries(plan.nodes.map((node) => [node.name, app(nodeOutside(plan, node), database.name)])),
    direct: directUrl(plan, { user: database.owner, password: passwords.app, database: database.name }),
    admin: consoles[0] ?? "",
    consoles,
  };
}

/** Ways into one database for one user. */
export interface UserUrls {
  /** Through the pooler to the leader; absent for a user that the pooler does not know, and for a shadow database. */
  readonly write?: string;
  /** Through the pooler to the replicas. */
  readonly read?: string;
  /** Whichever node leads, without the pooler. */
  readonly direct: string;
}

/** Connection strings of declared users, and of the first owner in other databases: by user, then by database. */
export function userUrls(
  plan: ClusterPlan,
  { passwords, users }: Pick<ClusterSecrets, "passwords" | "users">,
): Readonly<Record<string, Readonly<Record<string, UserUrls>>>> {
  const { database } = plan;
  const pooler = poolerOutside(plan);
  const visitors = [
    { name: database.owner, password: passwords.app, pooled: true },
    ...plan.users.map(({ name, pooled }) => ({ name, password: users[name] ?? "", pooled })),
  ];
  const all = visitors.map(({ name, password, pooled }) => {
    const url = (server: Server, route: string): string => connectionUrl([server], { user: name, password, database: route });
    const entries = entriesOf(plan, name).filter((entry) => name !== database.owner || entry.database !== database.name);
    const ways = entries.map(({ database: of, shadow }): readonly [string, UserUrls] => {
      const direct = directUrl(plan, { user: name, password, database: of });
      return [of, pooled && !shadow ? { write: url(pooler, of), read: url(pooler, readRouteName(of)), direct } : { direct }];
    });
    return [name, Object.fromEntries(ways)] as const;
  });
  return Object.fromEntries(all.filter(([, ways]) => Object.keys(ways).length > 0));
}

/** Names all nodes: the driver tries one after the other and keeps the one that takes writes. */
function directUrl(plan: ClusterPlan, login: Visitor & { readonly password: string }): string {
  const servers = plan.nodes.map((node) => nodeOutside(plan, node));
  return connectionUrl(servers, login, servers.length === 1 ? {} : { target_session_attrs: "read-write" });
}

/** The same as lines for an `.env` file, with the names that frameworks look for. */
export function dotenvBlock(urls: ConnectionUrls): string {
  const lines: readonly (readonly [string, string])[] = [
    ["DATABASE_URL", urls.write],
    ["DATABASE_REPLICA_URL", urls.read],
    ["DATABASE_DIRECT_URL", urls.direct],
    ...Object.entries(urls.nodes).map(([name, url]) => [`DATABASE_${name.toUpperCase()}_URL`, url] as const),
  ];
  return lines.map(([name, value]) => `${name}=${dotenv(value)}\n`).join("");
}
