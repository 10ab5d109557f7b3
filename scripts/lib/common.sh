# shellcheck shell=bash
# Paths, messages and small helpers that every script shares. Source it first.

# shellcheck disable=SC2034  # read by the scripts that source this file
REPO="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
CACHE="${PGSTACK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pgstack}"
# Where Node keeps what it has compiled.
COMPILE_CACHE="${NODE_COMPILE_CACHE:-$CACHE/node-compile-cache}"

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Is there something at this address? A closed network answers at once or not
# at all, so three seconds tell the two apart.
probe() {
  if have curl; then
    curl --fail --silent --location --head --max-time 3 --output /dev/null "$1" 2>/dev/null
  elif have wget; then
    wget --quiet --spider --tries=1 --timeout=3 "$1" 2>/dev/null
  else
    return 1
  fi
}

# download URL FILE
download() {
  if have curl; then
    curl --fail --silent --show-error --location --retry 2 --output "$2" "$1"
  else
    wget --quiet --tries=3 --output-document="$2" "$1"
  fi
}

sha256() { if have sha256sum; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

# linux or darwin, x64 or arm64: the words Node, npm and Pulumi use.
platform_os() { case "$(uname -s)" in Linux) echo linux ;; Darwin) echo darwin ;; *) uname -s ;; esac; }
platform_arch() { case "$(uname -m)" in x86_64 | amd64) echo x64 ;; aarch64 | arm64) echo arm64 ;; *) uname -m ;; esac; }

# Root on Debian (or a derivative): the only place where packages are installed.
debian_root() { [ "$(id -u)" = 0 ] && [ -r /etc/debian_version ] && have apt-get; }

# with_lock NAME COMMAND…: one at a time on this machine. The lock is a file
# descriptor, so it goes away with the process however that ends. A machine
# without flock (macOS) only does the work twice: results are renamed into place.
with_lock() {
  local name="$1" status
  shift
  if ! have flock; then
    "$@"
    return
  fi
  mkdir -p "$CACHE/locks"
  exec 9>"$CACHE/locks/$name"
  if ! flock --nonblock 9; then
    echo "  waiting for another run that holds $CACHE/locks/$name" >&2
    flock 9
  fi
  "$@"
  status=$?
  exec 9>&-
  return "$status"
}

# await SECONDS COMMAND…: poll until the command succeeds; false at the deadline.
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# A word in single quotes that any POSIX shell reads back unchanged.
quoted() { printf "'%s'" "${1//\'/\'\\\'\'}"; }
