#!/bin/sh
# Does what the entry point of the official image does for our StatefulSet: it makes the data folder at the first start,
# runs the .sql files of /docker-entrypoint-initdb.d, and then replaces itself with the server. The script gives its
# arguments to the server.
set -eu

die() {
  echo "$*" >&2
  exit 1
}

[ "${1:-}" != postgres ] || shift

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  [ -n "${POSTGRES_PASSWORD:-}" ] || die 'POSTGRES_PASSWORD is not set; the superuser postgres needs a password'
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
  initdb --pgdata="$PGDATA" --username=postgres --pwfile=/tmp/password --encoding=UTF8 --locale=C \
    --locale-provider=builtin --builtin-locale=C.UTF-8 --no-instructions
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
  echo "unix_socket_directories = '/var/run/postgresql'" >>"$PGDATA/postgresql.conf"

  # While the files run, the server accepts only connections through its socket.
  pg_ctl --pgdata="$PGDATA" --options="-c listen_addresses=''" --wait start
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sql)
        echo "running $file"
        psql --no-psqlrc --no-password --username=postgres --dbname=postgres --set=ON_ERROR_STOP=1 --file="$file"
        ;;
      */\*) ;;
      *) die "$file is not an .sql file, and this image runs only those" ;;
    esac
  done
  pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
fi

exec postgres -D "$PGDATA" "$@"
