#!/usr/bin/env bash
# Runs a command with the right Node and the locked packages:
# scripts/with-node.sh npm run check
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
for file in versions node; do . "$REPO/scripts/lib/$file.sh"; done

"$REPO/scripts/bootstrap.sh" --quiet --only node,npm
use_node
cd "$REPO"
exec "$@"
