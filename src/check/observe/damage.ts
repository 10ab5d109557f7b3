import type { Client } from "pg";

import type { DamageFacts } from "../observation.ts";

interface DamageRow {
  readonly archive_file: string | null;
  readonly archive_at: string | null;
  readonly archive_failures: string;
  readonly checksum_failures: readonly { readonly database: string; readonly failures: number; readonly last: string }[];
  readonly has_checksums: boolean;
  readonly old_collations: readonly string[];
}

/**
 * A failure counts until a later file has been archived. Where nothing is archived any more, old figures say nothing.
 * Versions that a database or its library does not have compare as unknown: nothing can have changed there.
 */
const damageQuery = `
select case when fails then last_failed_wal end as archive_file,
       case when fails then to_char(last_failed_time at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS "UTC"') end as archive_at,
       failed_count::text as archive_failures,
       (select coalesce(json_agg(json_build_object('database', coalesce(datname, ''), 'failures', checksum_failures,
          'last', to_char(checksum_last_failure at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS "UTC"')) order by datname), '[]')
          from pg_stat_database where checksum_failures > 0) as checksum_failures,
       current_setting('data_checksums')::bool as has_checksums,
       array(select datname::text from pg_database
              where datallowconn and datcollversion <> pg_database_collation_actual_version(oid) order by datname) as old_collations
  from (select *, current_setting('archive_mode') <> 'off' and last_failed_time > coalesce(last_archived_time, '-infinity') as fails
          from pg_stat_archiver) as archiver`;

/** Asks a server what it knows to be damaged. */
export async function observeDamage(client: Client): Promise<DamageFacts> {
  const { rows } = await client.query<DamageRow>(damageQuery);
  const [row] = rows;
  if (row === undefined) throw new Error("the node gave no answer about its data");
  return {
    archive:
      row.archive_file === null ? undefined : { file: row.archive_file, at: row.archive_at ?? "", failures: Number(row.archive_failures) },
    checksumFailures: row.checksum_failures,
    hasChecksums: row.has_checksums,
    oldCollations: row.old_collations,
  };
}
