#!/bin/bash
# Run once by the postgres image, on an empty volume: one role for each who connects, none of them a superuser.
set -euo pipefail
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  -v owner_password="$COUNTROOM_OWNER_PASSWORD" -v app_password="$COUNTROOM_APP_PASSWORD" \
  -v temporal_password="$TEMPORAL_DB_PASSWORD" <<'SQL'
-- The migrations make the application's role where it is missing, hence createrole.
create role countroom_owner login createrole password :'owner_password';
create role countroom_app login password :'app_password';
create role temporal login createdb password :'temporal_password';
create database countroom owner countroom_owner;
revoke connect on database countroom from public;
grant connect on database countroom to countroom_app;
SQL
