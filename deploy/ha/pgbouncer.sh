#!/bin/sh
set -eu
umask 077
printf '"countersign_app" "%s"\n' "$COUNTERSIGN_APP_PASSWORD" > /dev/shm/users.txt
exec pgbouncer /etc/pgbouncer/pgbouncer.ini
