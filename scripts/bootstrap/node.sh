# shellcheck shell=bash
# Step: Node. On PATH, else in the cache, else from npm or nodejs.org.

step_node() {
  local node
  if node="$(find_node)"; then
    found "Node" "$("$node" --version), $node"
  else
    with_lock node bash "$REPO/scripts/bootstrap/install-node.sh"
    node="$(find_node)" || die "the Node in $NODE_HOME does not run here"
    installed "Node" "$("$node" --version), $node"
  fi
  use_node
}
