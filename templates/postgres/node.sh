#!/bin/bash
# Starts one PostgreSQL node. Delivered with the config volume, so any image with PostgreSQL under
# /usr/lib/postgresql/<major>/bin and bash, flock and psql will do; perl is for monitoring.
#
# What a node is stands in its data directory (standby.signal) and in node.env, which stack config is rendered to. Where the
# two disagree this script explains and stops: it never deletes or overwrites a directory that holds a database.
set -Eeuo pipefail
umask 0077

config=/etc/pgstack
# shellcheck source=/dev/null
. "$config/node.env"

volume=/var/lib/postgresql/data
data=$volume/pgdata
partial=$volume/pgdata.partial
export PATH=/usr/lib/postgresql/$MAJOR/bin:$PATH
export PGPASSFILE=$config/replicator.pgpass PGCONNECT_TIMEOUT=3 PGAPPNAME=$NODE

refusal=/run/postgresql/refused
[ ! -e "$refusal" ] || : >"$refusal"

say() { printf 'pgstack: %s\n' "$*" >&2; }

# Exit code 78 (EX_CONFIG): a person has to decide; nothing was changed.
refuse() {
  say "REFUSED: $1"
  # For whoever shares this directory: a bundle's setup need not wait for a node that will not come.
  printf '%s\n' "$@" 2>/dev/null >"$refusal" || true
  shift
  for line in "$@"; do say "  $line"; done
  exit 78
}

# A replication connection to another node: works before any database exists and needs no more than the replicator role.
ask() {
  local host=$1
  shift
  psql -XAtq -F ' ' -d "host=$host port=5432 user=replicator replication=true" -c "$*"
}

# Only where a replica's data is of no use; the leader's is never given up this way.
clone_again() { printf 'docker rm --force %s && docker volume rm %s, then deploy again: it is cloned' "$CONTAINER" "$DATA_VOLUME"; }

# Two servers on one volume destroy it, and postmaster.pid cannot tell them apart across containers. The kernel frees
# this lock whatever way the holder dies; postgres inherits it.
exec 9>"$volume/.pgstack.lock" || refuse "$volume is not writable by $(id -u):$(id -g)" \
  "The volume must belong to that user; images other than pgstack's need the directory $volume owned by it."
flock -n 9 || refuse "another server is using this data volume" \
  "Its container: docker ps --filter volume=$DATA_VOLUME. Stop the one that does not belong there: docker stop -t 120 <name>"

initialise_leader() {
  local peer
  for peer in $PEERS; do
    # A peer that answers has data: an empty leader beside it would start a second, diverging cluster.
    if ask "$peer" IDENTIFY_SYSTEM >/dev/null 2>&1; then
      refuse "the leader's data volume is empty, but $peer holds this cluster's data" \
        "Put the volume $DATA_VOLUME back. If it is lost for good, $peer has to become the leader: docs/faults.md has the commands."
    fi
  done
  say "initialising a new database cluster"
  rm -rf "$partial"
  # shellcheck disable=SC2086 # LOCALE_OPTIONS is a list of options rendered by pgstack
  initdb --pgdata="$partial" --username=postgres --encoding=UTF8 $LOCALE_OPTIONS --data-checksums \
    --auth-local=peer --auth-host=scram-sha-256 >/dev/null
  mv "$partial" "$data"
  sync "$volume"
}

clone_replica() {
  local waited=0
  until ask "$LEADER" IDENTIFY_SYSTEM >/dev/null 2>"/tmp/leader.err"; do
    # One line every ten seconds says what the wait is for.
    ((waited % 50 == 0)) && say "waiting for $LEADER: $(tail -n 1 /tmp/leader.err)"
    waited=$((waited + 1))
    sleep 0.2
  done
  # With no data here, nothing depends on an old slot of this name, and one that lost its WAL is of no use.
  # A sender that outlived its replica holds it for a few seconds more.
  waited=0
  until ask "$LEADER" "DROP_REPLICATION_SLOT $SLOT" >/dev/null 2>"/tmp/slot.err" || grep -q 'does not exist' /tmp/slot.err; do
    ((waited % 50 == 0)) && say "waiting for slot $SLOT: $(tail -n 1 /tmp/slot.err)"
    waited=$((waited + 1))
    sleep 0.2
  done
  ask "$LEADER" "CREATE_REPLICATION_SLOT $SLOT PHYSICAL RESERVE_WAL" >/dev/null
  say "cloning $LEADER"
  # An unfinished copy of an earlier start was never a database; it is made again.
  rm -rf "$partial"
  pg_basebackup --pgdata="$partial" --dbname="host=$LEADER port=5432 user=replicator" --no-password \
    --checkpoint=fast --wal-method=stream --slot="$SLOT"
  touch "$partial/standby.signal"
  sync "$partial/standby.signal" "$partial"
  mv "$partial" "$data"
  sync "$volume"
  say "cloned $LEADER"
}

check_existing_data() {
  local version
  version=$(<"$data/PG_VERSION")
  [ "$version" = "$MAJOR" ] || refuse "the data volume holds PostgreSQL $version, stack config asks for $MAJOR" \
    "Set postgresVersion back to $version. A major upgrade is not a change of version number."
  if [ "$ROLE" = leader ]; then
    [ ! -e "$data/standby.signal" ] || refuse "stack config names $NODE as the leader, but its data is a replica's" \
      "Set leader back to the node that was the leader. Nothing was changed."
    return
  fi
  [ -e "$data/standby.signal" ] || refuse "stack config names $NODE as a replica, but its data is a leader's" \
    "It took writes, so it may hold rows that no other node has. If they can go: $(clone_again)"
  check_same_cluster
}

# Only when the leader answers: a replica serves reads without it too.
check_same_cluster() {
  local answer system timeline _
  answer=$(ask "$LEADER" IDENTIFY_SYSTEM 2>/dev/null) || return 0
  read -r system timeline _ <<<"$answer"
  local own own_timeline
  own=$(control_value 'Database system identifier')
  own_timeline=$(newest_timeline)
  [ "$own" = "$system" ] || refuse "the data volume belongs to another cluster (system identifier $own, the leader has $system)" \
    "Put the right volume in its place, or if this data can go: $(clone_again)"
  [ "$own_timeline" -le "$timeline" ] || refuse "the data is on timeline $own_timeline, newer than the leader's $timeline" \
    "This node was promoted and may hold rows that no other node has. If they can go: $(clone_again)"
}

# A node that died right after a promotion has the new history file, but not yet a checkpoint on the new timeline.
newest_timeline() {
  local newest file
  newest=$(control_value "Latest checkpoint's TimeLineID")
  for file in "$data"/pg_wal/????????.history; do
    [ -e "$file" ] || continue
    file=${file##*/}
    file=$((16#${file%.history}))
    [ "$file" -le "$newest" ] || newest=$file
  done
  echo "$newest"
}

control_value() { pg_controldata "$data" | sed -n "s/^$1: *//p"; }

# Asked for in stack config, once for each word. The old directory stays in the volume: a person decides when it goes.
set_aside() {
  local aside
  aside=$volume/pgdata.aside-$(date -u +%Y%m%dT%H%M%SZ)
  mv "$data" "$aside"
  sync "$volume"
  say "set the old data aside as ${aside##*/}"
}

word=${PGSTACK_RECLONE:-}
if [ "$ROLE" = replica ] && [ -n "$word" ] && [ "$(cat "$volume/.pgstack.reclone" 2>/dev/null)" != "$word" ]; then
  [ ! -e "$data" ] || set_aside
  # Before the clone: one that is cut short is made again without a word.
  printf '%s' "$word" >"$volume/.pgstack.reclone"
fi

if [ -e "$data/PG_VERSION" ]; then
  check_existing_data
elif [ -e "$data" ]; then
  refuse "$data exists but holds no database" "Look at what it is before anything is removed."
elif [ "$ROLE" = leader ]; then
  initialise_leader
else
  clone_replica
fi

# A replica may not run with less than the leader had when it wrote the WAL that is still to be replayed: it would end at
# once. Its own control file knows that value; the next restart after the leader's takes the lower one.
raised=()
if [ "$ROLE" = replica ]; then
  for limit in $STANDBY_LIMITS; do
    name=${limit%%=*}
    # As pg_controldata abbreviates them.
    label=${name/prepared_transactions/prepared_xacts}
    label=${label/per_transaction/per_xact}
    needed=$(control_value "$label setting")
    [ "${needed:-0}" -gt "${limit#*=}" ] || continue
    say "$name stays at $needed until the leader runs with ${limit#*=}"
    raised+=(-c "$name=$needed")
  done
fi

server=(postgres -D "$data" -c config_file="$config/postgresql.conf" "${raised[@]}")
command -v perl >/dev/null || {
  say "perl is missing in this image: the node has neither a heartbeat nor figures of its disk"
  exec "${server[@]}"
}
exec perl "$config/heartbeat.pl" "$data" "$volume" "${server[@]}"
