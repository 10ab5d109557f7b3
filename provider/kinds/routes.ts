import type { RoutesInputs } from "../../resources/routes.ts";
import { routesInputs } from "../../resources/routes.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import { anyImage, readVolumeFile, readVolumeFiles, removeCarriers, volumeExists } from "../../src/engine/volume-files.ts";
import type { VolumeFile } from "../../src/engine/volume-files.ts";
import type { Routes } from "../../src/pgbouncer/routes.ts";
import { byDeployment, keepingDrained, readRoutes, routesFile, routesFiles } from "../../src/pgbouncer/routes.ts";
import type { Topology } from "../../src/topology/topology.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";
import { poolerNow } from "../service/published.ts";
import { awaitLeaving, pausedRoutes, resumeAll, servedOtherwiseText, setRoutes } from "../traffic/routes.ts";
import { routesOn } from "../traffic/serving.ts";
import { trafficOn } from "../traffic/world.ts";
import { topologyNow, topologySeen } from "../topology.ts";

const declared = ({ nodes, pooler, routes }: RoutesInputs, leader: string): Routes => ({
  leader,
  nodes,
  drained: {},
  processes: pooler.processes.length,
  routes,
});

/** The node that takes writes; while none does, the one that they lead to now. */
function leaderOf({ leader }: Topology, present: Routes | undefined, { firstNode, nodes }: RoutesInputs): string {
  if (leader !== undefined && nodes.includes(leader.name)) return leader.name;
  return present !== undefined && nodes.includes(present.leader) ? present.leader : firstNode;
}

/**
 * Where the pooler's routes lead: files in its config volume, which its running processes read and are proven to serve. It comes after all gates, so what a deployment has kept out by then was left by an interrupted one, and is let in; what others
 * keep out stays out. `drift` says that a file is another one.
 */
export const routes: Kind = {
  needsWork: async (_context, olds, news) => {
    if (olds["drift"] !== "") return true;
    const wanted = parseInputs(routesInputs, news);
    const { host, pooler } = wanted;
    try {
      const engine = await connectEngine(host);
      const running = await routesOn(engine, pooler);
      if (running.length === 0) return false;
      if (pausedRoutes(running).length > 0) return true;
      const seen = topologySeen(wanted.prefix) ?? (await topologyNow({ engine, prefix: wanted.prefix }));
      if (servedOtherwiseText(running, declared(wanted, leaderOf(seen, undefined, wanted))) === "") return false;
      const present = readRoutes((await readVolumeFile(engine, pooler.configVolume, pooler.image, routesFile)) ?? "");
      const kept = keepingDrained(declared(wanted, leaderOf(seen, present, wanted)), present, byDeployment);
      return servedOtherwiseText(running, kept) !== "";
    } catch {
      // One that does not answer: unknown. The check reports it.
      return false;
    }
  },

  apply: async (context, properties) => {
    const wanted = parseInputs(routesInputs, properties);
    const engine = await connectEngine(wanted.host);
    const traffic = trafficOn(context, engine, await poolerNow(engine, wanted.pooler));
    const seen = await topologyNow({ engine, prefix: wanted.prefix });
    await setRoutes(traffic, (present) => keepingDrained(declared(wanted, leaderOf(seen, present, wanted)), present, byDeployment));
    if (await traffic.world.isServing()) {
      await resumeAll(traffic);
      await awaitLeaving(traffic, wanted.mode === "session");
    }
    return { drift: "" };
  },

  // The file may be written and not served.
  failed: { drift: "not served by the pooler" },

  read: async (_context, stored) => {
    const wanted = parseInputs(routesInputs, stored);
    const { configVolume, image } = wanted.pooler;
    const engine = await connectEngine(wanted.host);
    if (!(await volumeExists(engine, configVolume))) return undefined;
    const found = (await readVolumeFiles(engine, configVolume, await anyImage(engine, image))) ?? new Map<string, VolumeFile>();
    const present = readRoutes(found.get(routesFile)?.content ?? "");
    const seen = await topologyNow({ engine, prefix: wanted.prefix });
    const kept = keepingDrained(declared(wanted, leaderOf(seen, present, wanted)), present, byDeployment);
    const drift = routesFiles(kept).flatMap(({ path, content }) => {
      const is = found.get(path);
      return is === undefined ? [`${path} is missing`] : is.content === content ? [] : [`${path} was changed`];
    });
    return { drift: drift.join(", ") };
  },

  /** The file is deleted with its volume, which `ConfigFiles` removes next. */
  remove: async (_context, stored) => {
    const { host, pooler } = parseInputs(routesInputs, stored);
    await removeCarriers(await connectEngine(host), pooler.configVolume);
  },
};
