#!/usr/bin/env bash
# Prints what this image offers a server, as JSON: versions of the packages that
# it comes from, extensions with those that they need, names of time zones. It
# runs in the image and asks a new server in a temporary folder.
#
# usage: read.sh
set -euo pipefail

work="$(mktemp -d)"
initdb --no-sync --no-locale -E UTF8 -A trust -U postgres -D "$work/data" >&2
trap 'pg_ctl -D "$work/data" -s -m immediate stop >&2; rm -rf "$work"' EXIT
pg_ctl -D "$work/data" -s -w -l "$work/data/log" -o "-c listen_addresses= -c unix_socket_directories=$work/data" start >&2

packages="$(dpkg-query --show --showformat '${db:Status-Abbrev} ${Package}=${Version}\n' 'postgresql-[0-9]*' 'tzdata*' | sed -n 's/^ii  *//p')"
psql -h "$work/data" -U postgres -d postgres -XAtq -v packages="$packages" <<'SQL'
  select jsonb_build_object(
    'packages', (
      select jsonb_object_agg(split_part(line, '=', 1), split_part(line, '=', 2)) from regexp_split_to_table(:'packages', '\n') as line),
    'extensions', (
      select jsonb_object_agg(e.name, coalesce(to_jsonb(v.requires), '[]'))
      from pg_available_extensions e join pg_available_extension_versions v on v.name = e.name and v.version = e.default_version),
    'timezones', (select jsonb_agg(name) from pg_timezone_names))
SQL
