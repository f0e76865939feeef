#!/bin/bash
# What the official image's script of this name does, as far as this project leans on it: step down
# from root, make the cluster once, run the scripts of /docker-entrypoint-initdb.d against a server
# that only its own socket reaches.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA"
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    exec setpriv --reuid=postgres --regid=postgres --init-groups "${BASH_SOURCE[0]}" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    : "${POSTGRES_PASSWORD:?the official image insists on it}"
    user=${POSTGRES_USER:-postgres}
    initdb --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
    printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
    for file in /docker-entrypoint-initdb.d/*.sh; do
        "$file"
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
    printf "\nlisten_addresses = '*'\n" >>"$PGDATA/postgresql.conf"
fi
