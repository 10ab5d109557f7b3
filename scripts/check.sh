#!/usr/bin/env bash
# What can be checked without an engine: formatting, types, lint, generated docs,
# scripts, workflows and unit tests. One line per step, in the order in which
# they end; the output of what failed follows. Needs Node on PATH and the
# packages: `make check` sees to both.
#
# A linter that is missing is skipped with a line that says so, unless
# REQUIRE_SHELLCHECK=1 or REQUIRE_ACTIONLINT=1.
# shellcheck disable=SC2317,SC2329  # functions that are called through step
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
cd "$REPO"

bin=node_modules/.bin
# Tests start Node some twenty times.
export NODE_COMPILE_CACHE="$COMPILE_CACHE"
[ -x "$bin/vitest" ] || die "the npm packages are missing: run make setup first"
work="$(mktemp -d)"

# Seconds with one decimal; EPOCHREALTIME is bash 5 only, and macOS has bash 3.
tenths() { if [ -n "${EPOCHREALTIME:-}" ]; then local t="${EPOCHREALTIME/[.,]/}"; echo "$((t / 100000))"; else echo "$((SECONDS * 10))"; fi; }

# step NAME COMMAND…: a command that ends with 77 has nothing to work with; its
# last line is the reason.
step() {
  local name="$1" began status=0 took
  shift
  began="$(tenths)"
  "$@" >"$work/$name.log" 2>&1 </dev/null || status=$?
  took="$(($(tenths) - began))"
  case "$status" in
    0) printf '%-10s ok (%d.%d s)\n' "$name" $((took / 10)) $((took % 10)) ;;
    77) printf '%-10s skipped: %s\n' "$name" "$(tail -n 1 "$work/$name.log")" ;;
    *)
      printf '%-10s FAILED (%d.%d s)\n' "$name" $((took / 10)) $((took % 10))
      touch "$work/$name.failed"
      ;;
  esac
}

# missing TOOL REASON…: skips the step, or fails it where the tool is required.
missing() {
  local required="REQUIRE_$1"
  shift
  echo "$* ($required=1 makes this a failure)"
  [ "${!required:-}" = 1 ] || return 77
  return 1
}

format() { "$bin/oxfmt" --check; }
types() { "$bin/tsc" --noEmit; }
lint() { "$bin/oxlint" --type-aware --deny-warnings; }
# A quarter of the cases of costly properties: scripts/test.sh tries all of them.
unit() { NO_COLOR=1 PROPERTY_SHARE="${PROPERTY_SHARE:-0.25}" "$bin/vitest" run --project 'unit*'; }

docs() {
  if [ ! -e scripts/generate-docs.ts ]; then
    echo "there is no scripts/generate-docs.ts"
    return 77
  fi
  node scripts/generate-docs.ts --check
}

shell() {
  have shellcheck || { missing SHELLCHECK "shellcheck is not installed"; return; }
  local -a files=(pgstack .ci/run templates/postgres/node.sh)
  local file
  while IFS= read -r file; do files+=("$file"); done < <(find scripts bench -name '*.sh' | LC_ALL=C sort)
  shellcheck "${files[@]}"
}

# On PATH, else built from toolchain/actionlint into the cache, once.
find_actionlint() {
  command -v actionlint && return
  local home
  home="$CACHE/actionlint-$(sha256 <toolchain/actionlint/go.sum | cut -c1-16)"
  if [ ! -x "$home/actionlint" ]; then
    have go || PATH="$PATH:/usr/local/go/bin"
    have go || return 1
    mkdir -p "$home"
    (cd toolchain/actionlint &&
      CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off go build -mod=readonly -trimpath -o "$home/actionlint.$$" github.com/rhysd/actionlint/cmd/actionlint) >&2 || return 1
    mv "$home/actionlint.$$" "$home/actionlint"
  fi
  echo "$home/actionlint"
}
workflows() {
  local actionlint
  actionlint="$(find_actionlint)" || { missing ACTIONLINT "actionlint is not installed and could not be built: is Go there?"; return; }
  "$actionlint" -color=false .github/workflows/*.yml
}

# Two lanes: unit tests take about as long as all the rest together. Each is a
# process group of its own, so that an interrupted check leaves nothing running.
set -m
{
  step format format
  step types types
  step lint lint
  step docs docs
} &
lanes=($!)
{
  step unit unit
  step shell shell
  step workflows workflows
} &
lanes+=($!)
set +m
stop() {
  local lane
  for lane in "${lanes[@]}"; do kill -- "-$lane" 2>/dev/null || true; done
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM
wait

failed=0
for name in format types lint docs shell workflows unit; do
  [ -e "$work/$name.failed" ] || continue
  failed=1
  printf '\n== %s\n' "$name"
  cat "$work/$name.log"
done
if [ "$failed" = 0 ]; then echo "all checks passed ($SECONDS s)"; fi
exit "$failed"
