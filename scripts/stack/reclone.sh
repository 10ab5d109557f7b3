#!/usr/bin/env bash
# Has a replica cloned from the leader again: scripts/stack/reclone.sh STACK NODE [CONFIRM]
# Its container and its data volume are removed, then the stack is deployed with
# a refresh. Nothing is removed unless the leader takes writes. Data that is not
# a replica's is removed only when CONFIRM is the node's name.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

require_stack "${1:-}"
node="${2:-}"
confirm="${3:-}"
[ -n "$node" ] || die "which replica? make reclone STACK=$STACK NODE=pg2"
use_stack_engine
use_env

# One line per node: name, role, container, data volume.
nodes="$(pulumi stack output nodes --cwd "$REPO" --stack "$STACK" --json |
  node -e 'for (const n of JSON.parse(require("node:fs").readFileSync(0, "utf8"))) console.log(n.name, n.role, n.container, n.dataVolume)')" ||
  die "the stack $STACK has no outputs that name its nodes: was it deployed?"
read -r _ role container volume <<<"$(grep "^$node " <<<"$nodes" || echo - none - -)"
read -r leader _ leader_container _ <<<"$(grep ' leader ' <<<"$nodes")"
case "$role" in
  replica) ;;
  leader) die "$node is the leader of $STACK: the others are cloned from it, so its data stays" ;;
  *) die "the stack $STACK has no node $node. Its nodes:$(cut -d ' ' -f 1 <<<"$nodes" | tr '\n' ' ' | sed 's/^/ /')" ;;
esac

leads() { docker exec "$leader_container" psql -XAtq -h /run/postgresql -U postgres -c 'select not pg_is_in_recovery()'; }
[ "$(leads 2>&1 || true)" = t ] ||
  die "the leader $leader does not take writes, so nothing can be cloned from it. Nothing was removed. See: docker logs --tail 50 $leader_container"

# Looks into the volume through a container that mounts it and is never started.
holds() { docker cp "$carrier:/volume/pgdata/$1" - >/dev/null 2>&1; }
carrier="$(docker create --network none --volume "$volume:/volume:ro" \
  "$(docker inspect --format '{{.Image}}' "$leader_container")" true)"
trap 'docker rm --volumes "$carrier" >/dev/null' EXIT
if holds PG_VERSION && ! holds standby.signal && [ "$confirm" != "$node" ]; then
  die "$volume holds the data of a server that took writes: it may have rows that no other node has. Nothing was removed. If they can go: make reclone STACK=$STACK NODE=$node CONFIRM=$node"
fi
docker rm --volumes "$carrier" >/dev/null
trap - EXIT

if docker container inspect "$container" >/dev/null 2>&1; then
  docker stop --time 120 "$container" >/dev/null
  docker rm "$container" >/dev/null
fi
docker volume rm "$volume" >/dev/null
echo "removed $container and $volume; $node is cloned from $leader"
cd "$REPO"
exec pulumi up --stack "$STACK" --yes --skip-preview --refresh
