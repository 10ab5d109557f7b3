// As a namespace: of the other form the bundler of programs for containers leaves nothing out.
import * as z from "zod";

import { bareName, commentText, pgbouncerConnstr } from "../formats/escape.ts";
import { nodePort } from "../plan/endpoints.ts";
import { routesOf } from "../plan/routes.ts";
import type { ClusterPlan } from "../plan/types.ts";
import { share } from "../plan/share.ts";

/**
 * Where the pooler's routes lead. What is wanted is in `routes.json`; each process includes a file of its own, which is made from
 * that and from nothing else. Nothing but this module makes either.
 */

/** The wanted routes, in the pooler's config volume. */
export const routesFile = "routes.json";

/** What a process's own file includes, in the same volume. */
export const processRoutesFile = (process: number): string => `routes-${process}.ini`;

/** Whether a file of that volume is made here, and by nothing that is declared. */
export const isRoutesFile = (path: string): boolean => path === routesFile || /^routes-[0-9]+\.ini$/.test(path);

/** A route as it is declared, whichever node leads. */
export const routeSpec = z.object({
  name: z.string(),
  database: z.string(),
  /** Whether it leads to replicas. */
  reads: z.boolean(),
  /** Server connections, all processes together. */
  poolSize: z.number(),
  /** The most of them, all roles together. */
  most: z.number(),
  /** Further parameters, the same in each process. */
  parameters: z.record(z.string(), z.union([z.string(), z.number()])),
});

const schema = z.object({
  /** The node that writes go to. */
  leader: z.string(),
  /** All nodes that may be routed to, the leader among them, in the order of the file. */
  nodes: z.array(z.string()),
  /** Nodes that are kept out, and by whom. */
  drained: z.record(z.string(), z.string()),
  /** How many processes share the routes; they are numbered from 1 on. */
  processes: z.int().min(1),
  routes: z.array(routeSpec),
});

export type RouteSpec = Readonly<z.output<typeof routeSpec>>;

/** Who leads, who may be read from, and who is kept out. */
export interface Members {
  readonly leader: string;
  readonly nodes: readonly string[];
  readonly drained: Readonly<Record<string, string>>;
}

export interface Routes extends Members {
  readonly processes: number;
  readonly routes: readonly RouteSpec[];
}

/** A route of one process with the node that it leads to now. */
export interface ServedRoute {
  readonly name: string;
  readonly database: string;
  readonly host: string;
  readonly poolSize: number;
  readonly parameters: Readonly<Record<string, string | number>>;
}

/** Who keeps a node out while `pulumi up` works on it. Only one deployment of a stack runs at a time. */
export const byDeployment = "deployment";

/** Most server connections of a read route while the leader stands in for replicas: they come on top of the writes'. */
const standInPool = 5;

/** Routes of a new cluster as stack config declares them, with no node kept out. */
export function declaredRoutes(plan: Pick<ClusterPlan, "database" | "firstNode" | "nodes" | "pooler">): Routes {
  return {
    leader: plan.firstNode,
    nodes: plan.nodes.map(({ name }) => name),
    drained: {},
    processes: plan.pooler.processes.length,
    routes: routesOf(plan),
  };
}

/**
 * Nodes that reads go to: all but the leader that are not kept out. When there are none, the leader serves reads.
 *
 * @param out - nodes that cannot be read from now
 */
export function readersOf({ leader, nodes, drained }: Members, out: readonly string[] = []): readonly string[] {
  const readers = nodes.filter((node) => node !== leader && !Object.hasOwn(drained, node) && !out.includes(node));
  return readers.length > 0 ? readers : [leader];
}

/**
 * Routes of one process. Each leads to one node, so that a cancel request gets to the server that runs the statement: writes to the
 * leader; reads to a replica of this process's own, or to another one while that is out. Where the leader serves reads, it does so
 * over few connections while replicas are out, and over the whole pool where there is no replica.
 */
export function servedRoutes(all: Routes, out: readonly string[], process: number): readonly ServedRoute[] {
  const { leader, nodes, processes, routes } = all;
  const replicas = nodes.filter((node) => node !== leader);
  const readers = readersOf(all, out);
  const own = replicas[(process - 1) % Math.max(1, replicas.length)] ?? leader;
  const reader = readers.includes(own) ? own : (readers[(process - 1) % readers.length] ?? leader);
  const isStandIn = reader === leader && replicas.length > 0;
  return routes.map(({ name, database, reads, poolSize, most, parameters }) => {
    const isLimited = reads && isStandIn;
    const size = share(isLimited ? Math.min(poolSize, standInPool) : poolSize, processes, process);
    const limit = isLimited ? size : Math.max(size, share(most, processes, process));
    return {
      name,
      database,
      host: reads ? reader : leader,
      poolSize: size,
      parameters: { max_db_connections: limit, ...parameters },
    };
  });
}

/** The same with a node kept out. One that someone else keeps out stays theirs. */
export function withDrained(routes: Routes, node: string, by: string): Routes {
  return { ...routes, drained: { [node]: by, ...routes.drained } };
}

/** The same with a node let in that `by` has kept out. */
export function withoutDrained(routes: Routes, node: string, by: string): Routes {
  return { ...routes, drained: only(routes.drained, ([name, who]) => name !== node || who !== by) };
}

/** The same with another leader. The one before it is kept out until it is proven as a replica. */
export function ledBy(routes: Routes, leader: string, by: string): Routes {
  if (routes.leader === leader) return routes;
  return withDrained(withoutDrained({ ...routes, leader }, leader, by), routes.leader, by);
}

/** What is declared, where nodes that others than `by` keep out stay out. */
export function keepingDrained(declared: Routes, present: Routes | undefined, by: string): Routes {
  const { nodes } = declared;
  return { ...declared, drained: only(present?.drained ?? {}, ([name, who]) => who !== by && nodes.includes(name)) };
}

function only(
  drained: Members["drained"],
  keeps: (entry: readonly [node: string, by: string]) => boolean,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(drained).filter(keeps));
}

/** A file of the pooler's config volume. */
export interface RoutesText {
  readonly path: string;
  readonly content: string;
}

/** Every file, what is wanted first: who reads one of the others finds that it was made from it. Same data, same bytes. */
export function routesFiles(routes: Routes, out: readonly string[] = []): readonly RoutesText[] {
  return [
    { path: routesFile, content: `${JSON.stringify(schema.parse(routes), undefined, 2)}\n` },
    ...Array.from({ length: routes.processes }, (_, index) => processRoutes(routes, out, index + 1)),
  ];
}

/** The file of one process, also of one that is no longer among them. */
export function processRoutes(routes: Routes, out: readonly string[], process: number): RoutesText {
  const { leader, nodes, drained } = routes;
  const kept = [...Object.entries(drained).map(([node, by]) => `${node} (${by})`), ...out.map((node) => `${node} (unfit)`)];
  const lines = [
    `; Written by pgstack from ${routesFile}. Do not edit: changes are overwritten.`,
    `; ${commentText(`leader: ${leader}; nodes: ${nodes.join(", ")}`)}`,
    ...(kept.length === 0 ? [] : [`; ${commentText(`kept out: ${kept.join(", ")}`)}`]),
    "[databases]",
    ...servedRoutes(routes, out, process).map((route) => `${bareName(route.name)} = ${parametersOf(route)}`),
  ];
  return { path: processRoutesFile(process), content: `${lines.join("\n")}\n` };
}

function parametersOf({ host, database, poolSize, parameters }: ServedRoute): string {
  return Object.entries({ host, port: nodePort, dbname: database, pool_size: poolSize, ...parameters })
    .map(([key, value]) => `${bareName(key)}=${pgbouncerConnstr(value)}`)
    .join(" ");
}

/** The wanted routes; undefined for a file that pgstack has not written to its end. */
export function readRoutes(text: string): Routes | undefined {
  try {
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}

/** What of a route a running process shows. */
export type ShownRoute = Pick<ServedRoute, "name" | "database" | "host" | "poolSize">;

/** Names of routes that a running process does not have, or has with another node, another database or another size. */
export function servedOtherwise(running: readonly ShownRoute[], wanted: readonly ShownRoute[]): readonly string[] {
  const essence = ({ database, host, poolSize }: ShownRoute): string => JSON.stringify([database, host, poolSize]);
  const shown = new Map(running.map((route) => [route.name, essence(route)]));
  return wanted.filter((route) => shown.get(route.name) !== essence(route)).map(({ name }) => name);
}
