#!/bin/bash
# The primary. Its first start is that of the usual image: a new cluster, a server without network for the roles, then the
# real one. Later starts are the server alone.
set -euo pipefail
export PGDATA=/var/lib/postgresql/data/pgdata PGHOST=/tmp PGUSER=postgres PGDATABASE=postgres

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username=postgres --encoding=UTF8 --locale=C.UTF-8 --data-checksums --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  cat /baseline/postgresql.conf >>"$PGDATA/postgresql.conf"
  printf '%s\n' 'host replication replicator all scram-sha-256' 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl --wait --silent --options="-c listen_addresses=''" start >/dev/null
  psql -XAtq -v ON_ERROR_STOP=1 \
    -v app="$APP_PASSWORD" -v monitoring="$MONITORING_PASSWORD" -v replication="$REPLICATION_PASSWORD" -v replicas="$REPLICAS" <<'SQL'
create role app login password :'app';
create role monitoring login password :'monitoring';
grant pg_monitor to monitoring;
create role replicator login replication password :'replication';
create database app owner app;
select from (select pg_create_physical_replication_slot('replica_' || n || '_slot') from generate_series(1, :replicas) as n) as slots;
SQL
  pg_ctl --wait --silent --mode=fast stop >/dev/null
fi
exec postgres
