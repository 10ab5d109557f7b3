/**
 * PostgreSQL settings that stack config cannot override, each with the reason or the key to use instead. They are what
 * pgstack's own promises rest on: where data lies, who may log in, who replicates what.
 */
export const ownedSettings: Readonly<Record<string, string>> = {
  allow_alter_system: "the stack file is the only place that settings come from",
  cluster_name: "the node's name; replication and the check match on it",
  config_file: "its place is fixed",
  data_checksums: "data is made with checksums; data with others comes from another stack",
  data_directory: "its place is fixed",
  external_pid_file: "its place is fixed",
  hba_file: "its place is fixed",
  hot_standby: "replicas serve reads",
  ident_file: "its place is fixed",
  listen_addresses: "the container's network decides; see `bindAddress`",
  logging_collector: "logs go to the container's log",
  log_destination: "logs go to the container's log",
  max_slot_wal_keep_size: "use the key `slotWalCap`",
  password_encryption: "pgstack stores SCRAM-SHA-256 verifiers",
  port: "it is 5432 inside the container; see `ports.postgres`",
  primary_conninfo: "pgstack connects replicas to the leader",
  primary_slot_name: "each replica has a slot of its own name",
  promote_trigger_file: "promotion is not triggered by files",
  recovery_target: "nodes are not restored to a target",
  recovery_target_action: "nodes are not restored to a target",
  recovery_target_inclusive: "nodes are not restored to a target",
  recovery_target_lsn: "nodes are not restored to a target",
  recovery_target_name: "nodes are not restored to a target",
  recovery_target_time: "nodes are not restored to a target",
  recovery_target_timeline: "replicas follow the leader's latest timeline",
  recovery_target_xid: "nodes are not restored to a target",
  restore_command: "nodes are not restored from an archive",
  timezone: "use the key `timezone`",
  log_timezone: "use the key `timezone`",
  unix_socket_directories: "its place is fixed",
  unix_socket_group: "only the server's own user may use the socket",
  unix_socket_permissions: "only the server's own user may use the socket",
};

/** Every way to say it: PostgreSQL takes unambiguous beginnings too. */
const off = ["off", "of", "false", "fals", "fal", "fa", "f", "no", "n", "0"];
const on = ["on", "true", "tru", "tr", "t", "yes", "ye", "y", "1"];

/** Values that would break replication or lose acknowledged data, with the reason. */
export const refusedValues: Readonly<Record<string, { readonly values: readonly string[]; readonly why: string }>> = {
  wal_level: { values: ["minimal"], why: "replicas need `replica` or `logical`" },
  fsync: { values: off, why: "a crash would lose or corrupt data" },
  full_page_writes: { values: off, why: "a crash could corrupt data" },
  max_wal_senders: { values: ["0"], why: "replicas need senders" },
  max_replication_slots: { values: ["0"], why: "replicas need slots" },
  zero_damaged_pages: { values: on, why: "it destroys data" },
  ignore_checksum_failure: { values: on, why: "it hides corruption" },
};

/** Why a setting cannot be overridden at all; undefined when it can. */
export function ownedReason(name: string): string | undefined {
  return Object.hasOwn(ownedSettings, name) ? ownedSettings[name] : undefined;
}

/** Why this value of an otherwise free setting is refused; undefined when it is not. */
export function refusedReason(name: string, value: string): string | undefined {
  const rule = Object.hasOwn(refusedValues, name) ? refusedValues[name] : undefined;
  return rule?.values.includes(value.trim().toLowerCase()) === true ? rule.why : undefined;
}
