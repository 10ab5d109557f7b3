#!/usr/bin/env bash
# Takes the Compose and buildx plugins from Debian 13's packages and unpacks
# them for this user. Debian 12 has neither; the binaries run there too. The apt
# state is a temporary one, so the machine's own package lists stay untouched.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# apt drops its privileges for downloads and must be able to enter.
chmod 755 "$work"
mkdir -p "$work/sources" "$work/lists/partial" "$work/archives/partial" "$work/unpacked"
cat >"$work/sources/trixie.sources" <<'SOURCES'
Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
options=(
  -o "Dir::Etc::sourcelist=/dev/null"
  -o "Dir::Etc::sourceparts=$work/sources"
  -o "Dir::State::lists=$work/lists"
  -o "Dir::Cache=$work"
)
log="$work/log"
if ! { apt-get "${options[@]}" update && cd "$work/unpacked" &&
  apt-get "${options[@]}" -o APT::Sandbox::User=root download docker-compose/trixie docker-buildx/trixie; } >"$log" 2>&1; then
  tail -n 10 "$log" >&2
  exit 1
fi
for package in "$work"/unpacked/*.deb; do
  dpkg-deb --extract "$package" "$work/unpacked"
done
plugins="${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins"
mkdir -p "$plugins"
for plugin in docker-compose docker-buildx; do
  install -m 755 "$(find "$work/unpacked/usr" -path "*/cli-plugins/$plugin")" "$plugins/.$plugin.new"
  mv "$plugins/.$plugin.new" "$plugins/$plugin"
done
