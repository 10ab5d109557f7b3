#!/usr/bin/env bash
# Writes src/postgres/settings/<major>.json: name, type, unit, range, values and context of every setting, as a real
# server of that version reports them.
#
# usage: scripts/generate-settings.sh IMAGE MAJOR
set -euo pipefail

image=${1:?usage: generate-settings.sh IMAGE MAJOR}
major=${2:?usage: generate-settings.sh IMAGE MAJOR}
root=$(cd "$(dirname "$0")/.." && pwd)

# shellcheck disable=SC2016 # the container's shell and node expand what is in single quotes
# The server needs neither network nor password, and sees the preloaded library's settings too.
docker run --rm --network none --tmpfs /tmp:uid=999,gid=999 "$image" bash -c '
  set -e
  bin=/usr/lib/postgresql/'"$major"'/bin
  "$bin/initdb" --no-sync -D /tmp/data >/dev/null
  "$bin/pg_ctl" -D /tmp/data -s -w -o "-c listen_addresses= -c unix_socket_directories=/tmp -c shared_preload_libraries=pg_stat_statements" start >/dev/null
  "$bin/psql" -h /tmp -d postgres -XAtq <<"SQL"
    select jsonb_object_agg(name, jsonb_strip_nulls(jsonb_build_object(
      $$type$$, vartype, $$unit$$, unit, $$min$$, min_val, $$max$$, max_val, $$values$$, enumvals, $$context$$, context)))
    from pg_settings where category not like $$Preset%$$
SQL
  "$bin/pg_ctl" -D /tmp/data -s -m fast stop
' | node -e 'const d = JSON.parse(require("fs").readFileSync(0)); console.log("{\n" + Object.keys(d).sort().map((k) => `  ${JSON.stringify(k)}: ${JSON.stringify(d[k])}`).join(",\n") + "\n}")' \
  > "$root/src/postgres/settings/$major.json"
echo "wrote src/postgres/settings/$major.json: $(grep -c '"context"' "$root/src/postgres/settings/$major.json") settings"
