#!/bin/sh
# Restores a backup that backup.sh made, and compares every table with the backup's inventory.
#
#   restore.sh --compose backups/hg_content-20261121T120000Z
#   restore.sh --exec 'docker exec -i NAME' FOLDER
#   PGHOST=db-vps PGUSER=postgres PGPASSWORD=… restore.sh FOLDER
#
#   --replace        the database that is there now is renamed, and kept; without it, only an empty one is filled
#   --database NAME                                         (hg_content, or PGDATABASE)
#
# Stop the services and PgBouncer before. Afterwards: FLUSH Redis, give hg_content_app its password (`hg setup database`
# or `hg migrate --bootstrap`), start the services. docs/deployment.md has it step by step.
#
# The login: a superuser; or one that may create databases and roles (a managed Postgres' administrator).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

from=''
replace=no
while [ $# -gt 0 ]; do
  reach "$@"
  if [ "$took" -gt 0 ]; then shift "$took"; continue; fi
  case $1 in
    --replace) replace=yes ;;
    -h | --help) sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//p;}' "$0"; exit 0 ;;
    -*) fail "unknown option $1 (see --help)" ;;
    *) [ -z "$from" ] || fail 'one folder, please'; from=$1 ;;
  esac
  shift
done
[ -n "$from" ] || fail 'which backup? (see --help)'
for file in database.dump manifest.txt; do
  [ -r "$from/$file" ] || fail "$from/$file is missing"
done
roles=$from/bootstrap.sql
[ -r "$roles" ] || roles=${HG_BOOTSTRAP:-$here/../../migrations/bootstrap.sql}
[ -r "$roles" ] || fail "the roles are missing: neither $from/bootstrap.sql nor $roles is there"
told() { sed -n "s/^# $1: //p" "$from/manifest.txt"; }
[ "$(sha256sum "$from/database.dump" | cut -d' ' -f1)" = "$(told sha256)" ] || fail "$from/database.dump is not what was backed up: its checksum differs"

# Everything before the database exists goes through this one.
around=${PGMAINTENANCE:-postgres}
who=$(sql "$around" "SELECT CASE WHEN rolsuper THEN 'superuser' WHEN rolcreatedb AND rolcreaterole THEN 'administrator' ELSE 'nobody' END FROM pg_roles WHERE rolname = current_user") || fail 'Postgres can not be reached'
[ "$who" = superuser ] || [ -z "$run_in" ] || fail 'in a container, use its superuser'
[ "$who" != nobody ] || fail 'this login may not create databases and roles'
quoted=$(printf "'%s'" "$(printf '%s' "$database" | sed "s/'/''/g")")

busy=$(sql "$around" "SELECT coalesce(string_agg(DISTINCT usename || coalesce(' from ' || host(client_addr), ' (local)'), ', '), '') FROM pg_stat_activity WHERE datname = $quoted AND pid <> pg_backend_pid()")
[ -z "$busy" ] || fail "somebody is connected to $database: $busy. Stop the services and PgBouncer first"

aside=
there=$(sql "$around" "SELECT count(*) FROM pg_database WHERE datname = $quoted")
if [ "$there" = 1 ]; then
  tables=$(sql "$database" "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE $ours")
  if [ "$tables" != 0 ]; then
    [ "$replace" = yes ] || fail "$database has $tables tables already. With --replace it is renamed, and this backup takes its place"
    aside=${database}_before_$(date -u +%Y%m%dT%H%M%SZ)
    sql "$around" "ALTER DATABASE \"$database\" RENAME TO \"$aside\""
    say "$database is now $aside"
    there=0
  fi
fi
undo() {
  status=$?
  trap - EXIT
  rm -rf "${work:-}"
  if [ "$status" != 0 ] && [ -n "$aside" ]; then
    {
      say "The former database is $aside, untouched. To have it back:"
      say "  DROP DATABASE IF EXISTS \"$database\"; ALTER DATABASE \"$aside\" RENAME TO \"$database\";"
    } >&2
  fi
  exit "$status"
}
work=
trap undo EXIT
trap 'exit 130' INT TERM HUP
umask 077
work=$(mktemp -d)
[ "$there" = 1 ] || sql "$around" "CREATE DATABASE \"$database\" TEMPLATE template0 ENCODING 'UTF8'"

# Roles belong to the server and not to the database; their rights on the database are made anew each time.
pg psql -X -q -v ON_ERROR_STOP=1 -d "$database" -f - <"$roles"

acting='SET row_security = off;'
if [ "$who" = superuser ]; then
  pg pg_restore -d "$database" --exit-on-error --single-transaction <"$from/database.dump"
else
  # Who isn't a superuser gives a function to hg_definer only while hg_definer may create in that schema. The dump grants
  # that at its very end: so the schemas are made here, with that right, and left out below.
  acting='SET ROLE hg_owner; SET row_security = on;'
  # The memberships are named because since PostgreSQL 16 whoever made a role is its member without the right to act as it.
  sql "$database" "GRANT hg_owner, hg_definer TO current_user"
  sql "$database" "SET ROLE hg_owner; CREATE SCHEMA IF NOT EXISTS auth; CREATE SCHEMA IF NOT EXISTS app; GRANT CREATE ON SCHEMA auth, app TO hg_definer"
  pg_restore --list "$from/database.dump" | sed '/ SCHEMA - \(auth\|app\) /s/^/;/' >"$work/list"
  pg pg_restore -d "$database" --exit-on-error --single-transaction --use-list="$work/list" "$from/database.dump"
fi
# Who isn't a superuser is told which of Postgres' own tables are left out.
sql "$database" 'SET client_min_messages = error; ANALYZE'

if [ "$acting" != 'SET row_security = off;' ]; then
  blind=$(sql "$database" "$blind_spots")
  [ -z "$blind" ] || fail "hg_owner doesn't see every row of: $(printf '%s' "$blind" | tr '\n' ' ')"
fi
[ "$(told fingerprints)" != no ] || inventory=$(printf '%s' "$inventory" | sed 's/coalesce(sum(.*, 0) FROM ONLY/0 FROM ONLY/')
printf '%s\n' "$same_looks $acting" "$inventory" | pg psql -X -q -A -t -F '	' -v ON_ERROR_STOP=1 -d "$database" -f - >"$work/tables"
sed '/^#/d' "$from/manifest.txt" >"$work/wanted"
if ! diff "$work/wanted" "$work/tables" >"$work/differences"; then
  say 'These tables differ (<: backed up, >: restored):' >&2
  cat "$work/differences" >&2
  fail 'the restored database is not what was backed up'
fi

# Events are in the order of the transactions that wrote them. Another cluster counts its own anew: what has a number that is still
# to come here would be read as new one day. It loses the number (`GET /events` tells of it no more, its job does), and where
# deleted events once ended is forgotten with it: whoever listens is told to begin again, because the table is another one.
foreign=
if [ "$(sql "$database" "SELECT count(*) FROM pg_class WHERE oid = to_regclass('public.job_event_floors')")" = 1 ]; then
  sql "$database" "$acting SET statement_timeout = 0; DELETE FROM job_event_floors WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())"
  foreign=$(sql "$database" "$acting SET statement_timeout = 0; WITH renumbered AS (UPDATE job_events SET xid = NULL WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()) RETURNING 1) SELECT count(*) FROM renumbered")
fi

rows=$(awk -F '\t' '{n += $2} END {printf "%d", n}' "$work/tables")
say "$database: $(wc -l <"$work/tables" | tr -d ' ') tables with $rows rows, each the same as in the backup of $(told taken) (schema $(told schema))"
case $foreign in
  '' | 0) ;;
  *) say "$foreign events were numbered by another cluster: GET /events doesn't tell of them any more" ;;
esac
[ -z "$aside" ] || say "The former database is $aside. Drop it when you no longer need it."
say 'Now FLUSH Redis, give hg_content_app its password, and start PgBouncer and the services.'
