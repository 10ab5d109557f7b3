#!/bin/bash
# Starts one PostgreSQL node. Delivered with the config volume, so any image with PostgreSQL under
# /usr/lib/postgresql/<major>/bin and bash, flock and psql will do; perl is for monitoring.
#
# What a node is stands in its data directory alone: with standby.signal it is a replica, of whichever node takes writes. Where
# another node contradicts that, this script explains and stops: it never deletes or overwrites a directory that holds a database.
#
# node.sh follow HOST: makes HOST the node that this one follows as a replica. A running server has to reload then.
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

# Whom a replica follows; postgresql.conf includes it. In the data volume, because it belongs to the data: stack config names no
# leader.
upstream=$volume/upstream.conf
set_upstream() {
  printf "# Written by node.sh: the node that this one follows while it is a replica.\nprimary_conninfo = 'host=%s %s'\n" "$1" "$CONNINFO" >"$upstream.new"
  sync "$upstream.new" && mv "$upstream.new" "$upstream"
}
upstream_host() { sed -n "s/^primary_conninfo = 'host=\([^ ']*\).*/\1/p" "$upstream" 2>/dev/null || true; }

if [ "${1:-}" = follow ]; then
  set_upstream "$2"
  exit
fi

# The first process of a container has no default for signals: without this, a start that waits could not be stopped.
trap 'exit 143' TERM INT

# Exit code 78 (EX_CONFIG): a person has to decide; nothing was changed.
refuse() {
  say "REFUSED: $1"
  # For others that share this directory: a bundle's setup need not wait for a node that will not start.
  printf '%s\n' "$@" 2>/dev/null >"$refusal" || true
  shift
  for line in "$@"; do say "  $line"; done
  exit 78
}

# A replication connection to another node: works before any database exists and needs no more than the replicator role.
ask() {
  local host=$1
  shift
  psql -XAtq -F ' ' -d "host=$host $REPLICATOR replication=true" -c "$*"
}

# Harmless: the old directory stays in the volume.
clone_again() { printf './pgstack reclone %s --stack <stack>%s, which sets its data aside' "$NODE" "${1:+ $1}"; }

# Two servers on one volume destroy it, and postmaster.pid cannot tell them apart across containers. The kernel frees
# this lock whatever way the holder dies; postgres inherits it.
exec 9>"$volume/.pgstack.lock" || refuse "$volume is not writable by $(id -u):$(id -g)" \
  "The volume must belong to that user; images other than pgstack's need the directory $volume owned by it."
flock -n 9 || refuse "another server is using this data volume" \
  "Its container: docker ps --filter volume=$DATA_VOLUME. Stop the one that does not belong there: docker stop -t 120 <name>"

# Without any data: the copy of the node that takes writes, or the first node of a new cluster.
start_empty() {
  local peer system timeline waited=0
  asked=$PEERS survey
  until read_leading; do
    if [ "$NODE" = "$FIRST_NODE" ]; then
      # A peer that answers has data: an empty leader next to it would start a second, diverging cluster.
      peer=${answered%% *}
      [ -z "$peer" ] || refuse "the data volume is empty, but $peer holds this cluster's data, and no node takes writes" \
        "Put the volume $DATA_VOLUME back. If it is lost for good, $peer has to lead: docs/faults.md, \"The leader's volume is lost\"."
      if [ -z "$starting$behind" ] && ! was_in_cluster; then
        initialise
        return
      fi
    fi
    # One line every ten seconds says what the wait is for.
    ((waited % 50 == 0)) && say "waiting for a node that takes writes: ${answered:+$(words "$answered") answer as replicas; }${silent:+no answer from ${silent% }: $(tail -n 1 "/tmp/peer.${silent%% *}")}"
    waited=$((waited + 1))
    sleep 0.2
    # The first node is the one that most often comes; all others are asked less often.
    if ((waited % 10)); then asked=$FIRST_NODE survey; else asked=$PEERS survey; fi
  done
  clone "$peer"
}

# A volume that was a node's once never begins a new cluster.
was_in_cluster() { [ -e "$marker" ] || compgen -G "$volume/pgdata.aside-*" >/dev/null; }

initialise() {
  say "initialising a new database cluster"
  rm -rf "$partial"
  # shellcheck disable=SC2086 # LOCALE_OPTIONS is a list of options rendered by pgstack
  initdb --pgdata="$partial" --username=postgres --encoding=UTF8 $LOCALE_OPTIONS --data-checksums \
    --auth-local=peer --auth-host=scram-sha-256 >/dev/null
  mv "$partial" "$data"
  sync "$volume"
}

# clone HOST
clone() {
  local leader=$1 waited=0
  # With no data here, nothing depends on an old slot of this name, and one that lost its WAL is of no use.
  # A sender that outlived its replica holds it for a few seconds more.
  until ask "$leader" "DROP_REPLICATION_SLOT $NODE" >/dev/null 2>"/tmp/slot.err" || grep -q 'does not exist' /tmp/slot.err; do
    ((waited % 50 == 0)) && say "waiting for slot $NODE: $(tail -n 1 /tmp/slot.err)"
    waited=$((waited + 1))
    sleep 0.2
  done
  ask "$leader" "CREATE_REPLICATION_SLOT $NODE PHYSICAL RESERVE_WAL" >/dev/null
  say "cloning $leader"
  # An unfinished copy of an earlier start was never a database; it is made again.
  rm -rf "$partial"
  # A disk that stalls for longer than the leader waits for a standby (wal_sender_timeout, seconds) would end the copy, and it
  # would begin again for ever. A leader's host that is gone is found by keepalives as before.
  local options="-c wal_sender_timeout=5min"
  pg_basebackup --pgdata="$partial" --dbname="host=$leader $REPLICATOR options='$options'" --no-password \
    --checkpoint=fast --wal-method=stream --slot="$NODE"
  touch "$partial/standby.signal"
  sync "$partial/standby.signal" "$partial"
  set_upstream "$leader"
  mv "$partial" "$data"
  sync "$volume"
  say "cloned $leader"
}

check_existing_data() {
  local version
  version=$(<"$data/PG_VERSION")
  [ "$version" = "$MAJOR" ] || refuse "the data volume holds PostgreSQL $version, stack config asks for $MAJOR" \
    "Set postgresVersion back to $version. A major upgrade is not a change of version number."
  if [ -e "$data/standby.signal" ]; then
    follow_leader
  elif was_promoted; then
    say "$NODE was promoted while it ran: it starts as a leader when no other node leads"
    asked=$PEERS ask_peers 0
  elif [[ $(cat "$marker" 2>/dev/null) = replica* ]]; then
    refuse "the data is a leader's, but $NODE was a replica when it started last, and was not promoted since" \
      "Its directory has lost standby.signal. Put it back if it is a replica's: touch $data/standby.signal" \
      "If this data can go: $(clone_again --give-up-rows). If this node is to lead, remove $marker. Nothing was changed."
  else
    # A host that comes up starts its nodes in any order: one that was promoted in the meantime is given time to be seen. Of a
    # node that led when it started last, only those that followed it can have been: they have slots here.
    asked=$PEERS
    [[ $(cat "$marker" 2>/dev/null) != leader* ]] || asked=$(followers)
    ask_peers 3000
  fi
}

# Nodes with a slot in this data.
followers() {
  local slot
  for slot in "$data"/pg_replslot/*/; do
    slot=${slot%/}
    slot=${slot##*/}
    [[ " $PEERS " != *" $slot "* ]] || printf '%s ' "$slot"
  done
}

# A replica serves reads without its leader too, so that no answer is no reason to stay down.
follow_leader() {
  local peer system timeline position _ former
  former=$(upstream_host)
  answered=''
  [ -z "$former" ] || asked=$former survey
  read_leading || asked=$PEERS survey
  if ! read_leading; then
    [ -n "$former" ] || [ "$FIRST_NODE" = "$NODE" ] || set_upstream "$FIRST_NODE"
    say "no node takes writes: starts as a replica of ${former:-$FIRST_NODE}"
    return
  fi
  read -r peer system timeline position _ <<<"$(leading)"
  check_same_cluster "$peer" "$system" "$timeline" "$position"
  [ "$peer" = "$former" ] || { set_upstream "$peer" && say "follows $peer${former:+, and $former no longer}"; }
  # One that was promoted has no slots of the others. Here it is needed from the first moment on.
  ask "$peer" "CREATE_REPLICATION_SLOT $NODE PHYSICAL RESERVE_WAL" >/dev/null 2>&1 || true
}

# What each start leaves in the volume: "leader", "replica" or "promoted", and the timeline.
marker=$volume/.pgstack.role

# By hand, since its last start as a replica: no promotion is without a newer timeline.
was_promoted() {
  local was timeline
  read -r was timeline 2>/dev/null <"$marker" || return 1
  [ "$was" = promoted ] || { [ "$was" = replica ] && [ "$(newest_timeline)" -gt "$timeline" ]; }
}

remember_role() {
  local now=leader
  # With followers it is a leader like any other.
  if [ -e "$data/standby.signal" ]; then now=replica; elif was_promoted && [ -z "$(followers)" ]; then now=promoted; fi
  now+=" $(newest_timeline)"
  [ "$(cat "$marker" 2>/dev/null)" != "$now" ] || return 0
  # A full disk is no reason to stay down.
  { printf '%s\n' "$now" >"$marker.new" && sync "$marker.new" && mv "$marker.new" "$marker"; } 2>/dev/null ||
    say "could not write $marker"
}

asked=''
# Asks all nodes in `asked` at once. `answered` gets a line for each that tells: NODE SYSTEM TIMELINE POSITION IN_HOT_STANDBY, where
# "off" at the end means that it accepts writes. `starting`: may accept writes soon. `behind`: standbys that cannot tell yet.
survey() {
  local peer system timeline position standby
  answered='' starting='' behind='' silent=''
  for peer in $asked; do
    timeout 4 psql -XAtq -F ' ' -d "host=$peer $REPLICATOR replication=true" \
      -c IDENTIFY_SYSTEM -c 'SHOW in_hot_standby' >"/tmp/peer.$peer" 2>&1 &
  done
  wait
  for peer in $asked; do
    standby=''
    { read -r system timeline position _ && read -r standby; } <"/tmp/peer.$peer" || true
    case $standby in
      on | off) answered+="$peer $system $timeline $position $standby"$'\n' && continue ;;
    esac
    case $(<"/tmp/peer.$peer") in
      *'starting up'* | *'in recovery mode'*) starting+="$peer " ;;
      *'not yet accepting connections'*) behind+="$peer " ;;
      *) silent+="$peer " ;;
    esac
  done
}

# The line of the peer that accepts writes; of two the one with the newer timeline.
leading() { grep ' off$' <<<"$answered" | sort -k3,3nr | head -n 1; }
# The same into `peer`, `system` and `timeline`.
read_leading() { read -r peer system timeline _ < <(leading); }

# The names in lines of answers.
words() { cut -d ' ' -f 1 <<<"${1%$'\n'}" | paste -sd ' ' -; }

# Before a leader's data starts: no other node may accept writes, be on a newer timeline or hold WAL that is lacking here.
# Nodes that do not answer are no reason to stay down: they are asked again for so many milliseconds.
ask_peers() {
  local peer since=${EPOCHREALTIME//[.,]/} waited told=-10000
  while :; do
    survey
    judge_answers
    waited=$(((${EPOCHREALTIME//[.,]/} - since) / 1000))
    # One that recovers from a crash as a leader is as good as writable: it will come.
    [ -n "$starting" ] || { [ -n "$behind" ] && ((waited < 10000)); } || { [ -n "$silent" ] && ((waited < $1)); } || break
    if ((waited - told >= 10000)); then
      told=$waited
      say "asking who leads: ${starting:+$starting is starting; }${behind:+$behind is replaying; }${silent:+no answer from $silent}"
    fi
    sleep 0.2
  done
  for peer in $silent $behind; do say "starts without an answer from $peer: $(tail -n 1 "/tmp/peer.$peer")"; done
}

judge_answers() {
  local peer system timeline position own own_timeline lacking
  own=$(control_value 'Database system identifier')
  own_timeline=$(newest_timeline)
  if read_leading; then
    [ "$system" = "$own" ] || refuse "$peer accepts writes and belongs to another cluster (system identifier $system, this data has $own)" \
      "Put the right volumes in their places: docs/faults.md. Nothing was changed."
    refuse "$peer accepts writes on timeline $timeline: a second leader would fork the cluster" \
      "$NODE led on timeline $own_timeline until $(control_value 'pg_control last modified'): rows written here since it was cut off may be on no other node." \
      "To continue with $peer: $(clone_again --give-up-rows), and clones it from $peer." \
      "Nothing was changed. The other way, and how to look for rows: docs/operations.md, \"Another node leads\"."
  fi
  while read -r peer system timeline position _; do
    # Of another cluster: its own gate refuses it.
    [ "$system" = "$own" ] || continue
    [ "$timeline" -le "$own_timeline" ] || refuse "$peer follows timeline $timeline, newer than this node's $own_timeline: another node was promoted, and does not answer" \
      "Rows that it took are not here, and rows written here since $NODE was cut off may be on no other node." \
      "Look which node was promoted and whether its data can come back before any node is started: docs/operations.md, \"Another node leads\". Nothing was changed."
    [ "$timeline" = "$own_timeline" ] || continue
    lacking=$(lacking_wal "$position" "$own_timeline")
    [ -z "$lacking" ] || refuse "$peer holds $lacking bytes of WAL that this node does not have" \
      "This data is older than what $peer received from it, for example because a volume was restored from a copy. The rows in that WAL are not here." \
      "Put the newest state of the volume $DATA_VOLUME back. If it is lost, $peer has to lead: docs/faults.md, \"The leader's volume is lost\". Nothing was changed."
  done <<<"${answered%$'\n'}"
}

# A position such as 0/3000148 as a number.
bytes_of() { echo $(((16#${1%/*} << 32) + 16#${1#*/})); }

# lacking_wal POSITION TIMELINE: bytes of complete WAL records that end at or before a peer's position and are not here; nothing
# when there are none. After a crash a replica may hold a part of the record that was being written: a leader sends what is
# flushed, whole pages mostly. The pages were flushed here too, so the length of that record is here, and it ends later.
lacking_wal() {
  local theirs end record page segment length
  theirs=$(bytes_of "$1")
  [ "$theirs" -gt "$(bytes_of "$(control_value 'Latest checkpoint location')")" ] || return 0
  find_wal_end "$2" || return 0
  record=$end
  ((end % page)) || record=$((end + $(page_header "$end")))
  # Less than the head of a record.
  ((theirs >= record + 24)) || return 0
  # A page that was never written, or was another's before: no record begins here.
  if ((end % page == 0)) && [ "$(wal_number 8 $((end + 8)) "$2")" != "$end" ]; then
    length=0
  else
    length=$(wal_number 4 "$record" "$2")
  fi
  if ((${length:-0} > 0)); then
    # Where it ends, with the headers of the pages that it crosses.
    while ((record <= theirs && length > page - record % page)); do
      length=$((length - (page - record % page)))
      record=$((record + (page - record % page)))
      record=$((record + $(page_header "$record")))
    done
    ((record + length <= theirs)) || return 0
  fi
  echo $((theirs - end))
}

# find_wal_end TIMELINE: the end of the last complete record into `end`, which is the caller's with `page` and `segment`.
find_wal_end() {
  local start first last found
  page=$(control_value 'WAL block size')
  segment=$(control_value 'Bytes per WAL segment')
  start=$(control_value 'Latest checkpoint location')
  # Promoted, and no checkpoint since: the new timeline's files begin where it left the old one.
  [ "$1" = "$(control_value "Latest checkpoint's TimeLineID")" ] ||
    start=$(sed -n 's,^[0-9]*[[:space:]]*\([0-9A-F]*/[0-9A-F]*\).*,\1,p' "$data/pg_wal/$(printf %08X "$1").history" | tail -n 1)
  # Told which files it may read: by itself it looks at any, and ends at one that was made in advance and is empty yet.
  first=$(($(bytes_of "$start") / segment))
  last=$first
  while [ "$(wal_number 8 $(((last + 1) * segment + 8)) "$1")" = $(((last + 1) * segment)) ]; do last=$((last + 1)); done
  # It always ends with an error: at the end of the WAL.
  found=$(pg_waldump --stats --path="$data/pg_wal" --start="$start" "$(wal_file "$first" "$1")" "$(wal_file "$last" "$1")" 2>/dev/null | sed -n 's/^WAL statistics between .* and \(.*\):$/\1/p') || true
  if [ -z "$found" ]; then
    say "could not read the WAL from $start: its end is not compared with the other nodes"
    return 1
  fi
  end=$(bytes_of "$found")
}

page_header() { if (($1 % segment)); then echo 24; else echo 40; fi; }

# wal_number SIZE POSITION TIMELINE: the number at a position of the WAL.
wal_number() {
  od -A n -t "u$1" -j $(($2 % segment)) -N "$1" "$data/pg_wal/$(wal_file $(($2 / segment)) "$3")" 2>/dev/null | tr -d ' ' || true
}

# wal_file NUMBER TIMELINE: the name of a segment.
wal_file() {
  local per=$((0x100000000 / segment))
  printf %08X%08X%08X "$2" $(($1 / per)) $(($1 % per))
}

# check_same_cluster LEADER SYSTEM TIMELINE POSITION
check_same_cluster() {
  local leader=$1 system=$2 timeline=$3 position=$4
  local own own_timeline
  own=$(control_value 'Database system identifier')
  own_timeline=$(newest_timeline)
  [ "$own" = "$system" ] || refuse "the data volume belongs to another cluster (system identifier $own, the leader has $system)" \
    "Put the right volume in its place, or if this data can go: $(clone_again)"
  [ "$own_timeline" -le "$timeline" ] || refuse "the data is on timeline $own_timeline, newer than the leader's $timeline" \
    "This node was promoted and may hold rows that no other node has. If they can go: $(clone_again)"
  [ "$own_timeline" != "$timeline" ] || refuse_older_leader "$leader" "$position" "$timeline"
}

# PostgreSQL does not notice: a replica asks for WAL from the beginning of its last segment on, and takes what it is sent there.
refuse_older_leader() {
  local leader=$1 position=$2 timeline=$3 end=0 page segment replayed=0
  # What is written to tables may be past the WAL that is here, when it has received from an older leader already.
  [ "$(control_value "Min recovery ending loc's timeline")" != "$timeline" ] || replayed=$(bytes_of "$(control_value 'Minimum recovery ending location')")
  find_wal_end "$timeline" || true
  end=$((end > replayed ? end : replayed))
  ((end <= $(bytes_of "$position"))) || refuse "this node holds $((end - $(bytes_of "$position"))) bytes of WAL that $leader does not have" \
    "The data of $leader is older than what it sent, for example because a volume was restored from a copy. Rows in that WAL are not there." \
    "Stop $leader: docs/faults.md, \"The leader's data is older than a replica's\". If those rows can go: $(clone_again)"
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

# Requested in stack config, once for each value. The old directory stays in the volume: a person decides when it goes.
set_aside() {
  local aside
  aside=$volume/pgdata.aside-$(date -u +%Y%m%dT%H%M%SZ)
  mv "$data" "$aside"
  sync "$volume"
  say "set the old data aside as ${aside##*/}"
}

reclone() {
  local peer system timeline waited=0
  asked=$PEERS survey
  # Its data is set aside only when there is something to clone.
  until read_leading; do
    if ((waited >= 50)) && [ -e "$data/PG_VERSION" ] && [ ! -e "$data/standby.signal" ]; then
      refuse "reclone.$NODE is set, but no other node takes writes, and the data of $NODE is a leader's" \
        "There is nothing to clone it from. Nothing was changed. Remove the key reclone.$NODE from the stack file."
    fi
    ((waited % 50 == 0)) && say "waiting for a node that takes writes: its data is set aside when there is one"
    waited=$((waited + 1))
    sleep 0.2
    asked=$PEERS survey
  done
  [ ! -e "$data" ] || set_aside
  # Before the clone: one that is cut short is made again without a word.
  printf '%s' "$word" >"$volume/.pgstack.reclone"
  clone "$peer"
}

word=${PGSTACK_RECLONE:-}
if [ -n "$word" ] && [ "$(cat "$volume/.pgstack.reclone" 2>/dev/null)" != "$word" ]; then
  reclone
elif [ -e "$data/PG_VERSION" ]; then
  check_existing_data
elif [ -e "$data" ]; then
  refuse "$data exists but holds no database" "Look at what it is before anything is removed."
else
  start_empty
fi

remember_role

# A replica may not run with less than the leader had when it wrote the WAL that is still to be replayed: it would end at
# once. Its own control file knows that value; the next restart after the leader's takes the lower one.
raised=()
if [ -e "$data/standby.signal" ]; then
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
