#!/usr/bin/env bash
# Everything that must hold before a change is merged: the machine is prepared,
# then unit tests, then tests against a real engine. Arguments go to vitest.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

say() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

say "preparing the machine"
"$REPO/scripts/bootstrap.sh"
# The tools only: tests keep state and passphrases of their own.
use_env --tools
cd "$REPO"
for project in unit integration; do
  say "$project tests"
  node_modules/.bin/vitest run --project "$project" "$@"
done
say "all tests passed"
