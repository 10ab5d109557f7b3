/**
 * Which nodes the routes in a pgbouncer.ini use. A node is taken out of rotation by editing the file that the pooler runs
 * with, not by rendering it again: a drain must not apply its other pending changes.
 */

/** A route as it is declared. */
export interface DeclaredRoute {
  readonly hosts: readonly string[];
  /** Server connections, with the reserve's own bound. */
  readonly poolSize: number;
  readonly maxDbConnections: number;
}

/** Server connections of a read route while the leader stands in for its only replica: they come on top of the writes'. */
const standInPool = 5;

/** Hosts of each route, by the route's name. */
export function routesOf(ini: string): ReadonlyMap<string, readonly string[]> {
  const routes = new Map<string, readonly string[]>();
  mapRoutes(ini, ({ name, hosts }) => {
    routes.set(name, hosts);
    return {};
  });
  return routes;
}

/**
 * The same file with a node out of every route that uses it. One without another node reads from the leader meanwhile, over
 * few connections.
 */
export function withoutNode(ini: string, node: string, leader: string): string {
  return mapRoutes(ini, ({ hosts }) => {
    if (!hosts.includes(node)) return {};
    const others = hosts.filter((host) => host !== node);
    if (others.length > 0) return { host: others.join(",") };
    return { host: leader, pool_size: standInPool, max_db_connections: standInPool };
  });
}

/**
 * The same file with a node back in the routes that are declared to use it; a leader that stood in for it leaves. Nodes that
 * are still out stay out.
 *
 * @param declared - by the route's name
 */
export function withNode(ini: string, node: string, declared: Readonly<Record<string, DeclaredRoute>>): string {
  return mapRoutes(ini, ({ name, hosts }) => {
    const route = declared[name];
    if (route?.hosts.includes(node) !== true || hosts.includes(node)) return {};
    // In the declared order, so that a file that is whole again equals the rendered one.
    const present = route.hosts.filter((host) => host === node || hosts.includes(host));
    return { host: present.join(","), pool_size: route.poolSize, max_db_connections: route.maxDbConnections };
  });
}

interface Route {
  readonly name: string;
  readonly hosts: readonly string[];
}

const routeLine = /^\s*"?(?<name>[^;#\s[="]+)"?\s*=\s*\S/;

/** The file with parameters of its routes changed; all other lines stay as they are. */
function mapRoutes(ini: string, change: (route: Route) => Readonly<Record<string, string | number>>): string {
  let section = "";
  return ini
    .split("\n")
    .map((line) => {
      section = /^\[(.+)\]\s*$/.exec(line)?.[1] ?? section;
      const name = section === "databases" ? routeLine.exec(line)?.groups?.["name"] : undefined;
      const hosts = /(?<=\s)host=(\S+)/.exec(line)?.[1];
      if (name === undefined || hosts === undefined) return line;
      return Object.entries(change({ name, hosts: hosts.split(",") })).reduce(
        (text, [key, value]) => text.replace(new RegExp(`(?<=\\s)${key}=\\S+`), `${key}=${value}`),
        line,
      );
    })
    .join("\n");
}
