/**
 * Every PgBouncer setting that pgstack gives a value, with the reason. All names exist in PgBouncer 1.24.1 (src/main.c,
 * src/loader.c). `auth_file` is a path and belongs to the plan, as do the hosts of the routes.
 */

/** When a server connection goes back to the pool. */
export type PoolMode = "transaction" | "session" | "statement";

export interface PoolerSettingsInput {
  readonly mode: PoolMode;
  /** Client connections that the pooler accepts. */
  readonly maxClients: number;
  /** Server connections of a route that gives no number of its own. */
  readonly poolSize: number;
  /** How long a client waits before the reserve is used, in seconds. */
  readonly reserveTimeoutS: number;
  /** How long a query waits for a server connection, in seconds; must be longer than any pause of the pooler. */
  readonly queryWaitTimeoutS: number;
  /** Ends client transactions that idle for longer, in seconds; undefined: PostgreSQL's own limit decides. */
  readonly idleTransactionTimeoutS: number | undefined;
}

export interface PoolerSetting {
  readonly name: string;
  readonly value: string;
  /** Reason and source, one line. */
  readonly why: string;
}

/** Port that the pooler listens on inside its container. */
export const poolerPort = 6432;

/** PgBouncer's own console, which clients find as a database. */
export const consoleDatabase = "pgbouncer";

/** Roles of that console: all commands, and only `SHOW`. */
export const poolerRoles = { admin: "pgbouncer", stats: "monitoring" } as const;

/** Name, value (absent: the setting is left out) and reason. */
type Row = readonly [name: string, value: string | number | undefined, why: string];

/**
 * The `[pgbouncer]` section that all processes have. Per route instead of here: pool sizes and `server_lifetime`, see
 * `planRouteParams`. Per process: `planProcessSettings`.
 */
export function planPoolerSettings(input: PoolerSettingsInput): readonly PoolerSetting[] {
  const rows = [...listenRows(), ...authRows, ...poolRows(input), ...serverRows];
  return rows.flatMap(([name, value, why]) => (value === undefined ? [] : [{ name, value: String(value), why }]));
}

function listenRows(): readonly Row[] {
  return [
    ["listen_addr", "", "opens no port: it is given the listener's, which stays open while PgBouncer is replaced"],
    ["listen_port", poolerPort, "PgBouncer's usual port"],
    ["unix_socket_dir", "", "it is given this one too: a way in from inside the container alone"],
    ["logfile", "", "to standard error, which the engine keeps"],
    ["pidfile", "", "the container is the process"],
    ["log_connections", 0, "short-lived clients would fill the log; failed logins are still in it"],
    ["log_disconnections", 0, "as log_connections"],
  ];
}

const authRows: readonly Row[] = [
  ["auth_type", "scram-sha-256", "verifiers only: the pooler knows no password"],
  ["admin_users", poolerRoles.admin, "may pause, reload and shut down"],
  ["stats_users", poolerRoles.stats, "may look; for the exporter"],
  [
    "ignore_startup_parameters",
    "extra_float_digits,options,search_path",
    "drivers and the exporter send them; PgBouncer would refuse the connection",
  ],
];

function poolRows(input: PoolerSettingsInput): readonly Row[] {
  return [
    ["pool_mode", input.mode, "from stack config; `transaction` is what makes pooling effective"],
    ["max_client_conn", input.maxClients, "from stack config, for each process: chance decides how clients spread over them"],
    ["default_pool_size", input.poolSize, "per route and role, if the route gives no number: every route does"],
    ["reserve_pool_timeout", input.reserveTimeoutS, "how long they wait for that, in seconds"],
    ["max_prepared_statements", 256, "prepared statements work in transaction mode (Pigsty; PgBouncer's default is 200)"],
    ["query_wait_timeout", input.queryWaitTimeoutS, "seconds; longer than any pause, or a switchover fails queries"],
    ["idle_transaction_timeout", input.idleTransactionTimeoutS, "seconds; from stack config"],
  ];
}

const serverRows: readonly Row[] = [
  ["server_login_retry", 1, "seconds; with PgBouncer's 15 clients wait long after the server is back"],
  ["server_connect_timeout", 3, "seconds; a dead host is noticed fast, not after 15"],
  ["server_check_delay", 10, "seconds; connections idle for longer are tried before use"],
  ["server_lifetime", 3600, "seconds (PgBouncer's default); shorter on the read route"],
  ["dns_max_ttl", 1, "seconds; a replaced container has another address"],
  ["dns_nxdomain_ttl", 1, "seconds; a container's name is unknown while it is replaced"],
];

/** What each process has of its own. */
export function planProcessSettings(number: number, reserveSize: number): readonly PoolerSetting[] {
  return [
    { name: "peer_id", value: String(number), why: "a cancel request goes to the process that has its statement" },
    { name: "reserve_pool_size", value: String(reserveSize), why: "more connections when clients wait: this process's part" },
  ];
}

/** One `key=value` of a `[databases]` line. */
export interface RouteParam {
  readonly key: string;
  readonly value: number;
  readonly why: string;
}

/** What a route's line in `[databases]` contains in addition to its host, port, database and sizes. */
export function planRouteParams(reads: boolean): readonly RouteParam[] {
  return reads ? [{ key: "server_lifetime", value: 600, why: "seconds; reads come back to a replica that returned (Pigsty)" }] : [];
}

/** Most server connections of a route of a stack with one application role: the pool, its reserve and five more for other roles. */
export function maxDbConnections(poolSize: number, reserveSize: number): number {
  return poolSize + reserveSize + 5;
}
