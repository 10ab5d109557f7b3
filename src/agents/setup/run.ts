import { findLeader } from "./leader.ts";
import { bringReplica, reloadNode } from "./nodes.ts";
import { prove } from "./proof.ts";
import { bringRoutes, leadWrites } from "./routes.ts";
import type { SetupSpec } from "./spec.ts";
import type { SetupWorld } from "./world.ts";

/**
 * Brings a started bundle to what its files say, and ends when that is proven: roles and databases on the node that leads, every
 * server with the files that it was given, every replica streaming and level with the leader, no slot of a node that is gone, the
 * pooler's routes. It runs on each `docker compose up` and changes nothing where nothing is to be changed. Where it ends early, the
 * next run begins again.
 *
 * @throws UserError with what is not as declared, and what to do
 */
export async function setUp(world: SetupWorld, spec: SetupSpec): Promise<void> {
  const leader = await findLeader(world, spec);
  world.say(`${leader} accepts writes`);
  await leadWrites(world, spec, leader);
  await world.makeRoles(leader);
  world.say("roles and databases are as declared");
  await reloadNode(world, leader);
  const replicas = spec.nodes.filter((node) => node !== leader);
  // All at once: each has waits of its own. What one reports as failed ends the others.
  await Promise.all(replicas.map((node) => bringReplica(world, spec, node, leader)));
  await dropSlots(world, leader, replicas);
  await bringRoutes(world, spec, leader);
  await prove(world, spec, leader);
  world.say("the cluster is what was declared");
}

async function dropSlots(world: SetupWorld, leader: string, replicas: readonly string[]): Promise<void> {
  const { dropped, inUse } = await world.dropSlots(leader, replicas);
  for (const name of dropped) world.say(`dropped slot ${name}`);
  for (const name of inUse) world.say(`${name} is not declared but still runs: docker compose up -d --remove-orphans ends it`);
}
