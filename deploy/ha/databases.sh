#!/bin/sh
# Patroni runs it once, on the leader of a new cluster, with the superuser's connection string as its argument.
set -eu

psql --set ON_ERROR_STOP=1 "$1" \
  --set owner="$COUNTERSIGN_OWNER_PASSWORD" --set app="$COUNTERSIGN_APP_PASSWORD" --set target="$COUNTERSIGN_TARGET_PASSWORD" <<'SQL'
CREATE ROLE countersign_owner LOGIN PASSWORD :'owner';
CREATE ROLE countersign_app LOGIN PASSWORD :'app';
CREATE ROLE countersign_target LOGIN PASSWORD :'target';
GRANT countersign_app TO countersign_owner;
CREATE DATABASE countersign OWNER countersign_owner;
REVOKE CONNECT ON DATABASE countersign FROM PUBLIC;
GRANT CONNECT ON DATABASE countersign TO countersign_app;
CREATE DATABASE target OWNER countersign_target;
REVOKE CONNECT ON DATABASE target FROM PUBLIC;
SQL
