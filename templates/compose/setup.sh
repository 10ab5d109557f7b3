#!/bin/bash
# Brings a started bundle to what its files say, and ends when that is proven: roles and databases on the leader, no slot
# of a node that is gone, every server with the files that it was given, every replica streaming and level with the
# leader. Runs on each `docker compose up` and changes nothing where nothing is to be changed.
#
# Nodes are reached through their sockets, which this container shares: peer login is the superuser's one way in.
set -Eeuo pipefail
umask 0077

config=/etc/pgstack
# shellcheck source=/dev/null
. "$config/setup.env"
export PATH=/usr/lib/postgresql/$MAJOR/bin:$PATH
export PGPASSFILE=$config/pooler.pgpass PGCONNECT_TIMEOUT=3 PGAPPNAME=pgstack

say() { printf 'pgstack: %s\n' "$*" >&2; }

fail() {
  say "FAILED: $1"
  shift
  for line in "$@"; do say "  $line"; done
  exit 1
}

# sql NODE ARGUMENT…: psql as the superuser on a node, not bound by what stack config says about all sessions.
sql() {
  local node=$1
  shift
  # Notices tell what was there already.
  PGOPTIONS="$SESSION_OPTIONS -c client_min_messages=warning" psql -XAtq -v ON_ERROR_STOP=1 -h "/run/postgresql/$node" -U postgres -d postgres "$@"
}

# The reason that psql gives, without where it looked.
reason() {
  local line=${1%%$'\n'*}
  line=${line##*failed: }
  case $line in
    *'No such file'* | *'Connection refused'*) echo 'it is not up yet' ;;
    *) echo "${line#FATAL:  }" ;;
  esac
}

# Its start script has found something that a person must decide.
refused() {
  local -a lines
  mapfile -t lines <"/run/postgresql/$1/refused"
  fail "$1: ${lines[0]:-}" "${lines[@]:1}"
}

state='' pause=0.1
# wait_for NODE CHECK: until CHECK NODE succeeds. CHECK puts into `state` what it sees. Copying a large database takes as
# long as it takes: what ends the wait is that nothing changes any more.
wait_for() {
  local node=$1 check=$2 since=$SECONDS word
  local -A seen=() said=()
  until "$check" "$node"; do
    [ ! -s "/run/postgresql/$node/refused" ] || refused "$node"
    # A server that starts and falls over again and again makes no progress.
    if [ -z "${seen[$state]:-}" ]; then
      seen[$state]=1 since=$SECONDS
      # Numbers go on; a line for each would fill the log.
      word=${state//[0-9]/}
      [ -n "${said[$word]:-}" ] || say "waiting for $node: $state"
      said[$word]=1
    fi
    ((SECONDS - since < PATIENCE)) ||
      fail "$node: no progress for $PATIENCE s: $state" "See its log: docker compose logs $node. Then: docker compose up -d --wait"
    sleep "$pause"
  done
}

leader_writes() {
  local answer
  if ! answer=$(sql "$1" -c 'select pg_is_in_recovery()' 2>&1); then
    state=$(reason "$answer")
    return 1
  fi
  [ "$answer" = f ] || fail "$1 is in recovery: its data is a replica's" "Render the bundle with leader set to the node that was the leader."
}

# The slot of a replica that has data but none on the leader: it was away for a while. A clone makes its own.
ensure_slot() {
  sql "$LEADER" -v slot="$1" -f - <<<"
    select from pg_create_physical_replication_slot(:'slot', true)
      where not exists (select from pg_replication_slots where slot_name = :'slot') \\g /dev/null"
}

nudged=0 asked=0
replica_follows() {
  local answer recovering receiver behind replayed ahead copied
  if ! answer=$(sql "$1" -F ' ' -v lsn="$lsn" -f - 2>&1 <<<"
    select pg_is_in_recovery(), coalesce((select status from pg_stat_wal_receiver), 'down'),
      coalesce(pg_wal_lsn_diff(:'lsn', pg_last_wal_replay_lsn())::text, '?'), pg_last_wal_replay_lsn();"); then
    state=$(reason "$answer")
    ((SECONDS > asked)) || return 1
    asked=$SECONDS
    # While it is copied, the leader knows how far it is.
    copied=$(sql "$LEADER" -v node="$1" -f - 2>/dev/null <<<"
      select backup_streamed / 1048576 from pg_stat_progress_basebackup join pg_stat_replication using (pid)
        where application_name = :'node';") || copied=''
    state="$state${copied:+; $copied MB copied}"
    return 1
  fi
  read -r recovering receiver behind replayed <<<"$answer"
  [ "$recovering" = t ] || fail "$1 accepts writes: its data is a leader's" "If it is the leader, render the bundle with leader set to it."
  if [[ $behind = -* ]]; then
    # The leader goes on writing: a replica may be past where it was, never past where it is now.
    ahead=$(sql "$LEADER" -v at="$replayed" -f - <<<"select greatest(pg_wal_lsn_diff(:'at', pg_current_wal_flush_lsn()), 0)") || return 1
    [ "$ahead" = 0 ] || fail "$1 holds $ahead bytes of WAL that the leader lacks" \
      "The leader's data is older than what it sent, as after a volume that was put back from a copy. Put the newest one back."
    behind=0
  fi
  if [ "$receiver" != streaming ]; then
    state="its WAL receiver is $receiver; ${behind:-?} bytes behind"
    answer=$(ensure_slot "$1" 2>&1) || state="no slot: $(reason "$answer")"
    # Reading its files again also ends the pause that a receiver makes after a failed attempt (5 s).
    if ((SECONDS > nudged)); then
      nudged=$SECONDS
      sql "$1" -c 'select pg_reload_conf()' >/dev/null 2>&1 || true
    fi
    return 1
  fi
  state="$behind bytes behind"
  [ "$behind" = 0 ]
}

load_time=''
has_reloaded() {
  state='it has not read its files again'
  [ "$(sql "$1" -c "select pg_conf_load_time() > '$load_time'")" = t ]
}

# Reads the files again and says what is wrong with them, or what waits for a restart.
reload_node() {
  local node=$1 problems pending
  load_time=$(sql "$node" -c 'select pg_conf_load_time()')
  sql "$node" -c 'select pg_reload_conf()' >/dev/null
  # A new session sees the load time of the process that it was forked from.
  wait_for "$node" has_reloaded
  problems=$(sql "$node" -c "
    select concat_ws('; ',
      (select string_agg(format('%s line %s: %s', regexp_replace(sourcefile, '.*/', ''), sourceline, error), '; ')
         from pg_file_settings f where error is not null and not (error = 'setting could not be applied'
           and exists (select from pg_settings s where lower(s.name) = lower(f.name) and s.context = 'postmaster'))),
      (select string_agg(format('pg_hba.conf line %s: %s', line_number, error), '; ') from pg_hba_file_rules where error is not null))")
  [ -z "$problems" ] || fail "$node does not accept its files: $problems" "It still runs with the old ones, and would not start with these: do not restart it before that is done." \
    "Correct the setting in the stack file, render the bundle again, then: docker compose up -d --wait"
  pending=$(sql "$node" -c "select string_agg(name, ', ' order by name) from pg_settings where pending_restart")
  [ -z "$pending" ] || say "$node: takes effect at the next restart (docker compose restart $node): $pending"
}

drop_old_slots() {
  local name active
  sql "$LEADER" -F ' ' -v declared="$REPLICAS" -f - <<<"
    select slot_name, active from pg_replication_slots
      where slot_type = 'physical' and slot_name ~ '^pg[0-9]+\$'
        and slot_name <> all (string_to_array(:'declared', ' '));" |
    while read -r name active; do
      if [ "$active" = t ]; then
        say "$name is not declared but still runs: docker compose up -d --remove-orphans ends it"
      elif sql "$LEADER" -v slot="$name" -f - <<<"select pg_drop_replication_slot(:'slot') \\g /dev/null"; then
        say "dropped slot $name"
      fi
    done
}

console() { psql -XAtq -h "$POOLER" -p "$POOLER_PORT" -U pgbouncer -d pgbouncer -c "$1"; }

pooler_reloads() {
  local answer
  answer=$(console RELOAD 2>&1) || { state=$(reason "$answer"); return 1; }
}

# It may have started with these files or with older ones; either way it shows which routes it has now.
reload_pooler() {
  local shown route
  wait_for "$POOLER" pooler_reloads
  shown=$(console 'SHOW DATABASES')
  for route in $ROUTES; do
    grep -qF -- "$route|" <<<"$shown" || fail "$POOLER did not take its new routes" "See its log: docker compose logs $POOLER"
  done
  say "$POOLER has its routes"
}

wait_for "$LEADER" leader_writes
say "$LEADER accepts writes"
sql "$LEADER" -f "$config/roles.sql" >/dev/null
say "roles and databases are as declared"
reload_node "$LEADER"

lsn=$(sql "$LEADER" -c 'select pg_current_wal_flush_lsn()')
follow() {
  wait_for "$1" replica_follows
  reload_node "$1"
  say "$1 streams from $LEADER"
}
# All at once: each has waits of its own. What one reports as failed ends the others. Together they ask ten times a second.
read -ra names <<<"$REPLICAS"
pause=$((${#names[@]} / 10)).$((${#names[@]} % 10))
for node in $REPLICAS; do follow "$node" & done
for node in $REPLICAS; do wait -n || exit 1; done
pause=0.1
drop_old_slots
reload_pooler
say "the cluster is what was declared"
