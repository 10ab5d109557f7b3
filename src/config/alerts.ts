import { z } from "zod";

import { parseDurationS, parseMemoryMb } from "../text/units.ts";

/**
 * The alerts and what of them stack config may change. A severity without a key is one that the alert does not have.
 * `docs/config.md` and `docs/alerts.md` are generated from this.
 */

/**
 * What a threshold is written as. `lasts` is a time too: how long a state may last, for alerts that have nothing to measure
 * but the state itself.
 */
export type ThresholdUnit = "lasts" | "time" | "size" | "percent" | "number";

export interface Threshold {
  readonly unit: ThresholdUnit;
  readonly preset: string | number;
  /** What is compared with it; a sentence's subject. */
  readonly what: string;
}

export interface AlertKeys {
  /** What the alert means, in one sentence. */
  readonly about: string;
  readonly warning?: Threshold;
  readonly critical?: Threshold;
  /** How long a measured value must stay beyond the threshold. States have it as their threshold. */
  readonly for?: string;
  /** The same for the critical severity when it is another time. */
  readonly criticalFor?: string;
}

const threshold =
  (unit: ThresholdUnit) =>
  (preset: string, what: string): Threshold => ({ unit, preset, what });
const lasts = threshold("lasts");
const time = threshold("time");
const size = threshold("size");
const percent = threshold("percent");
const count = (preset: number, what: string): Threshold => ({ unit: "number", preset, what });

export const alertCatalogue = {
  PostgresDown: {
    about: "A PostgreSQL server does not answer, or goes down repeatedly.",
    critical: lasts("1m", "time that a server is away"),
  },
  PoolerDown: {
    about: "The pooler does not answer, or goes down repeatedly.",
    critical: lasts("1m", "time that the pooler is away"),
  },
  PoolerProcessDown: {
    about: "A process of the pooler does not answer, or goes down repeatedly; the others serve.",
    warning: lasts("2m", "time that a process is away"),
  },
  ExporterDown: {
    about: "An exporter cannot be scraped: the state of its server is unknown.",
    critical: lasts("1m", "time that an exporter is away"),
  },
  MetricsMissing: {
    about: "A target is no longer scraped, or metrics that alerts need are missing although their server runs.",
    critical: lasts("1m", "time that metrics are missing"),
  },
  LeaderCount: {
    about: "More than one node takes writes, or all answer and none takes writes.",
    critical: lasts("0s", "time with more than one leader; none at all must have lasted a minute"),
  },
  TimelineSplit: {
    about: "Nodes are on different timelines: one was promoted, or does not follow.",
    critical: lasts("1m", "time that timelines differ"),
  },
  ReplicaLagSeconds: {
    about: "A replica shows what the leader held some time ago, measured by heartbeats, so that an idle leader does not count as lag.",
    warning: time("5s", "lag"),
    critical: time("30s", "lag"),
    for: "1m",
    criticalFor: "2m",
  },
  ReplicaLagBytes: {
    about: "A replica streams, but is far behind in replaying WAL.",
    warning: size("50MB", "WAL not yet replayed"),
    critical: size("100MB", "WAL not yet replayed"),
    for: "2m",
  },
  ReplicaDisconnected: {
    about: "A replica runs but receives nothing from the leader, or loses the connection repeatedly.",
    critical: lasts("1m", "time without a stream"),
  },
  ReplicasMissing: {
    about: "Fewer replicas stream than are declared; critical when none does.",
    warning: lasts("1m", "time with a replica missing"),
    critical: lasts("1m", "time without any replica"),
  },
  ReplayPaused: {
    about: "A replica's replay is paused: it receives WAL and does not apply it.",
    warning: lasts("1m", "time that replay is paused"),
    critical: lasts("30m", "time that replay is paused"),
  },
  SlotInactive: {
    about: "A declared replication slot is missing or inactive; while inactive, the leader keeps WAL for it.",
    warning: lasts("5m", "time that a slot is inactive"),
    critical: lasts("30m", "time that a slot is inactive"),
  },
  SlotRetainedWal: {
    about: "The WAL kept for a slot approaches `slotWalCap`; beyond it the replica must be re-cloned.",
    warning: percent("50%", "kept WAL as a share of the cap"),
    critical: percent("80%", "kept WAL as a share of the cap"),
    for: "1m",
  },
  SlotLost: {
    about: "A declared slot has lost WAL, or will at the next checkpoint: its replica must be re-cloned unless it catches up at once.",
    critical: lasts("0s", "time that a slot is lost"),
  },
  SlotOrphaned: {
    about: "A replication slot exists that no declared replica uses; the leader keeps WAL for it.",
    warning: lasts("10m", "time that such a slot is there"),
  },
  XminAge: {
    about: "A replica holds back the removal of dead rows on the leader (`hot_standby_feedback`).",
    warning: count(10_000_000, "age of a slot's oldest transaction, in transactions"),
    critical: count(50_000_000, "age of a slot's oldest transaction, in transactions"),
    for: "15m",
  },
  ConnectionsUsed: {
    about: "A server is running out of connections.",
    warning: percent("75%", "connections in use"),
    critical: percent("90%", "connections in use"),
    for: "5m",
  },
  PoolerClientsWaiting: {
    about: "Clients wait in the pooler for a server connection.",
    warning: count(0, "clients that wait on a route"),
    critical: time("5s", "longest wait on a route"),
    for: "1m",
  },
  PoolerClientsUsed: {
    about: "The pooler is running out of client connections (`pooler.maxClients`).",
    warning: percent("80%", "client connections in use"),
    critical: percent("95%", "client connections in use"),
    for: "5m",
  },
  PoolerPaused: {
    about: "A route of the pooler is paused: its clients wait.",
    warning: lasts("1m", "time that a route is paused"),
    critical: lasts("5m", "time that a route is paused"),
  },
  IdleInTransaction: {
    about: "A session holds a transaction open and does nothing.",
    warning: time("5min", "age of the oldest idle transaction"),
    critical: time("15min", "age of the oldest idle transaction"),
    for: "0s",
  },
  Deadlocks: {
    about: "Deadlocks are frequent.",
    warning: count(5, "deadlocks per minute in a database, over five minutes"),
    for: "0s",
  },
  PreparedTransactions: {
    about: "A prepared transaction (`PREPARE TRANSACTION`) is still open: it holds locks and old rows, even across restarts.",
    warning: time("10min", "age of the oldest prepared transaction"),
    critical: time("1h", "age of the oldest prepared transaction"),
    for: "0s",
  },
  ChecksumFailures: {
    about: "Pages of a server's data do not match their checksums: they were damaged on their way to the disk, there, or back.",
    critical: lasts("0s", "time since the first damaged page was read"),
  },
  ArchiveFailing: {
    about: "WAL waits to be archived: `archive_command` fails, hangs or is too slow. The server keeps all of it until the disk is full.",
    warning: time("5min", "how long the oldest WAL file has waited"),
    critical: time("1h", "how long the oldest WAL file has waited"),
    for: "1m",
  },
  TransactionIdAge: {
    about: "Transaction ids are running out: rows are not frozen in time.",
    warning: percent("50%", "transaction ids in use, of 2³¹"),
    critical: percent("75%", "transaction ids in use, of 2³¹"),
    for: "5m",
  },
  HeartbeatStale: {
    about: "No heartbeat is written on the leader: writes fail, or the writer does not run.",
    warning: time("1min", "age of the last heartbeat on the leader"),
    critical: time("5min", "age of the last heartbeat on the leader"),
    for: "1m",
  },
  PendingRestart: {
    about: "A server has settings that wait for a restart.",
    warning: lasts("10m", "time that settings wait"),
  },
  ConfigDrift: {
    about: "A server has settings that do not come from its rendered file.",
    warning: lasts("5m", "time that such settings are there"),
  },
  DiskFull: {
    about: "The disk under a data volume is nearly full.",
    warning: percent("75%", "space in use"),
    critical: percent("90%", "space in use"),
    for: "2m",
  },
  DiskFilling: {
    about: "The disk under a data volume will be full soon if it keeps filling at this rate.",
    warning: time("24h", "time until it is full, from how it filled during the last quarter of this time"),
    for: "30m",
  },
} as const satisfies Readonly<Record<string, AlertKeys>>;

export type AlertName = keyof typeof alertCatalogue;
export const alertNames = Object.keys(alertCatalogue) as readonly AlertName[];
export const severities = ["warning", "critical"] as const;
export type Severity = (typeof severities)[number];

/** An alert's keys without the literal types of the catalogue. */
export function alertKeys(name: AlertName): AlertKeys {
  return alertCatalogue[name];
}

/** One alert as stack config has it, defaults applied. */
export type AlertConfig = "off" | { readonly [key in keyof Omit<AlertKeys, "about">]?: string | number };

const patterns = {
  time: "^(off|\\d{1,12} ?(ms|s|m|min|h|d))$",
  size: "^(off|\\d{1,12} ?(kB|MB|GB|TB|k|m|g))$",
  percent: "^(off|\\d{1,2}(\\.\\d{1,3})?%|100%)$",
} as const;
const examples = {
  lasts: "a time such as 30s, 5m or 1h, or off",
  time: "a time such as 5s, 2min or 1h, or off",
  size: "a size such as 50MB or 1GB, or off",
  percent: "a percentage such as 75%, or off",
} as const;
const aNumber = "a number from 0, or off";

function text(message: string, pattern: string, parse: (value: string) => unknown): z.ZodType<string | number> {
  return z
    .string(message)
    .refine((value) => new RegExp(pattern).test(value) && (value === "off" || readable(parse, value)), message)
    .meta({ pattern });
}

function readable(parse: (value: string) => unknown, value: string): boolean {
  try {
    parse(value);
    return true;
  } catch {
    return false;
  }
}

function thresholdSchema({ unit, preset, what }: Threshold): z.ZodType<string | number> {
  return valueSchema(unit)
    .default(preset)
    .describe(capital(unit === "lasts" ? `How long it must last: ${what}.` : `Above what: ${what}.`));
}

function valueSchema(unit: ThresholdUnit): z.ZodType<string | number> {
  switch (unit) {
    case "lasts":
      return text(examples.lasts, patterns.time, parseDurationS);
    case "time":
      return text(examples.time, patterns.time, (value) => positive(parseDurationS(value)));
    case "size":
      return text(examples.size, patterns.size, (value) => positive(parseMemoryMb(value)));
    case "percent":
      return text(examples.percent, patterns.percent, (value) => positive(Number.parseFloat(value)));
    case "number":
      return z.union([z.number().min(0), z.literal("off")], aNumber);
  }
}

function positive(value: number): void {
  if (value <= 0) throw new Error("not above 0");
}

/** A time that may be none at all. */
const aWait = "a time such as 0s, 30s or 2m";
const wait = z
  .string(aWait)
  .refine((value) => readable(parseDurationS, value), aWait)
  .meta({ pattern: "^\\d{1,12} ?(ms|s|m|min|h|d)$" });

function capital(sentence: string): string {
  return `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}`;
}

function alertSchema({ about, warning, critical, ...times }: AlertKeys): z.ZodType<AlertConfig> {
  const shape: Readonly<Record<string, z.ZodType>> = {
    ...(warning === undefined ? {} : { warning: thresholdSchema(warning) }),
    ...(critical === undefined ? {} : { critical: thresholdSchema(critical) }),
    ...(times.for === undefined ? {} : { for: wait.default(times.for).describe("How long the value must stay there.") }),
    ...(times.criticalFor === undefined
      ? {}
      : { criticalFor: wait.default(times.criticalFor).describe("The same for the critical severity.") }),
  };
  return z
    .union([z.strictObject(shape), z.literal("off")], "a mapping of its thresholds, or off")
    .prefault({})
    .describe(about);
}

const shape = Object.fromEntries(alertNames.map((name) => [name, alertSchema(alertKeys(name))])) as Readonly<
  Record<AlertName, z.ZodType<AlertConfig>>
>;

/** The key `monitoring.alerts`. */
export const alertsSchema = z
  .strictObject(shape)
  .prefault({} as never)
  .describe("Thresholds of the alerts, or `off`; see [alerts.md](alerts.md).");

/** Alerts by name, defaults applied. */
export type AlertsConfig = z.output<typeof alertsSchema>;

const ruleSchema = z.strictObject(
  {
    alert: z
      .string()
      .regex(/^[A-Z][A-Za-z0-9]{2,59}$/, "a name such as OrdersStuck: letters and digits, first one a capital")
      .describe("Its name, unique among the alerts."),
    expr: z
      .string()
      .regex(/^[^]{1,4000}$/, "an expression")
      .describe("PromQL; each series that it returns fires."),
    for: wait.default("1m").describe("How long it must return a series."),
    severity: z.enum(severities).default("warning"),
    summary: z
      .string()
      .regex(/^[^\n]{1,500}$/, "text on one line")
      .describe("Its message; may contain `{{ $labels.node }}` and `{{ $value | humanize }}`."),
  },
  "mappings with `alert`, `expr`, `for`, `severity` and `summary`",
);

/** The key `monitoring.rules`. */
export const rulesSchema = z
  .array(ruleSchema)
  .default([])
  .describe("Alerts of your own. Names, expressions and the metrics in them are checked before anything changes.");

export type OwnRule = z.output<typeof ruleSchema>;

const aBase = "a URL or a path, without a / at its end";

/** The key `monitoring.runbooks`. */
export const runbooksSchema = z
  .string(aBase)
  .regex(/^[^\s"'{}]{1,500}[^\s"'{}/]$/, aBase)
  .default("docs/runbooks")
  .describe("Prefix of the runbook's file name in the alerts' `runbook_url`: the address at which your `docs/runbooks` can be read.");
