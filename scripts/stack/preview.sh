#!/usr/bin/env bash
# Shows what `up` would change, also where no Docker engine is in reach:
# scripts/stack/preview.sh STACK. PREVIEW_FLAGS adds options.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

require_stack "${1:-}"
"$REPO/scripts/bootstrap.sh" --quiet --without-engine
use_env
select_stack
cd "$REPO"
# shellcheck disable=SC2086  # several options in one variable
exec pulumi preview --stack "$STACK_REF" ${PREVIEW_FLAGS---diff}
