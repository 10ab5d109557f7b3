#!/usr/bin/env bash
# Prints what a shell needs to run pulumi here, for: eval "$(make -s env)".
# Only export and unset lines, or one line that complains and fails; everything
# else goes to stderr. What the caller has already decided is left alone.
#
#   scripts/env.sh [--tools]     --tools: the programs only, no backend or state
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
for file in versions node pulumi state; do . "$REPO/scripts/lib/$file.sh"; done

# The caller evaluates stdout, so a failure has to be a line of shell too.
refuse() {
  printf 'echo %s >&2; false\n' "$(quoted "error: $*")"
  exit 0
}
export_line() { printf 'export %s=%s\n' "$1" "$(quoted "$2")"; }
# path_first PROGRAM FOLDER: only where another one would be found, so that a
# second eval adds nothing and the order of a good PATH stays.
path_first() {
  if [ "$(command -v "$1" || true)" = "$2/$1" ]; then return; fi
  # shellcheck disable=SC2016  # the caller's PATH, expanded there
  printf 'export PATH=%s:"$PATH"\n' "$(quoted "$2")"
}

# The Docker provider does not know contexts, the docker command does: the two
# would talk to different engines.
[ -z "${DOCKER_CONTEXT:-}" ] ||
  refuse "DOCKER_CONTEXT is set ($DOCKER_CONTEXT), and Pulumi's Docker provider does not honour it. Run: unset DOCKER_CONTEXT, and set dockerHost in the stack's config."

if ! node="$(find_node)" || ! find_pulumi; then
  refuse "the tools are not complete: run make setup first"
fi

path_first pulumi "$PULUMI_BIN"
path_first node "$(dirname "$node")"
if [ -n "$PULUMI_OWN_HOME" ]; then
  export_line PULUMI_HOME "$PULUMI_OWN_HOME"
  # There is nowhere to download a plugin from, and looking takes time.
  export_line PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION true
fi
export_line PULUMI_SKIP_UPDATE_CHECK true
export_line NODE_COMPILE_CACHE "$COMPILE_CACHE"

[ "${1:-}" = --tools ] || state_env
