#!/usr/bin/env bash
# Brings a machine to where pgstack runs: what is there is used, what is missing
# is installed into a cache outside the repository, and one line says which.
# Running it again is cheap and changes nothing.
#
#   scripts/bootstrap.sh [--only node,npm,pulumi,engine,compose,image,browser]
#                        [--without-engine] [--quiet]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
for file in versions node pulumi; do . "$REPO/scripts/lib/$file.sh"; done

steps=(node npm pulumi engine compose image)
quiet=false
while [ $# -gt 0 ]; do
  case "$1" in
    --only)
      IFS=, read -r -a steps <<<"${2:?--only needs a list of steps}"
      shift
      ;;
    --without-engine) steps=(node npm pulumi) ;;
    --quiet) quiet=true ;;
    *) die "unknown option $1; see the head of scripts/bootstrap.sh" ;;
  esac
  shift
done

# Seconds with one decimal since the step began; EPOCHREALTIME is bash 5 only,
# and macOS has bash 3.
now_tenths() { if [ -n "${EPOCHREALTIME:-}" ]; then local t="${EPOCHREALTIME/[.,]/}"; echo "$((t / 100000))"; else echo "$((SECONDS * 10))"; fi; }
report() {
  local tenths=$(($(now_tenths) - began))
  printf '%-14s %-10s %s (%d.%d s)\n' "$2" "$1" "$3" $((tenths / 10)) $((tenths % 10))
}
found() { $quiet || report found "$@"; }
installed() { report installed "$@"; }
warn() { printf 'warning: %s\n' "$*" >&2; }

for step in "${steps[@]}"; do
  case "$step" in
    node | npm | pulumi | engine | compose | image | browser) ;;
    *) die "there is no step $step" ;;
  esac
  . "$REPO/scripts/bootstrap/$step.sh"
  began=$(now_tenths)
  "step_$step"
done
