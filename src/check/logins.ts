import type { PasswordRole } from "../plan/types.ts";
import type { CheckNode, CheckTarget } from "./target.ts";

/** Where something is seen: a node, a route of the pooler, or the pooler's own console. */
export type Place =
  | { readonly kind: "node"; readonly node: string }
  | { readonly kind: "route"; readonly route: "write" | "read" }
  | { readonly kind: "console" };

/** One attempt to log in, and what must come of it. */
export interface LoginProbe {
  /** Stable and unique, and the words of a finding: `app at pg2`. */
  readonly key: string;
  /** Whose password is used; `postgres` has none. */
  readonly role: PasswordRole | "postgres";
  /** Name of the role in PostgreSQL. */
  readonly user: string;
  readonly place: Place;
  readonly port: number;
  readonly database: string;
  /** Asks for a replication connection. */
  readonly replication: boolean;
  readonly password: "own" | "wrong";
  /** Run after the login; a refusal of it counts as a refusal. */
  readonly command: string | undefined;
  readonly expect: "accepted" | "refused";
}

/** Where a place is, in words. */
export function placeText(place: Place, target: CheckTarget): string {
  switch (place.kind) {
    case "node":
      return place.node;
    case "route":
      return place.route === "write" ? `write route ${target.writeRoute}` : `read route ${target.readRoute}`;
    case "console":
      return "the pooler's console";
  }
}

/** The pooler's database for its own commands. */
export const consoleDatabase = "pgbouncer";

/** Every login that must work and every one that must not, on each node and at the pooler. */
export function loginProbes(target: CheckTarget): readonly LoginProbe[] {
  return [...target.nodes.flatMap((node) => nodeProbes(target, node)), ...poolerProbes(target)];
}

function nodeProbes(target: CheckTarget, node: CheckNode): readonly LoginProbe[] {
  const at = { place: { kind: "node", node: node.name }, port: node.port } as const;
  const app = { ...login("app", target.appUser, target.database), ...at };
  const monitoring = { ...login("monitoring", "monitoring", target.database), ...at };
  const replicator = { ...login("replicator", "replicator", target.database), ...at };
  const streaming = { ...replicator, replication: true, command: "IDENTIFY_SYSTEM" } as const;
  return [
    accepted(`${app.user} at ${node.name}`, app),
    accepted(`monitoring at ${node.name}`, monitoring),
    accepted(`monitoring at ${node.name} (database postgres)`, {
      ...monitoring,
      database: "postgres",
    }),
    accepted(`replicator at ${node.name} (for replication)`, streaming),
    refused(`postgres at ${node.name} (over TCP)`, {
      ...login("postgres", "postgres", "postgres"),
      ...at,
      password: "wrong",
    }),
    refused(`replicator at ${node.name} (database ${target.database})`, replicator),
    refused(`${app.user} at ${node.name} (database postgres)`, { ...app, database: "postgres" }),
    refused(`${app.user} at ${node.name} (with a wrong password)`, { ...app, password: "wrong" }),
    refused(`monitoring at ${node.name} (with a wrong password)`, {
      ...monitoring,
      password: "wrong",
    }),
    refused(`replicator at ${node.name} (with a wrong password)`, {
      ...streaming,
      password: "wrong",
    }),
  ];
}

function poolerProbes(target: CheckTarget): readonly LoginProbe[] {
  const at = { port: target.poolerPort };
  const write = { ...login("app", target.appUser, target.writeRoute), ...at, ...route("write") };
  const read = { ...login("app", target.appUser, target.readRoute), ...at, ...route("read") };
  const console = { ...at, place: { kind: "console" } } as const;
  const app = { ...login("app", target.appUser, consoleDatabase), ...console };
  const admin = { ...login("pgbouncer", "pgbouncer", consoleDatabase), ...console };
  const stats = { ...login("monitoring", "monitoring", consoleDatabase), ...console };
  return [
    accepted(`${write.user} at ${placeText(write.place, target)}`, write),
    accepted(`${read.user} at ${placeText(read.place, target)}`, read),
    accepted("pgbouncer at the pooler's console", { ...admin, command: "SHOW VERSION" }),
    accepted("monitoring at the pooler's console", { ...stats, command: "SHOW STATS" }),
    refused(`${write.user} at ${placeText(write.place, target)} (with a wrong password)`, {
      ...write,
      password: "wrong",
    }),
    refused(`${app.user} at the pooler's console`, app),
    refused("pgbouncer at the pooler's console (with a wrong password)", {
      ...admin,
      password: "wrong",
    }),
    refused("monitoring at the pooler's console (with a wrong password)", {
      ...stats,
      password: "wrong",
    }),
    // Nothing happens even if it is allowed: there is no such database to resume.
    refused("monitoring at the pooler's console (for an admin command)", {
      ...stats,
      command: "RESUME pgstack_no_such_database",
    }),
  ];
}

type Login = Omit<LoginProbe, "key" | "expect">;

function login(role: LoginProbe["role"], user: string, database: string): Omit<Login, "place" | "port"> {
  return { role, user, database, replication: false, password: "own", command: undefined };
}

/** A pooler accepts a client before it has a server connection, so a query is needed to prove the way through. */
function route(name: "write" | "read"): Pick<Login, "place" | "command"> {
  return { place: { kind: "route", route: name }, command: "select 1" };
}

function accepted(key: string, attempt: Login): LoginProbe {
  return { key, ...attempt, expect: "accepted" };
}

function refused(key: string, attempt: Login): LoginProbe {
  return { key, ...attempt, expect: "refused" };
}
