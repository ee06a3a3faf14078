#!/bin/sh
# The panel's role is no superuser: a superuser can switch the history's triggers off.
set -eu
psql --username "${POSTGRES_USER:-postgres}" --set ON_ERROR_STOP=1 --set password="$(cat /run/secrets/database_panel_password)" <<'SQL'
CREATE ROLE panel LOGIN PASSWORD :'password';
CREATE DATABASE panel OWNER panel ENCODING 'UTF8' TEMPLATE template0;
\connect panel
CREATE EXTENSION pg_trgm;
SQL
