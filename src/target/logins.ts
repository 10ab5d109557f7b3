import { consoleDatabase, poolerRoles } from "../plan/pgbouncer-defaults.ts";
import { monitoringLogin } from "../postgres/endpoint.ts";
import type { Login, Server } from "../postgres/endpoint.ts";
import type { CheckNode, CheckProcess, CheckSecrets, CheckTarget } from "./target.ts";

type Node = Pick<CheckNode, "port">;

/** A node, without the pooler. */
export function nodeAt({ accessHost }: Pick<CheckTarget, "accessHost">, { port }: Node): Server {
  return { host: accessHost, port };
}

export function poolerAt({ accessHost, poolerPort }: Pick<CheckTarget, "accessHost" | "poolerPort">): Server {
  return { host: accessHost, port: poolerPort };
}

/** At a node as `monitoring`. */
export function monitoringAt(target: CheckTarget, { monitoring }: CheckSecrets, node: Node, database?: string): Login {
  return monitoringLogin(nodeAt(target, node), monitoring, database);
}

/** At a node as the application, in its database. */
export function applicationAt(target: CheckTarget, { app }: CheckSecrets, node: Node): Login {
  return { ...nodeAt(target, node), user: target.appUser, password: app, database: target.database };
}

/** Through a route of the pooler as the application. */
export function applicationThrough(target: CheckTarget, { app }: CheckSecrets, route: string): Login {
  return { ...poolerAt(target), user: target.appUser, password: app, database: route };
}

/** The same, through one process of the pooler. */
export function applicationOf(
  target: CheckTarget,
  { app }: CheckSecrets,
  { process, route }: { readonly process: CheckProcess; readonly route: string },
): Login {
  return { ...nodeAt(target, process), user: target.appUser, password: app, database: route };
}

/** At the console of one process as the role that may look. */
export function consoleAt(target: CheckTarget, { monitoring }: CheckSecrets, process: CheckProcess): Login {
  return { ...nodeAt(target, process), user: poolerRoles.stats, password: monitoring, database: consoleDatabase };
}
