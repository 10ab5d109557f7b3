# shellcheck shell=bash
# Where a Node that is new enough lies.

NODE_HOME="$CACHE/node-v$NODE_MAJOR"

node_new_enough() {
  local version
  version="$("$1" --version 2>/dev/null)" || return 1
  version="${version#v}"
  [ "${version%%.*}" -ge "$NODE_MAJOR" ] 2>/dev/null
}

# Prints the path of the node binary, or fails.
find_node() {
  local candidate
  for candidate in "$(command -v node || true)" "$NODE_HOME/bin/node"; do
    if [ -n "$candidate" ] && node_new_enough "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# Puts that node first on this process's PATH.
use_node() {
  local node
  node="$(find_node)" || return 1
  if [ "$node" != "$(command -v node || true)" ]; then
    PATH="$(dirname "$node"):$PATH"
    export PATH
  fi
}
