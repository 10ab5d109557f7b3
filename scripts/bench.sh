#!/usr/bin/env bash
# Measures, and says so in Markdown: scripts/bench.sh [SCENARIO…], all of them
# without a name. ROUNDS and LOAD_S replace a scenario's number of rounds and
# the seconds of its load runs. Results go to bench/results; nothing is
# published by this.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

"$REPO/scripts/bootstrap.sh" --quiet
# The tools only: benchmarks keep state and passphrases of their own.
use_env --tools
cd "$REPO"

options=()
[ -z "${ROUNDS:-}" ] || options+=(--rounds "$ROUNDS")
[ -z "${LOAD_S:-}" ] || options+=(--load-s "$LOAD_S")

if [ $# = 0 ]; then
  names="$(node bench/main.ts list)"
  # shellcheck disable=SC2086  # one word for each
  set -- $names
fi
failed=()
for name in "$@"; do
  # One process each: what one leaves behind or breaks is not the next one's.
  node bench/main.ts run "$name" ${options[@]+"${options[@]}"} || failed+=("$name")
done
[ ${#failed[@]} = 0 ] || die "not everything was measured: ${failed[*]}"
