#!/usr/bin/env bash
# The whole fault matrix (docs/faults.md) on real containers. The machine is
# prepared first. Arguments go to vitest. `make test` runs a quick part of it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

"$REPO/scripts/bootstrap.sh" --quiet
# The tools only: tests keep state and passphrases of their own.
use_env --tools
cd "$REPO"
# A line per test as it ends: some take minutes. At the end where the time went, and once more what failed.
reporters=(--reporter=verbose --reporter=testing/slowest-reporter.ts --reporter=testing/failures-reporter.ts)
node_modules/.bin/vitest run --project faults "${reporters[@]}" "$@"
echo "the fault matrix holds ($SECONDS s)"
