# shellcheck shell=bash
# Where a complete Pulumi lies: the CLI, the Node.js language host and both
# provider plugins. Three places, in this order: installed by the user,
# downloaded by bootstrap, built by bootstrap from toolchain/.
# shellcheck disable=SC2034  # the variables are read by the scripts that source this

PULUMI_DOWNLOADED="$CACHE/pulumi-v$PULUMI_VERSION"

# The folder of the built set is named by a hash of all it is built from, so a
# change in toolchain/ means another folder, never a mixture.
toolchain_home() {
  local key
  key="$(
    cd "$REPO/toolchain" || exit
    # shellcheck disable=SC2046  # these names have no spaces
    {
      echo "$PULUMI_VERSION $PLUGIN_DOCKER $PLUGIN_RANDOM"
      sha256 $(find pulumi language-nodejs -type f | LC_ALL=C sort)
    } | sha256 | cut -c1-16
  )"
  echo "$CACHE/toolchain/$key"
}

# version_at_least 3.259.0 3.250.0
version_at_least() {
  local have_version="${1#v}" IFS=. i
  have_version="${have_version%%[-+]*}"
  local -a a b
  read -r -a a <<<"$have_version"
  read -r -a b <<<"$2"
  for i in 0 1 2; do
    [ "${a[i]:-0}" -gt "${b[i]:-0}" ] && return 0
    [ "${a[i]:-0}" -lt "${b[i]:-0}" ] && return 1
  done
  return 0
}

cli_usable() {
  local version
  [ -x "$1/pulumi" ] || return 1
  [ -x "$1/pulumi-language-nodejs" ] || have pulumi-language-nodejs || return 1
  version="$(PULUMI_SKIP_UPDATE_CHECK=true "$1/pulumi" version 2>/dev/null)" || return 1
  version_at_least "$version" "$PULUMI_MINIMUM"
}

# The engine takes a plugin's version from its folder's name and wants exactly
# that of the npm package; a .partial file marks an unfinished installation.
plugins_present() {
  local name
  for name in "docker-v$PLUGIN_DOCKER" "random-v$PLUGIN_RANDOM"; do
    [ -x "$1/plugins/resource-$name/pulumi-resource-${name%%-*}" ] || return 1
    [ ! -e "$1/plugins/resource-$name.partial" ] || return 1
  done
}

# Prints the folder of a CLI that was installed or downloaded, plugins or not.
find_official_cli() {
  local installed folder
  installed="$(command -v pulumi || true)"
  # An earlier `make env` may have put the built set on PATH: not the user's own.
  case "$installed" in "$CACHE/toolchain/"*) installed= ;; esac
  for folder in ${installed:+"$(dirname "$installed")"} "$HOME/.pulumi/bin" "$PULUMI_DOWNLOADED"; do
    if cli_usable "$folder"; then
      echo "$folder"
      return
    fi
  done
  return 1
}

# Sets PULUMI_BIN, and PULUMI_OWN_HOME when the plugins are the built ones.
find_pulumi() {
  local home="${PULUMI_HOME:-$HOME/.pulumi}" built
  PULUMI_BIN='' PULUMI_OWN_HOME=''
  case "$home" in "$CACHE/toolchain/"*) home="$HOME/.pulumi" ;; esac
  if plugins_present "$home" && PULUMI_BIN="$(find_official_cli)"; then
    return
  fi
  built="$(toolchain_home)"
  # Complete by construction: the folder appears by one rename.
  if [ -x "$built/bin/pulumi" ]; then
    PULUMI_BIN="$built/bin"
    PULUMI_OWN_HOME="$built/home"
    return
  fi
  return 1
}
