#!/bin/bash
# Starts Prometheus or Alertmanager with the files in /etc/pgstack, in a container of its own: a running one keeps what it has
# when it refuses new files, and does not start with them. Prints its log, and `accepted` last.
# Usage: trial.sh PORT COMMAND...
set -u
exec 2>&1

port=$1
shift
"$@" &
server=$!

is_ready() {
  local line=''
  { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
  printf 'GET /-/ready HTTP/1.0\r\n\r\n' >&3
  IFS= read -r -t 5 line <&3
  exec 3>&-
  [[ $line == *' 200 '* ]]
}

for ((waited = 0; waited < 600; waited++)); do
  if is_ready; then
    kill -KILL "$server"
    wait "$server" 2>/dev/null
    echo accepted
    exit 0
  fi
  kill -0 "$server" 2>/dev/null || exit 1
  sleep 0.05
done
exit 1
