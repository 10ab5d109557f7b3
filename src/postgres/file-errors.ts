/**
 * A query for what is wrong with a server's files, one line each: it runs with what it had before, and does not start with them.
 * A changed setting that waits for a restart is no error, but an invalid value is reported with the same words. A setting that was
 * taken out of the files waits for one too; it is reported in other words, without a file. For the superuser.
 */
export const fileErrorsSql = `
  select format('%s line %s: %s%s', regexp_replace(sourcefile, '.*/', ''), sourceline, error, coalesce(' (' || name || ')', '')) as line
    from pg_file_settings f where error is not null
    and not (error = 'setting could not be applied'
             and exists (select from pg_settings s where lower(s.name) = lower(f.name) and s.context = 'postmaster' and s.pending_restart))
    and error not like 'parameter % cannot be changed without restarting the server'
  union all
  select format('pg_hba.conf line %s: %s', line_number, error) from pg_hba_file_rules where error is not null`;
