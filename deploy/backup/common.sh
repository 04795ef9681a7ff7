# shellcheck shell=sh
# shellcheck disable=SC2034 # what is set here is used by those who read it
# What backup.sh and restore.sh share: how Postgres' programs are reached, and the inventory of a database.
# Read by them with `.`; it changes nothing by itself.

say() { printf '%s\n' "$*"; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Where Postgres' programs run: here, or in a container that `run_in` names.
run_in=
database=${PGDATABASE:-hg_content}

# reach OPTION [VALUE]: understands the options about where Postgres is; says how many words it took, 0 for none.
reach() {
  case $1 in
    --compose) run_in='docker compose exec -T hg-content-postgres' took=1 ;;
    --exec) [ $# -ge 2 ] || fail '--exec needs a command'; run_in=$2 took=2 ;;
    --database) [ $# -ge 2 ] || fail '--database needs a name'; database=$2 took=2 ;;
    *) took=0 ;;
  esac
}

# pg PROGRAM ARGUMENT…: one of Postgres' programs, as PGUSER (in a container: postgres, unless PGUSER says otherwise).
pg() {
  program=$1
  shift
  user=${PGUSER:-${run_in:+postgres}}
  # shellcheck disable=SC2086 # run_in is a command with its arguments
  $run_in "$program" ${user:+-U "$user"} "$@"
}

# sql DATABASE QUERY: its answer, without decoration.
sql() { pg psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -c "$2" </dev/null; }

# Tables that are ours. A partitioned table has no rows itself: its partitions are listed.
ours="c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"

# What makes values look the same wherever they are printed.
same_looks="SET timezone = 'UTC'; SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1; SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; DO 'BEGIN IF current_setting(''server_version_num'')::int >= 170000 THEN PERFORM set_config(''transaction_timeout'', ''0'', false); END IF; END';"

# One line per table: name, rows, and a fingerprint of all rows that doesn't depend on their order.
inventory="SELECT format('SELECT %L, count(*), coalesce(sum((''x'' || left(md5(whole_row::text), 15))::bit(60)::bigint), 0) FROM ONLY %I.%I AS whole_row', n.nspname || '.' || c.relname, n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE $ours ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\" \\gexec"

# How the login sees rows: `bypass` (superuser, or BYPASSRLS), `owner` (may act as hg_owner, whose policies let everything
# through), or `filtered`. Membership alone doesn't say it: since PostgreSQL 16 one may be a member without SET.
sight() {
  if [ "$(sql "$database" 'SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user')" = t ]; then
    echo bypass
  elif sql "$database" 'SET ROLE hg_owner' >/dev/null 2>&1; then
    echo owner
  else
    echo filtered
  fi
}

# Tables in which hg_owner would *not* see every row: not its own, or without a policy that lets it see all, or with a
# restrictive one that takes away. It must be empty wherever rows are read as hg_owner.
blind_spots="SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE $ours AND (c.relowner <> to_regrole('hg_owner')::oid OR c.relrowsecurity AND (NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', 'r') AND to_regrole('hg_owner')::oid = ANY (p.polroles) AND pg_get_expr(p.polqual, p.polrelid) = 'true') OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive AND p.polcmd IN ('*', 'r') AND (0 = ANY (p.polroles) OR EXISTS (SELECT FROM unnest(p.polroles) r WHERE r <> 0 AND pg_has_role('hg_owner', r, 'USAGE'))))))"
