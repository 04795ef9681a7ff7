#!/bin/sh
# Prepares Postgres on the database server: the database, the roles, and PgBouncer's list of users. Run it there, as the
# user postgres. Safe to repeat: what is there stays, passwords are set to what is given.
#
#   HG_APP_PASSWORD=… HG_ADMIN_DB_PASSWORD=… HG_BACKUP_PASSWORD=… ./prepare.sh
#
# makes, beside the roles of migrations/bootstrap.sql,
#   hg_admin   the login of MIGRATION_DATABASE_URL: owns the database, may act as hg_owner, is no superuser
#   hg_backup  the login that dumps: reads every table, is not filtered by row-level security, writes nothing
# and writes /etc/pgbouncer/userlist.txt (USERLIST=… elsewhere; empty: not at all).
#
# BOOTSTRAP=… is the file with the roles (../../../migrations/bootstrap.sql, or bootstrap.sql beside this script).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
fail() { printf 'prepare.sh: %s\n' "$*" >&2; exit 1; }
database=hg_content
userlist=${USERLIST-/etc/pgbouncer/userlist.txt}
bootstrap=${BOOTSTRAP:-$here/../../../migrations/bootstrap.sql}
[ -r "$bootstrap" ] || bootstrap=$here/bootstrap.sql
[ -r "$bootstrap" ] || fail 'where is bootstrap.sql? Copy migrations/bootstrap.sql beside this script'
for name in HG_APP_PASSWORD HG_ADMIN_DB_PASSWORD HG_BACKUP_PASSWORD; do
  value=''
  eval "value=\${$name:-}"
  # What needs no quoting in URLs, in SQL, or in PgBouncer's list.
  case $value in
    '' | *[!A-Za-z0-9._~-]*) fail "$name: at least 12 letters, digits, or any of - . _ ~" ;;
  esac
  [ "${#value}" -ge 12 ] || fail "$name: at least 12 letters, digits, or any of - . _ ~"
done
# No notices about what is there already.
export PGOPTIONS='-c client_min_messages=warning'
run() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
[ "$(run -A -t -d postgres -c 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user')" = t ] || fail 'run it as a superuser of Postgres'
[ "$(run -A -t -d postgres -c 'SHOW password_encryption')" = scram-sha-256 ] || fail 'set password_encryption = scram-sha-256 first'

run -d postgres <<'SQL'
DO $$ BEGIN
  IF to_regrole('hg_admin') IS NULL THEN CREATE ROLE hg_admin LOGIN; END IF;
  IF to_regrole('hg_backup') IS NULL THEN CREATE ROLE hg_backup LOGIN; END IF;
END $$;
ALTER ROLE hg_admin NOSUPERUSER CREATEROLE NOBYPASSRLS;
ALTER ROLE hg_backup NOSUPERUSER NOCREATEROLE NOCREATEDB BYPASSRLS;
GRANT pg_read_all_data TO hg_backup;
SQL
if [ "$(run -A -t -d postgres -c "SELECT count(*) FROM pg_database WHERE datname = '$database'")" = 0 ]; then
  run -d postgres -c "CREATE DATABASE $database OWNER hg_admin TEMPLATE template0 ENCODING 'UTF8'"
fi
run -d postgres -c "ALTER DATABASE $database OWNER TO hg_admin"
run -d "$database" -f "$bootstrap"
# With the right to hand them on: `hg setup database` and `hg migrate --bootstrap` repeat bootstrap.sql as hg_admin.
run -d "$database" <<'SQL'
GRANT hg_owner, hg_definer, hg_system, hg_content_app TO hg_admin WITH ADMIN OPTION;
SQL
# From standard input: an argument would be seen in the list of processes.
run -d "$database" <<SQL
ALTER ROLE hg_content_app PASSWORD '$HG_APP_PASSWORD';
ALTER ROLE hg_admin PASSWORD '$HG_ADMIN_DB_PASSWORD';
ALTER ROLE hg_backup PASSWORD '$HG_BACKUP_PASSWORD';
SQL
if [ -n "$userlist" ]; then
  umask 077
  list=$(run -A -t -d postgres -c "SELECT format('\"%s\" \"%s\"', rolname, rolpassword) FROM pg_authid WHERE rolname = 'hg_content_app'")
  # Into the file as it is: it keeps its owner and its mode, and the folder around it belongs to root.
  printf '%s\n' "$list" >"$userlist" || fail "$userlist can't be written by $(id -un): install PgBouncer first, or give that file to $(id -un)"
  echo "wrote $userlist: reload PgBouncer"
fi
echo "$database is ready. Next: hg setup database"
