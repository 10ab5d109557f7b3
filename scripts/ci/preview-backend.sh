#!/usr/bin/env bash
# Prepares a preview in continuous integration: scripts/ci/preview-backend.sh STACK
#
# With PULUMI_BACKEND_URL set, the preview compares with the state that lies
# there; PULUMI_CONFIG_PASSPHRASE opens it. Without (a fork gets no secrets), it
# compares with an empty state in $RUNNER_TEMP, under a passphrase made here.
# What the following steps need is written to $GITHUB_ENV and $GITHUB_PATH; the
# passphrase goes to a file, never to either of them.
#
# The second case changes the stack file of the checkout, so this runs only where
# a checkout is thrown away: CI=true.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

[ "${CI:-}" = true ] || die "this is for continuous integration (CI=true): it changes the stack file. For a preview here: make preview STACK=${1:-staging}"
: "${RUNNER_TEMP:?the folder for what the job throws away}"
: "${GITHUB_ENV:?the file that hands variables to the next steps}"
: "${GITHUB_PATH:?the file that hands folders to the next steps}"
require_stack "${1:-}"

backend="${PULUMI_BACKEND_URL:-}"
passphrase="${PULUMI_CONFIG_PASSPHRASE:-}"
if [ -n "$backend" ] && [ -z "$passphrase" ]; then
  die "PULUMI_BACKEND_URL is set, PULUMI_CONFIG_PASSPHRASE is not: add it to the secrets of the repository."
fi

"$REPO/scripts/bootstrap.sh" --without-engine
use_env --tools

# hand NAME VALUE: to this script and to the next steps. No value has lines.
hand() {
  export "$1=$2"
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_ENV"
}
for name in PULUMI_HOME PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION PULUMI_SKIP_UPDATE_CHECK NODE_COMPILE_CACHE; do
  [ -z "${!name:-}" ] || hand "$name" "${!name}"
done
for program in node pulumi; do dirname "$(command -v "$program")" >>"$GITHUB_PATH"; done

if [ -z "$backend" ]; then
  kind="an empty state, so everything shows as new"
  backend="file://$RUNNER_TEMP/pulumi-state"
  mkdir -p "$RUNNER_TEMP/pulumi-state"
  passphrase="$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')"
  # The line belongs to another passphrase.
  sed -i '/^encryptionsalt:/d' "$REPO/Pulumi.$STACK.yaml"
else
  kind="the state of the backend in PULUMI_BACKEND_URL"
fi
file="$RUNNER_TEMP/pulumi-passphrase"
(umask 077 && printf '%s' "$passphrase" >"$file")
# Set but empty would count as the passphrase and hide the file.
unset PULUMI_CONFIG_PASSPHRASE
hand PULUMI_CONFIG_PASSPHRASE_FILE "$file"
hand PULUMI_BACKEND_URL "$backend"

cd "$REPO"
if ! in_backend "$STACK_REF"; then
  case "$backend" in
    "file://$RUNNER_TEMP/"*) pulumi stack init --non-interactive "$STACK_REF" >/dev/null ;;
    *) die "there is no stack $STACK in the backend: deploy it first with make up STACK=$STACK_REF" ;;
  esac
fi
echo "the preview of $STACK compares with $kind"
