#!/usr/bin/env bash
# Brings a stack to what its config says: scripts/stack/up.sh STACK
# UP_FLAGS replaces the options of `pulumi up`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

require_stack "${1:-}"
use_stack_engine
"$REPO/scripts/bootstrap.sh" --quiet
use_env
select_stack
cd "$REPO"
# shellcheck disable=SC2086  # several options in one variable
exec pulumi up --stack "$STACK_REF" ${UP_FLAGS---yes --skip-preview}
