#!/usr/bin/env bash
# Builds the Pulumi CLI, language host and plugins from Go modules (toolchain/)
# into the cache. Once per machine; 6 to 12 minutes on two cores.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
. "$REPO/scripts/lib/versions.sh"
. "$REPO/scripts/lib/pulumi.sh"
. "$REPO/scripts/lib/progress.sh"

home="$(toolchain_home)"
# Another run may have built it while this one waited for its turn.
[ ! -x "$home/bin/pulumi" ] || exit 0

have go || PATH="$PATH:/usr/local/go/bin"
have go || die "Pulumi's downloads are out of reach, so it is built from Go modules, and Go 1.25.11 or newer is missing: install it from https://go.dev/dl/."
# Go itself compares its version with go.mod's, and fetches a newer one if it may.
(cd "$REPO/toolchain/pulumi" && go version >/dev/null) ||
  die "Pulumi's downloads are out of reach, so it is built from Go modules, and this Go is too old: install 1.25.11 or newer from https://go.dev/dl/."

mkdir -p "$(dirname "$home")"
# Only the holder of the lock comes here, so what lies there was interrupted.
rm -rf "$home".building.*
work="$home.building.$$"
mkdir -p "$work/bin"
log="$home.log"
: >"$log"

# The caller's Go settings must not change what is built.
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off
build=(go build -v -mod=readonly -trimpath)

echo "  building Pulumi v$PULUMI_VERSION from Go modules, once on this machine; log: $log"
# shellcheck disable=SC2329  # called through with_progress
language_host() {
  cd "$REPO/toolchain/language-nodejs"
  "${build[@]}" -ldflags "-s -w" -o "$work/bin/" \
    github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs
}
# shellcheck disable=SC2329
cli_and_plugins() {
  cd "$REPO/toolchain/pulumi"
  # no_compose leaves the Compose libraries out of the Docker provider.
  "${build[@]}" -tags osusergo,grpcnotrace,no_compose \
    -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$PULUMI_VERSION" \
    -o "$work/bin/" \
    github.com/pulumi/pulumi/pkg/v3/cmd/pulumi ./pulumi-resource-docker ./pulumi-resource-random
}
with_progress "language host (1 of 2)" "$log" language_host
with_progress "CLI and plugins (2 of 2)" "$log" cli_and_plugins

# Plugins lie in a plugin folder, not on PATH: one found on PATH makes the CLI
# print a warning in every run.
for plugin in "docker-v$PLUGIN_DOCKER" "random-v$PLUGIN_RANDOM"; do
  mkdir -p "$work/home/plugins/resource-$plugin"
  mv "$work/bin/pulumi-resource-${plugin%%-*}" "$work/home/plugins/resource-$plugin/"
done
mv "$work" "$home"
rm -f "$log"
