/** Without its files a server that is reloaded only logs that it cannot use TLS, and does not start the next time. */
const noTls = "pgstack delivers no certificates: servers speak plain TCP inside the cluster's network";

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
  ssl: noTls,
  ssl_ca_file: noTls,
  ssl_cert_file: noTls,
  ssl_ciphers: noTls,
  ssl_crl_dir: noTls,
  ssl_crl_file: noTls,
  ssl_dh_params_file: noTls,
  ssl_ecdh_curve: noTls,
  ssl_groups: noTls,
  ssl_key_file: noTls,
  ssl_max_protocol_version: noTls,
  ssl_min_protocol_version: noTls,
  ssl_passphrase_command: noTls,
  ssl_passphrase_command_supports_reload: noTls,
  ssl_prefer_server_ciphers: noTls,
  ssl_tls13_ciphers: noTls,
  timezone: "use the key `timezone`",
  log_timezone: "use the key `timezone`",
  unix_socket_directories: "its place is fixed",
  unix_socket_group: "only the server's own user may use the socket",
  unix_socket_permissions: "only the server's own user may use the socket",
};

/** Every way to say it: PostgreSQL takes unambiguous beginnings too. */
const off = ["off", "of", "false", "fals", "fal", "fa", "f", "no", "n", "0"];
const on = ["on", "true", "tru", "tr", "t", "yes", "ye", "y", "1"];

/** Values that would break replication or every session, or lose acknowledged data, with the reason. */
export const refusedValues: Readonly<Record<string, { readonly values: readonly string[]; readonly why: string }>> = {
  wal_level: { values: ["minimal"], why: "replicas need `replica` or `logical`" },
  fsync: { values: off, why: "a crash would lose or corrupt data" },
  full_page_writes: { values: off, why: "a crash could corrupt data" },
  max_wal_senders: { values: ["0"], why: "replicas need senders" },
  max_replication_slots: { values: ["0"], why: "replicas need slots" },
  default_transaction_isolation: {
    values: ["serializable"],
    why: "a replica refuses every read with it; give it to the users that need it: alter role <user> set default_transaction_isolation = serializable",
  },
  default_transaction_read_only: {
    values: on,
    why: "every write of every session would fail; give it to the users that only read: alter role <user> set default_transaction_read_only = on",
  },
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
