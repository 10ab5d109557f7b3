import type { ClusterConfig } from "../config/schema.ts";
import { findTimezone } from "../postgres/image-contents.ts";
import { configVolumeName, containerName, dataVolumeName } from "./names.ts";
import { nodeNames } from "./members.ts";
import { nodePort } from "./endpoints.ts";
import { libpqLogin } from "../postgres/endpoint.ts";
import { paths } from "../layout.ts";
import { planDefaultSettings, shmSizeMb } from "./postgres-defaults.ts";
import type { NodePlan, SettingPlan } from "./types.ts";
import { parseMemoryMb } from "../text/units.ts";

/** pg1 … pgN+1. A node's part depends on its own number and on the stack's config, not on how many others there are. */
export function planNodes(config: ClusterConfig, prefix: string, connections: number): readonly NodePlan[] {
  const memoryMb = parseMemoryMb(config.memory);
  const shared = sharedSettings(config, connections);
  return nodeNames(config).map((name, index) => {
    return {
      name,
      container: containerName(prefix, name),
      dataVolume: dataVolumeName(prefix, name),
      configVolume: configVolumeName(prefix, name),
      hostPort: config.ports.postgres + index,
      memoryMb,
      shmMb: config.shm === undefined ? shmSizeMb(memoryMb) : parseMemoryMb(config.shm),
      cpus: config.cpus,
      reclone: config.reclone[name],
      settings: [...shared, ...identitySettings(name)],
    };
  });
}

/** Settings by name as they will be in effect, before anything is planned from them. */
export function effectiveSettings(config: ClusterConfig, connections: number): ReadonlyMap<string, string> {
  return new Map(sharedSettings(config, connections).map(({ name, value }) => [name, value]));
}

/** What all nodes have in common: pgstack's defaults, with the stack's own settings in their place. */
function sharedSettings(config: ClusterConfig, connections: number): readonly SettingPlan[] {
  const defaults = planDefaultSettings({
    major: config.postgresVersion,
    workload: config.workload,
    memoryMb: parseMemoryMb(config.memory),
    cpus: config.cpus,
    disk: config.disk,
    connections: Number(config.settings["max_connections"] ?? connections),
    // The server reports the name in this spelling, which the check compares.
    timezone: findTimezone(config.timezone) ?? config.timezone,
    preload: ["pg_stat_statements"],
    slotWalKeepMb: parseMemoryMb(config.slotWalCap),
    idleSlotTimeout: "7d",
  });
  const given = config.settings;
  const names = new Set(defaults.map(({ name }) => name));
  return [
    ...defaults.map((setting) =>
      Object.hasOwn(given, setting.name) ? { ...setting, value: String(given[setting.name]), why: "stack config" } : setting,
    ),
    ...Object.keys(given)
      .filter((name) => !names.has(name))
      .toSorted()
      .map((name): SettingPlan => ({ name, value: String(given[name]), section: "stack config", why: "stack config" })),
  ];
}

/** What makes a node itself. Who leads is not in it: any node can, without a change of its files. */
function identitySettings(name: string): readonly SettingPlan[] {
  const place = (setting: string, value: string, why: string): SettingPlan => ({ name: setting, value, section: "this node", why });
  return [
    place("cluster_name", name, "names this node in replication and in the check"),
    place("listen_addresses", "*", "pg_hba.conf admits the cluster's subnet alone"),
    place("port", String(nodePort), "the container's own port"),
    place("unix_socket_directories", paths.socketDirectory, "administration comes through the socket"),
    place("hba_file", `${paths.config}/pg_hba.conf`, "outside the data directory, so a clone does not inherit it"),
    place("ident_file", `${paths.config}/pg_ident.conf`, "outside the data directory"),
    place("primary_slot_name", name, "the leader keeps WAL for this node while it is a replica"),
    place("recovery_target_timeline", "latest", "follows the leader over a switchover"),
  ];
}

/** Connection string of a node's WAL receiver, without the host. A dead connection is noticed within seconds. */
export function walReceiverLogin({ name }: { readonly name: string }): string {
  return libpqLogin(
    { port: nodePort, user: "replicator" },
    {
      passfile: `${paths.config}/replicator.pgpass`,
      application_name: name,
      connect_timeout: 5,
      tcp_user_timeout: 5000,
      keepalives_idle: 10,
      keepalives_interval: 5,
      keepalives_count: 3,
    },
  );
}
