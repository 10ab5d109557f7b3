#!/usr/bin/env bash
# Everything that must hold before a change is merged: the machine is prepared,
# then all that needs no engine (scripts/check.sh), then tests against a real
# one. Arguments go to vitest for the latter.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

say() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

say "preparing the machine"
"$REPO/scripts/bootstrap.sh"
# What the tests alone need.
"$REPO/scripts/bootstrap.sh" --only browser
# The tools only: tests keep state and passphrases of their own.
use_env --tools
cd "$REPO"
say "checks"
PROPERTY_SHARE=1 scripts/check.sh
say "integration tests"
# A line per test as it ends: some take minutes. What failed is said once more at the end.
node_modules/.bin/vitest run --project integration --reporter=verbose --reporter=testing/failures-reporter.ts "$@"
say "all tests passed"
