#!/usr/bin/env bash
# Puts the official Pulumi release (its address is the argument) into the cache.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
. "$REPO/scripts/lib/versions.sh"
. "$REPO/scripts/lib/pulumi.sh"

# Another run may have downloaded it while this one waited for its turn.
cli_usable "$PULUMI_DOWNLOADED" && exit 0

mkdir -p "$CACHE"
work="$(mktemp -d "$CACHE/.pulumi.XXXXXX")"
trap 'rm -rf "$work"' EXIT
echo "  downloading Pulumi v$PULUMI_VERSION"
download "$1" "$work/archive"
# The archive holds one folder with the binaries: pulumi/ or pulumi/bin/.
tar -xzf "$work/archive" -C "$work"
mv "$(dirname "$(find "$work/pulumi" -type f -name pulumi)")" "$work/bin"
# Renamed into place whole: an interrupted download leaves nothing behind.
rm -rf "$PULUMI_DOWNLOADED"
mv "$work/bin" "$PULUMI_DOWNLOADED"
