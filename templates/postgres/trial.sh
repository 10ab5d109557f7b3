#!/bin/bash
# Starts PostgreSQL with the files in /etc/pgstack on a scratch database and logs in, in a container of its own: what a running
# server would take without a word, and not start with the next time, fails here. Prints `accepted` last, or ends with the
# server's reasons.
set -u
exec 2>&1
umask 0077

config=/etc/pgstack
# shellcheck source=/dev/null
. "$config/node.env"
export PATH=/usr/lib/postgresql/$MAJOR/bin:$PATH
data=/tmp/pgdata

# shellcheck disable=SC2086 # LOCALE_OPTIONS is a list of options rendered by pgstack
initdb --pgdata="$data" --username=postgres --encoding=UTF8 $LOCALE_OPTIONS --no-sync --auth=peer >/dev/null || exit 1

# A node's memory is in use by the node. Nothing of this database may reach an archive.
postgres -D "$data" -c config_file="$config/postgresql.conf" -c shared_buffers=16MB -c archive_mode=off -c fsync=off &
server=$!
for ((waited = 0; waited < 1200; waited++)); do
  pg_isready --quiet --host=/run/postgresql && break
  kill -0 "$server" 2>/dev/null || exit 1
  sleep 0.05
done

# As every client, so with the libraries of its session. A short limit of time is a choice and no mistake.
export PGOPTIONS="-c statement_timeout=0 -c lock_timeout=0" PGCONNECT_TIMEOUT=10
# A text search configuration in a schema is known in its own database alone.
psql -XAtq -v ON_ERROR_STOP=1 -h /run/postgresql -U postgres -d postgres -f - <<<"
  select to_tsvector(name::regconfig, 'a') from current_setting('default_text_search_config') as name
    where name like 'pg_catalog.%' or name not like '%.%' \\g /dev/null" || exit 1

echo accepted
