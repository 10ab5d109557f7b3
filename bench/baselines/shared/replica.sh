#!/bin/bash
# A replica: cloned from the primary when it has no data.
set -euo pipefail
export PGDATA=/var/lib/postgresql/data/pgdata

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  PGPASSWORD="$REPLICATION_PASSWORD" pg_basebackup --host=primary --username=replicator --pgdata="$PGDATA" \
    --slot="replica_${NUMBER}_slot" --wal-method=stream --checkpoint=fast --write-recovery-conf
  chmod 0700 "$PGDATA"
fi
exec postgres
