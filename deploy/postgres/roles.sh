#!/bin/sh
# Runs once, on an empty data directory: the two roles of the control database, and a target with a role of its own.
set -eu

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
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
