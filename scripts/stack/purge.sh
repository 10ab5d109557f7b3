#!/usr/bin/env bash
# Destroys a stack and deletes its data volumes for good:
# scripts/stack/purge.sh STACK CONFIRM, where CONFIRM must be the stack's name,
# with or without its organization and project.
# DESTROY_FLAGS replaces the options of `pulumi destroy`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

require_stack "${1:-}"
use_stack_engine
[ "${2:-}" = "$STACK" ] || [ "${2:-}" = "$STACK_REF" ] ||
  die "this deletes all data of the stack $STACK. If that is meant: make purge STACK=$STACK_REF CONFIRM=$STACK"

"$REPO/scripts/bootstrap.sh" --quiet --only node,npm,pulumi,engine
use_env
# Volumes in use cannot be removed, so the stack goes first.
destroy_stack
volumes="$(data_volumes)"
if [ -z "$volumes" ]; then
  echo "the stack $STACK has no data volumes"
  exit 0
fi
echo
for volume in $volumes; do
  docker volume rm "$volume" >/dev/null
  echo "deleted $volume"
done
