/**
 * What a node's server is seen to do. `silent`: its container runs, but the server does not answer. `refused`: its start script
 * does not start it.
 */
export type NodeState = "writable" | "recovery" | "silent" | "refused" | "stopped" | "absent";

/** Since when, and from where on, a node leads; every part is undefined where it is not known. */
export interface Tenure {
  readonly timeline: number | undefined;
  /** When it was promoted, such as `2026-11-28 20:10:03 UTC`; undefined for a node that has led from the beginning. */
  readonly since: string | undefined;
  /** WAL position at which its history leaves the one before. */
  readonly branchedAt: string | undefined;
}

/** One node as it is at this moment. */
export interface NodeView {
  readonly name: string;
  readonly container: string;
  readonly state: NodeState;
  /** Of a writable node. */
  readonly tenure: Tenure;
  /** Of a node in recovery: the host that it follows. */
  readonly follows: string | undefined;
  /** Of a writable node: its physical replication slots. */
  readonly slots: readonly string[];
}

const unknownTenure: Tenure = { timeline: undefined, since: undefined, branchedAt: undefined };

/** A view without more than a state. */
export function plainView(name: string, container: string, state: NodeState): NodeView {
  return { name, container, state, tenure: unknownTenure, follows: undefined, slots: [] };
}

/**
 * Asks a node, as a superuser, whether it leads and since when, whom it follows, and who has a slot on it. The history file of a timeline is written at the promotion, and
 * its last line says where the timeline before was left.
 */
export const tenureSql = `
select pg_is_in_recovery(), tli, since, split_part(split_part(history, E'\\n', lines), E'\\t', 2),
       substring(current_setting('primary_conninfo') from 'host=([^ ]+)'),
       (select string_agg(slot_name, ' ' order by slot_name) from pg_replication_slots where slot_type = 'physical')
  from (select case when not pg_is_in_recovery() then substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end as tli) as now,
       lateral (select to_char(max(modification) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') as since
                  from pg_ls_waldir() where name = tli || '.history') as promoted,
       lateral (select rtrim(pg_read_file('pg_wal/' || tli || '.history', 0, 100000, true), E'\\n') as history) as file,
       lateral (select 1 + coalesce(length(history) - length(replace(history, E'\\n', '')), 0) as lines) as counted;`;

/** The node that `primary_conninfo` names, also on one that was promoted since; null for one that never followed. For any role in pg_monitor. */
export const followsSql = `(select substring(setting from 'host *= *''?([^ '',]+)') from pg_settings where name = 'primary_conninfo')`;

/** The node behind an answer to `tenureSql`. */
export function parseTenure(name: string, container: string, answer: string): NodeView {
  const [recovering = "", timeline = "", since = "", branchedAt = "", host = "", slots = ""] = answer.split("|");
  if (recovering !== "f")
    return {
      ...plainView(name, container, recovering === "t" ? "recovery" : "silent"),
      follows: recovering === "t" ? textOf(host) : undefined,
    };
  return {
    ...plainView(name, container, "writable"),
    slots: slots.split(" ").filter((slot) => slot !== ""),
    tenure: { timeline: Number.parseInt(timeline, 16), since: textOf(since), branchedAt: textOf(branchedAt) },
  };
}

function textOf(part: string): string | undefined {
  return part === "" ? undefined : part;
}
