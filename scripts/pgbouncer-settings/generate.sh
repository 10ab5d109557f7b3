#!/usr/bin/env bash
# Writes src/pgbouncer/settings.json: the default of every PgBouncer setting, and
# whether a reload takes a new value, as the console of a real one reports them
# (SHOW CONFIG). Needs psql.
#
# usage: generate.sh IMAGE   an image with /usr/sbin/pgbouncer
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

image="${1:?usage: generate.sh IMAGE}"
name="pgstack-test-pgbouncer-settings-$$"
# shellcheck disable=SC2016  # the container's shell expands what is in single quotes
docker run --detach --name "$name" --publish 127.0.0.1::6432 --user 999:999 "$image" bash -c '
  echo "\"reader\" \"\"" >/tmp/userlist.txt
  printf "%s\n" "[pgbouncer]" listen_addr=* auth_type=trust auth_file=/tmp/userlist.txt stats_users=reader unix_socket_dir= >/tmp/pgbouncer.ini
  exec /usr/sbin/pgbouncer /tmp/pgbouncer.ini' >/dev/null
trap 'docker rm --force "$name" >/dev/null' EXIT
port="$(docker port "$name" 6432/tcp | head -n 1 | sed 's/.*://')"

ask() { psql -h 127.0.0.1 -p "$port" -U reader -d pgbouncer -XAt -F '|' -c "$1"; }
deadline=$((SECONDS + 20))
until rows="$(ask 'show config' 2>/dev/null)"; do
  [ "$SECONDS" -lt "$deadline" ] || die "the pooler does not answer: docker logs $name"
done

# shellcheck disable=SC2016  # as above, of node
{ ask 'show version'; printf '%s\n' "$rows"; } | node -e '
  const [version, ...rows] = require("node:fs").readFileSync(0, "utf8").trim().split("\n");
  const lines = rows
    .map((row) => row.split("|"))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map((row) => {
      const [name, changeable] = [row[0], row.at(-1)];
      return `    ${JSON.stringify(name)}: ${JSON.stringify({ default: row.at(-2), changeable: changeable === "yes" })}`;
    });
  console.log(`{\n  "version": ${JSON.stringify(version.replace(/^PgBouncer /, ""))},\n  "settings": {\n${lines.join(",\n")}\n  }\n}`);
' >"$REPO/src/pgbouncer/settings.json"
echo "wrote src/pgbouncer/settings.json: $(grep -c '"changeable"' "$REPO/src/pgbouncer/settings.json") settings"
