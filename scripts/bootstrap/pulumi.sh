# shellcheck shell=bash
# Step: the Pulumi CLI, its Node.js language host and the two provider plugins.
# Installed, else downloaded, else built from Go modules.

step_pulumi() {
  check_plugin_versions
  if find_pulumi; then
    found "Pulumi" "$("$PULUMI_BIN/pulumi" version), $PULUMI_BIN"
    return
  fi
  if official_pulumi && find_pulumi; then
    installed "Pulumi" "v$PULUMI_VERSION, $PULUMI_BIN"
    return
  fi
  with_lock toolchain bash "$REPO/scripts/bootstrap/build-pulumi.sh"
  find_pulumi || die "the Pulumi in $(toolchain_home) does not run here"
  installed "Pulumi" "$("$PULUMI_BIN/pulumi" version), built in $PULUMI_BIN"
}

# The engine asks for plugins of exactly the npm packages' versions.
check_plugin_versions() {
  local pair
  for pair in "docker $PLUGIN_DOCKER" "random $PLUGIN_RANDOM"; do
    grep -q "\"@pulumi/${pair% *}\": \"${pair#* }\"" "$REPO/package.json" ||
      die "scripts/lib/versions.sh names the ${pair% *} plugin ${pair#* }, package.json another version: make them equal."
  done
}

# Downloads what is missing of the official set; false where it is out of reach.
official_pulumi() {
  local archive cli
  archive="https://get.pulumi.com/releases/sdk/pulumi-v$PULUMI_VERSION-$(platform_os)-$(platform_arch).tar.gz"
  probe "$archive" || return 1
  if ! cli="$(find_official_cli)"; then
    with_lock pulumi-download bash "$REPO/scripts/bootstrap/download-pulumi.sh" "$archive" || return 1
    cli="$PULUMI_DOWNLOADED"
  fi
  "$cli/pulumi" plugin install resource docker "v$PLUGIN_DOCKER" >/dev/null &&
    "$cli/pulumi" plugin install resource random "v$PLUGIN_RANDOM" >/dev/null
}
