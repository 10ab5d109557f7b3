#!/usr/bin/env bash
# Starts the installed Docker engine and waits until it answers. Needs root.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

answers() { docker version --format '{{.Server.Version}}'; }

# Another run may have started it while this one waited for its turn.
answers >/dev/null 2>&1 && exit 0

if [ -d /run/systemd/system ]; then
  systemctl start docker || die "systemctl start docker failed: see journalctl -u docker"
  await 30 answers || die "the Docker engine does not answer: see journalctl -u docker"
  exit 0
fi

# No init system: a daemon of our own, which outlives this script.
log="$CACHE/dockerd.log"
mkdir -p "$CACHE"
path="$PATH"
# A kernel without nf_tables has the older interface only. The choice is made
# for this daemon alone; the machine's own alternatives stay as they are.
if ! iptables -t nat -L -n >/dev/null 2>&1 && iptables-legacy -t nat -L -n >/dev/null 2>&1; then
  mkdir -p "$CACHE/iptables-legacy"
  for tool in iptables ip6tables; do
    ln -sf "$(command -v "$tool-legacy")" "$CACHE/iptables-legacy/$tool"
  done
  path="$CACHE/iptables-legacy:$PATH"
fi
# One that is just coming up or going down gets time to finish. A pid file that
# outlived its daemon would keep the next one from starting when another process
# (or a zombie) has that id by now.
pidfile=/var/run/docker.pid
daemon_gone() {
  local status
  status="$(cat "/proc/$(cat "$pidfile")/status")" || return 0
  ! grep -q '^Name:[[:space:]]*dockerd$' <<<"$status" || grep -q '^State:[[:space:]]*Z' <<<"$status"
}
answers_or_gone() { answers || daemon_gone; }
if [ -e "$pidfile" ]; then
  await 30 answers_or_gone || die "dockerd (process $(cat "$pidfile")) runs but does not answer: see $log"
  if answers >/dev/null 2>&1; then exit 0; fi
  rm -f "$pidfile"
fi
# Descriptor 9 is the lock: the daemon must not hold it for its whole life.
PATH="$path" setsid dockerd >>"$log" 2>&1 </dev/null 9>&- &
daemon=$!

answers_or_died() { answers || ! kill -0 "$daemon"; }
await 60 answers_or_died || true
if ! answers >/dev/null 2>&1; then
  tail -n 15 "$log" >&2
  die "dockerd did not start: the lines above are the end of $log"
fi
