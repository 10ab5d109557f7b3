# shellcheck shell=bash
# Installs Debian packages on this machine, quietly unless it fails.

apt_install() {
  local log
  log="$(mktemp)"
  # The package lists may be old or absent, so they are fetched first.
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"; } \
    >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "apt-get could not install: $*"
  fi
  rm -f "$log"
}
