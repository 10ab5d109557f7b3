#!/usr/bin/env bash
# Removes a stack's containers, networks and config, and keeps its data volumes:
# scripts/stack/destroy.sh STACK. DESTROY_FLAGS replaces the
# options of `pulumi destroy`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

require_stack "${1:-}"
use_stack_engine
"$REPO/scripts/bootstrap.sh" --quiet --only node,npm,pulumi,engine
use_env
destroy_stack

volumes="$(data_volumes)"
if [ -n "$volumes" ]; then
  echo
  echo "These data volumes are kept; the next up takes them over:"
  while read -r volume; do echo "  $volume"; done <<<"$volumes"
  echo "To delete them for good: make purge STACK=$STACK_REF CONFIRM=$STACK"
fi
