import { monitoringAt } from "../target/logins.ts";
import type { CheckNode, CheckSecrets, CheckTarget } from "../target/target.ts";
import { UserError } from "../errors.ts";
import { withSession } from "../postgres/session.ts";
import { queryText } from "./query-text.ts";
import type { Statement, TopOrder, TopStatements } from "./statement.ts";

export interface TopRequest {
  readonly by: TopOrder;
  readonly limit: number;
  /** Also what exporters, checks and this command ask. */
  readonly all: boolean;
}

/** Longest text that is fetched: a statement may have megabytes. */
const textBytes = 4000;

const orders: Readonly<Record<TopOrder, string>> = {
  total: "total_exec_time",
  mean: "mean_exec_time",
  calls: "calls",
  io: "io",
};

/** The names of the times changed in PostgreSQL 17. */
function ioColumns(versionNum: number): string {
  return versionNum >= 170_000
    ? "shared_blk_read_time + shared_blk_write_time + local_blk_read_time + local_blk_write_time + temp_blk_read_time + temp_blk_write_time"
    : "blk_read_time + blk_write_time + temp_blk_read_time + temp_blk_write_time";
}

// Of equal ones always the same comes first.
const statementsQuery = (versionNum: number, by: TopOrder): string => `
select * from (
  select left(query, ${textBytes}) as query, d.datname as database, r.rolname as user,
         calls::float8, total_exec_time as "totalMs", mean_exec_time as "meanMs", max_exec_time as "maxMs", rows::float8,
         shared_blks_hit::float8 / nullif(shared_blks_hit + shared_blks_read, 0) as "hitRatio",
         ${ioColumns(versionNum)} as "ioMs"
    from pg_stat_statements left join pg_database d on d.oid = dbid left join pg_roles r on r.oid = userid
   where ($2 or r.rolname is distinct from 'monitoring')
   order by ${by === "io" ? ioColumns(versionNum) : orders[by]} desc, queryid, userid, dbid
   limit $1) as top`;

const infoQuery = `
select current_setting('server_version_num')::int as "versionNum",
       to_char(stats_reset at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since, dealloc::float8 as evictions,
       (select count(*) from pg_stat_statements(false))::int as kept
  from pg_stat_statements_info`;

/**
 * The statements that a node has counted, asked as `monitoring`.
 *
 * @throws UserError when the node does not answer, or counts nothing because the library is not loaded
 */
export async function readTop(
  target: CheckTarget,
  secrets: CheckSecrets,
  node: CheckNode,
  { by, limit, all }: TopRequest,
): Promise<TopStatements> {
  try {
    return await withSession(monitoringAt(target, secrets, node), async (client) => {
      const { rows: infos } = await client.query<{ versionNum: number; since: string | null; evictions: number; kept: number }>(infoQuery);
      const [info] = infos;
      if (info === undefined) throw new Error("it has no statistics");
      const { versionNum, ...rest } = info;
      const { rows } = await client.query<Statement>(statementsQuery(versionNum, by), [limit, all]);
      return { node: node.name, ...rest, statements: rows.map((row) => ({ ...row, query: queryText(row.query) })) };
    });
  } catch (error) {
    throw explained(target, node, error);
  }
}

function explained({ stack }: CheckTarget, { name }: CheckNode, error: unknown): UserError {
  const { code, message } = error as { readonly code?: string; readonly message: string };
  const where = `stack ${stack}`;
  // 42P01: no such view. 55000: the library is not in shared_preload_libraries.
  if (code === "42P01" || code === "55000") {
    const fix = "leave shared_preload_libraries out of pgstack:settings, or name pg_stat_statements in it, then deploy: pulumi up";
    return new UserError([{ where, problem: `${name} does not count statements: ${message}`, fix }]);
  }
  return new UserError([{ where, problem: `${name} cannot be asked: ${message}`, fix: "find the cause: pgstack status" }]);
}
