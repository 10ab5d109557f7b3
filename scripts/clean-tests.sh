#!/usr/bin/env bash
# Removes what a killed test run left on the engine: containers, networks and
# volumes of stacks whose name begins with "test", and nothing else.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

# left COMMAND…: the names that the command prints and tests own. The project's name is compared as text: it may hold a dot,
# which a regular expression takes for any character, and what is printed here is deleted.
left() {
  "$@" | awk -v prefix="$PROJECT-" \
    'index($0, prefix) == 1 && substr($0, length(prefix) + 1) ~ /^test[a-z0-9]*(-|$)/'
}

count=0
remove() {
  local name
  while read -r name; do
    [ -n "$name" ] || continue
    docker "$@" "$name" >/dev/null
    echo "removed $name"
    count=$((count + 1))
  done
}
# Containers first: they hold the other two.
remove rm --force --volumes < <(left docker ps --all --format '{{.Names}}')
remove network rm < <(left docker network ls --format '{{.Name}}')
remove volume rm < <(left docker volume ls --format '{{.Name}}')
echo "$count removed"
