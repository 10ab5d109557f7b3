#!/bin/bash
# Brings the bundle's config and secrets into the volumes that are mounted here, with owner and mode. Files that are mounted
# from the host keep the owner and mode that they have there; this is how a secret reaches a user of a container without
# being readable by everyone on the host. Runs on each `docker compose up`; a file is replaced in one step, and only if it
# differs. The pooler's routes are kept where they are whole: they were written since, by what knows who leads and who is drained.
set -Eeuo pipefail
umask 0077

bundle=/bundle
volumes=/volumes
owner=999:999

say() { printf 'pgstack: %s\n' "$*" >&2; }

# Whether pgstack has written a file with routes to its end: routes.json, or what a process reads of it.
has_routes() { [[ $(tail -n 1 "$1" 2>/dev/null) =~ ^\}$|\ host= ]]; }

changed=0
declare -A wanted=()
# One line for each file: mode, replace or keep, config or secrets, service, name.
while read -r mode how kind service name; do
  source=$bundle/$kind/$service/$name
  target=$volumes/$service/$name
  [ -d "$volumes/$service" ] || continue
  wanted[$target]=1
  folder=$service
  while [[ $name == */* ]]; do
    folder=$folder/${name%%/*}
    name=${name#*/}
    install -d -m 0755 -o "${owner%:*}" -g "${owner#*:}" "$volumes/$folder"
  done
  if [ "$how" = keep ] && has_routes "$target"; then source=$target; fi
  if ! cmp -s "$source" "$target" || [ "$(stat -c '%a %u:%g' "$target")" != "${mode#0} $owner" ]; then
    cp "$source" "$target.new"
    chmod "$mode" "$target.new"
    chown "$owner" "$target.new"
    mv "$target.new" "$target"
    changed=$((changed + 1))
  fi
done <"$bundle/config/config/files"

for volume in "$volumes"/*; do
  # What an earlier rendering left; these volumes hold nothing else.
  while IFS= read -r -d '' target; do
    [ -n "${wanted[$target]:-}" ] || rm -f "$target"
  done < <(find "$volume" -type f -print0)
  chmod 0700 "$volume"
  chown "$owner" "$volume"
done

say "$changed of ${#wanted[@]} files copied"
