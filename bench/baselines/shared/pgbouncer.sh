#!/bin/bash
# PgBouncer with the guides' sizes, a route to the primary and one to the replicas, and passwords in its user list.
set -euo pipefail
umask 0077

hosts=replica1
for ((number = 2; number <= REPLICAS; number++)); do hosts+=,replica$number; done

cat >/tmp/pgbouncer.ini <<INI
[databases]
app = host=primary port=5432 dbname=app
app_ro = host=$hosts port=5432 dbname=app

[pgbouncer]
listen_addr = *
listen_port = 6432
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /tmp/userlist.txt
stats_users = monitoring
pool_mode = transaction
max_client_conn = 1000
default_pool_size = 25
reserve_pool_size = 5
server_round_robin = 1
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
INI
printf '"%s" "%s"\n' app "$APP_PASSWORD" monitoring "$MONITORING_PASSWORD" >/tmp/userlist.txt
exec /usr/sbin/pgbouncer /tmp/pgbouncer.ini
