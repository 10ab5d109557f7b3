#!/usr/bin/env bash
# Puts a current Node into the cache: the npm package that holds the binary when
# any npm is there, else the official archive.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
. "$REPO/scripts/lib/versions.sh"
. "$REPO/scripts/lib/node.sh"

# Another run may have installed it while this one waited for its turn.
find_node >/dev/null && exit 0

mkdir -p "$CACHE"
work="$(mktemp -d "$CACHE/.node.XXXXXX")"
trap 'rm -rf "$work"' EXIT
platform="$(platform_os)-$(platform_arch)"

from_npm() {
  have npm || return 1
  npm install --prefix "$work" --no-audit --no-fund --no-save --loglevel=error "node-$platform@$NODE_MAJOR" >"$work/log" 2>&1 || {
    tail -n 5 "$work/log" >&2
    return 1
  }
  mv "$work/node_modules/node-$platform" "$work/home"
}

from_nodejs_org() {
  local base="https://nodejs.org/dist/latest-v$NODE_MAJOR.x" name
  probe "$base/SHASUMS256.txt" || return 1
  download "$base/SHASUMS256.txt" "$work/sums" || return 1
  name="$(awk '{ print $2 }' "$work/sums" | grep -- "-$platform.tar.gz\$")" || return 1
  download "$base/$name" "$work/$name" || return 1
  (cd "$work" && grep -F "  $name" sums | sha256 -c >/dev/null) || die "the checksum of $name is wrong"
  mkdir "$work/home"
  tar -xzf "$work/$name" -C "$work/home" --strip-components=1
}

from_npm || from_nodejs_org ||
  die "Node $NODE_MAJOR or newer is needed. Install it from https://nodejs.org, or install any npm and run this again."
# Renamed into place whole: an interrupted installation leaves nothing behind.
rm -rf "$NODE_HOME"
mv "$work/home" "$NODE_HOME"
