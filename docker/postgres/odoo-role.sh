#!/bin/bash
# Run once, by the official entrypoint, in a new cluster: Odoo's role may make databases, no more.
set -euo pipefail

psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set password `cat /run/sentinel-db/password`
CREATE ROLE odoo LOGIN CREATEDB NOSUPERUSER NOCREATEROLE PASSWORD :'password';
SQL
