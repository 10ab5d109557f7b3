# shellcheck shell=bash
# Runs a long command with its output in a log, and says every few seconds how
# far it is.

# with_progress WHAT LOG FUNCTION
with_progress() {
  local what="$1" log="$2" start=$SECONDS next=10 task latest status=0
  shift 2
  # A process group of its own, so that an interrupted script can take the whole
  # command down with it. It must not keep the lock, which is descriptor 9.
  set -m
  (
    set -e
    "$@"
  ) >>"$log" 2>&1 9>&- &
  task=$!
  set +m
  # shellcheck disable=SC2064  # this task, not a later one
  trap "kill -- -$task 2>/dev/null || true" EXIT
  while kill -0 "$task" 2>/dev/null; do
    if [ $((SECONDS - start)) -ge "$next" ]; then
      latest="$(tail -n 1 "$log" | cut -c1-70)"
      printf '  %s: %d s, %d packages, now %s\n' "$what" "$((SECONDS - start))" "$(grep -vc '^go: ' "$log")" "${latest:-linking}"
      next=$((next + 10))
    fi
    sleep 0.5
  done
  wait "$task" || status=$?
  trap - EXIT
  if [ "$status" != 0 ]; then
    tail -n 25 "$log" >&2
    die "$what: the build failed; the lines above are the end of $log"
  fi
  printf '  %s: done in %d s\n' "$what" "$((SECONDS - start))"
}
