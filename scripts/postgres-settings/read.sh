#!/usr/bin/env bash
# Starts a new server in a temporary folder and prints what it says about its
# settings, as JSON: {"server": version, "settings": {name: {…}}}. The server has
# no network, and the preloaded library's settings are among them.
#
# usage: read.sh BIN   the folder with initdb and postgres; psql there or on PATH
set -euo pipefail

bin="${1:?usage: read.sh BIN}"
psql="$bin/psql"
[ -x "$psql" ] || psql="$(command -v psql)" || { echo "error: there is no psql in $bin or on PATH" >&2; exit 1; }
work="$(mktemp -d)"

# PostgreSQL refuses to run as root.
as_user() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; else "$@"; fi
}
[ "$(id -u)" != 0 ] || chown 65534:65534 "$work"
cd "$work"
as_user "$bin/initdb" --no-sync --no-locale -E UTF8 -U postgres -D "$work/data" >&2
trap 'as_user "$bin/pg_ctl" -D "$work/data" -s -m immediate stop >&2; rm -rf "$work"' EXIT
as_user "$bin/pg_ctl" -D "$work/data" -s -w -l "$work/data/log" \
  -o "-c listen_addresses= -c unix_socket_directories=$work/data -c shared_preload_libraries=pg_stat_statements" start >&2

# `default` is what counts when no file names the setting.
as_user "$psql" -h "$work/data" -U postgres -d postgres -XAtq <<'SQL'
  select jsonb_build_object(
    'server', current_setting('server_version'),
    'settings', jsonb_object_agg(name, jsonb_strip_nulls(jsonb_build_object(
      'type', vartype, 'unit', unit, 'min', min_val, 'max', max_val, 'values', enumvals, 'default', boot_val, 'context', context))))
  from pg_settings where category not like 'Preset%'
SQL
