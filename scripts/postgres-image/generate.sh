#!/usr/bin/env bash
# Writes images/postgres/contents.json: what a fresh build of that image offers a
# server, as one in it says. Needs an engine and Debian's packages.
#
# usage: generate.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

here="$REPO/scripts/postgres-image"
image=pgstack-contents:generate

# Layers of an earlier day would hold that day's packages.
DOCKER_BUILDKIT=0 docker build --quiet --no-cache --network host --tag "$image" "$REPO/images/postgres" >&2
trap 'docker rmi "$image" >/dev/null' EXIT
answer="$(docker run --rm --interactive --network none "$image" bash -s <"$here/read.sh")"
# The image is built with the file: no half of one is left in its place.
table="$(node "$here/table.ts" <<<"$answer")"
printf '%s\n' "$table" >"$REPO/images/postgres/contents.json"
echo "wrote images/postgres/contents.json"
