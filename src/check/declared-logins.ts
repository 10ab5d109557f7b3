import { readRouteName } from "../read-route.ts";
import { accepted, login, placeText, refused } from "./login-probe.ts";
import type { Login, LoginProbe, Place } from "./login-probe.ts";
import { userRole } from "../target/target.ts";
import type { CheckTarget } from "../target/target.ts";

/** Someone who may enter databases: the first database's owner, or a declared user. */
interface Visitor {
  readonly role: LoginProbe["role"];
  readonly user: string;
  readonly pooled: boolean;
  readonly databases: readonly string[];
}

/**
 * Logins of declared users, and of the first owner in other databases: where each has business, and nowhere else. Who must be
 * kept out of a database is only tried at the first node and at the pooler: every node has the same rules, which the logins of
 * the roles that every cluster has prove on each.
 */
export function declaredProbes(target: CheckTarget): readonly LoginProbe[] {
  const { declared } = target;
  if (declared === undefined) return [];
  const every = [target.database, ...declared.databases.map(({ name }) => name)];
  const owned = (user: string): readonly string[] => declared.databases.filter(({ owner }) => owner === user).map(({ name }) => name);
  const users = declared.users.map(({ name, access }): Visitor => ({
    role: userRole(name),
    user: name,
    pooled: declared.pooled.includes(name),
    databases: [...access.map(({ database }) => database), ...owned(name)],
  }));
  // What the first owner does in the first database is tried with every cluster.
  const first: Visitor = { role: "app", user: target.appUser, pooled: true, databases: [target.database, ...owned(target.appUser)] };
  const all = [
    ...visits(target, first, every).filter(({ database }) => database !== target.database && database !== target.readRoute),
    ...users.flatMap((visitor) => [...visits(target, visitor, every), ...strangers(target, visitor)]),
  ];
  // Each process has read the files for itself: all are tried, and every login once.
  const routed = all.filter(({ place }) => place.kind === "route");
  return all.map((one) => (one.place.kind === "route" ? atProcess(target, one, routed.indexOf(one)) : one));
}

function atProcess({ processes }: CheckTarget, one: LoginProbe, index: number): LoginProbe {
  const process = processes[index % processes.length];
  if (process === undefined || one.place.kind !== "route") return one;
  return { ...one, port: process.port, place: { ...one.place, process: process.number } };
}

function visits(target: CheckTarget, visitor: Visitor, every: readonly string[]): readonly LoginProbe[] {
  const routed = [target.database, ...(target.declared?.routed ?? [])];
  return every.flatMap((database) => {
    const may = visitor.databases.includes(database);
    const nodes = may ? target.nodes : target.nodes.slice(0, 1);
    return [
      ...nodes.map((node) => {
        const place: Place = { kind: "node", node: node.name };
        return probe(
          `${visitor.user} at ${node.name} (database ${database})`,
          { ...attempt(visitor, database), place, port: node.port },
          may,
        );
      }),
      ...(routed.includes(database) ? routeProbes(target, visitor, database, may) : []),
    ];
  });
}

/** A pooler accepts a client before it has a server connection, so a query is needed to prove the way through. */
function routeProbes(target: CheckTarget, visitor: Visitor, database: string, may: boolean): readonly LoginProbe[] {
  const isIn = may && visitor.pooled;
  const routes = isIn ? (["write", "read"] as const) : (["write"] as const);
  return routes.map((route) => {
    const place: Place = { kind: "route", route, ...(database === target.database ? {} : { database }) };
    const name = route === "write" ? database : readRouteName(database);
    const login = { ...attempt(visitor, name), place, port: target.poolerPort, command: "select 1" };
    return probe(`${visitor.user} at ${placeText(place, target)}`, login, isIn);
  });
}

/** Where no user has any business. */
function strangers(target: CheckTarget, visitor: Visitor): readonly LoginProbe[] {
  return target.nodes.map((node) =>
    refused(`${visitor.user} at ${node.name} (database postgres)`, {
      ...attempt(visitor, "postgres"),
      place: { kind: "node", node: node.name },
      port: node.port,
    }),
  );
}

function attempt({ role, user }: Visitor, database: string): Omit<Login, "place" | "port"> {
  return login(role, user, database);
}

function probe(key: string, attempted: Login, may: boolean): LoginProbe {
  return may ? accepted(key, attempted) : refused(key, attempted);
}
