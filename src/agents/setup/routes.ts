import { UserError } from "../../errors.ts";
import type { Problem } from "../../errors.ts";
import type { ConfigRow } from "../../pgbouncer/console.ts";
import { notInEffect } from "../../pgbouncer/in-effect.ts";
import type { Routes } from "../../pgbouncer/routes.ts";
import { byDeployment, keepingDrained, ledBy, readRoutes, routesFiles, servedOtherwise, servedRoutes } from "../../pgbouncer/routes.ts";
import type { SetupSpec } from "./spec.ts";
import type { Attempt } from "./wait.ts";
import { waitFor } from "./wait.ts";
import type { SetupWorld } from "./world.ts";

/** How long a pooler that has read its files may show others, in milliseconds. */
const settleMs = 10_000;

/**
 * Has writes lead to the node that leads, where the routes name another one: they are not to wait until replicas are copied. The
 * node that led before is kept out of reads until all nodes are proven.
 */
export async function leadWrites(world: SetupWorld, spec: SetupSpec, leader: string): Promise<void> {
  const present = readRoutes((await world.readRoutes()) ?? "");
  if (present === undefined || present.leader === leader) return;
  world.say(`writes lead to ${leader} from now on, no longer to ${present.leader}`);
  await serve(
    world,
    spec,
    ledBy({ ...present, nodes: [...new Set([...present.nodes, leader])], processes: spec.processes.length }, leader, byDeployment),
  );
}

/** Brings the routes to what is declared and who leads. Nodes that somebody has drained stay out. */
export async function bringRoutes(world: SetupWorld, spec: SetupSpec, leader: string): Promise<void> {
  const present = readRoutes((await world.readRoutes()) ?? "");
  const declared = { leader, nodes: spec.nodes, drained: {}, processes: spec.processes.length, routes: spec.routes };
  const wanted = keepingDrained(declared, present, byDeployment);
  await serve(world, spec, wanted);
  const out = Object.entries(wanted.drained).map(([node, by]) => `${node} (${by})`);
  world.say(`the pooler has its routes${out.length === 0 ? "" : `; kept out: ${out.join(", ")}`}`);
}

/** Writes routes, and proves that each process of the pooler serves them with its files. */
async function serve(world: SetupWorld, spec: SetupSpec, routes: Routes): Promise<void> {
  await world.writeRoutes(routesFiles(routes));
  await Promise.all(spec.processes.map((process) => serveOn(world, spec, process, routes)));
}

async function serveOn(
  world: SetupWorld,
  spec: SetupSpec,
  { number, service, settings }: SetupSpec["processes"][number],
  routes: Routes,
): Promise<void> {
  const wait = { who: service, nodes: [], patienceS: spec.patienceS, everyMs: 100 };
  await waitFor(world, wait, () => answering(() => world.reloadProcess(number)));
  const wanted = servedRoutes(routes, [], number);
  const began = world.now();
  const check = async (): Promise<string | undefined> => {
    const other = servedOtherwise(await world.processRoutes(number), wanted);
    const rows = notInEffect(await world.processConfig(number), settings);
    if (other.length === 0 && rows.length === 0) return undefined;
    if (other.length === 0 && rows.every(({ changeable }) => changeable !== "yes"))
      throw new UserError([needsRestart(service, rows, settings)]);
    if (world.now() - began > settleMs) throw new UserError([tookNot(service, other, rows)]);
    return "it does not have its new files yet";
  };
  await waitFor(world, wait, () => answering(check));
}

/** A check gives what is still waited for. A pooler that does not answer is waited for too. */
async function answering(check: () => Promise<string | void | undefined>): Promise<Attempt<true>> {
  try {
    const state = await check();
    return typeof state === "string" ? { state } : { done: true };
  } catch (error) {
    if (error instanceof UserError) throw error;
    return { state: (error as Error).message };
  }
}

function needsRestart(service: string, rows: readonly ConfigRow[], settings: Readonly<Record<string, string>>): Problem {
  const names = rows.map(({ key, value }) => `${key} (${value}, pgbouncer.ini has ${settings[key] ?? ""})`).join(", ");
  return {
    where: service,
    problem: `it runs with other settings than pgbouncer.ini has, and only a restart changes them: ${names}`,
    fix: `docker compose restart ${service}, which ends its sessions. Then: docker compose up -d --wait`,
  };
}

function tookNot(service: string, routes: readonly string[], rows: readonly ConfigRow[]): Problem {
  const what = [...routes.map((name) => `route ${name}`), ...rows.map(({ key, value }) => `${key} = ${value}`)].join(", ");
  return {
    where: service,
    problem: `it did not take its new files: it still runs with another ${what}`,
    fix: `see its log: docker compose logs ${service}. Then: docker compose up -d --wait`,
  };
}
