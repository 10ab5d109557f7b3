#!/usr/bin/env bash
# Everything that must hold before a change is merged: the machine is prepared,
# then all that needs no engine (scripts/check.sh), then tests against a real
# one. Arguments go to vitest for the latter. --quick as the first one chooses the
# most important: a stack's life, two stacks side by side, secrets, some faults.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

quick=()
if [ "${1:-}" = --quick ]; then
  shift
  for name in lifecycle stacks secrets faults; do quick+=("test/integration/$name.test.ts"); done
fi

say() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

say "preparing the machine"
"$REPO/scripts/bootstrap.sh"
# What the tests alone need.
[ "${#quick[@]}" -gt 0 ] || "$REPO/scripts/bootstrap.sh" --only browser
# The tools only: tests keep state and passphrases of their own.
use_env --tools
cd "$REPO"
say "checks"
[ "${#quick[@]}" -gt 0 ] || export PROPERTY_SHARE=1
scripts/check.sh
say "integration tests"
# A line per test as it ends: some take minutes. At the end where the time went, and once more what failed.
reporters=(--reporter=verbose --reporter=testing/slowest-reporter.ts --reporter=testing/failures-reporter.ts)
node_modules/.bin/vitest run --project integration "${reporters[@]}" ${quick[@]+"${quick[@]}"} "$@"
if [ "${#quick[@]}" -gt 0 ]; then say "the quick tests passed"; else say "all tests passed"; fi
