#!/bin/sh
# Backs up the database into a folder of its own: the dump, an inventory of it (rows and a fingerprint per table), and the
# roles that it needs. Nothing is stopped for it. docs/deployment.md explains what else belongs to a backup.
#
#   backup.sh --compose                                    # of the stack in this folder
#   backup.sh --exec 'docker exec -i NAME' --to /backups   # of any container with Postgres
#   PGHOST=db-vps PGUSER=postgres PGPASSWORD=… backup.sh   # of any server, with the client programs of this machine
#
#   --to DIR        where the folder is made                (backups)
#   --keep N        afterwards, remove all but the newest N of that folder
#   --database NAME                                         (hg_content, or PGDATABASE)
#   --counts-only   no fingerprints: quicker for databases of many gigabytes
#
# The login must see every row. A superuser, or a role with BYPASSRLS, does. A login that may act as hg_owner (the one
# that migrates) does too: the policies of every table let hg_owner see all, and that is checked here, table by table.
# Any other login is refused: its dump would be silently incomplete.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

to=backups
keep=''
fingerprints=yes
while [ $# -gt 0 ]; do
  reach "$@"
  if [ "$took" -gt 0 ]; then shift "$took"; continue; fi
  case $1 in
    --to) [ $# -ge 2 ] || fail '--to needs a folder'; to=$2; shift ;;
    --keep) [ $# -ge 2 ] || fail '--keep needs a number'; keep=$2; shift ;;
    --counts-only) fingerprints=no ;;
    -h | --help) sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//p;}' "$0"; exit 0 ;;
    *) fail "unknown option $1 (see --help)" ;;
  esac
  shift
done
case $keep in *[!0-9]* | 0) fail '--keep needs a number of at least 1' ;; esac
[ "$fingerprints" = yes ] || inventory=$(printf '%s' "$inventory" | sed 's/coalesce(sum(.*, 0) FROM ONLY/0 FROM ONLY/')

umask 077
name=$database-$(date -u +%Y%m%dT%H%M%SZ)
part=$to/$name.part
mkdir -p "$part"
session=
finish() {
  status=$?
  trap - EXIT
  if [ -n "$session" ]; then
    exec 3>&-
    kill "$session" 2>/dev/null || :
  fi
  rm -rf "$part"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

sql "$database" 'SELECT 1' >/dev/null || fail "the database $database can't be reached"
seen=$(sight)
case $seen in
  bypass) acting='' rights='' ;;
  owner)
    blind=$(sql "$database" "$blind_spots")
    [ -z "$blind" ] || fail "hg_owner doesn't see every row of: $(printf '%s' "$blind" | tr '\n' ' '): use a superuser or a role with BYPASSRLS"
    acting='SET ROLE hg_owner; SET row_security = on;' rights='--role=hg_owner --enable-row-security'
    ;;
  *) fail "this login is filtered by row-level security: use a superuser, a role with BYPASSRLS, or the login that migrates" ;;
esac

# One session holds a snapshot open; inventory and dump both read that moment, whatever is written meanwhile.
mkfifo "$part/questions"
pg psql -X -q -A -t -F '	' -v ON_ERROR_STOP=1 -d "$database" <"$part/questions" >"$part/answers" 2>"$part/complaints" &
session=$!
exec 3>"$part/questions"
ask() { # waits until everything asked so far is answered
  printf '%s\n' "$1" "SELECT 'that was all: $2';" >&3
  until grep -qx "that was all: $2" "$part/answers"; do
    kill -0 "$session" 2>/dev/null || { cat "$part/complaints" >&2; fail 'the session ended early'; }
    sleep 0.2 2>/dev/null || sleep 1
  done
}
ask "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; $same_looks $acting SELECT 'snapshot', pg_export_snapshot(), current_setting('server_version'), coalesce((SELECT max(version) FROM _sqlx_migrations WHERE success), 0);" snapshot
tab=$(printf '\t')
line=$(grep "^snapshot$tab" "$part/answers")
snapshot=$(printf '%s' "$line" | cut -f2)
ask "$inventory" inventory
sed -n '/^that was all: snapshot$/,/^that was all: inventory$/{/^that was all/d;p;}' "$part/answers" >"$part/tables"
tables=$(wc -l <"$part/tables" | tr -d ' ')
[ "$tables" -gt 0 ] || fail "the database $database has no tables"

# shellcheck disable=SC2086 # rights are two arguments or none
pg pg_dump -d "$database" --format=custom --snapshot="$snapshot" $rights </dev/null >"$part/database.dump"
printf '%s\n' 'COMMIT;' '\q' >&3
exec 3>&-
wait "$session" || { cat "$part/complaints" >&2; fail 'the session that held the snapshot failed'; }
session=

dumped=$(pg pg_restore --list <"$part/database.dump" | grep -c ' TABLE DATA ')
[ "$dumped" = "$tables" ] || fail "the dump has the rows of $dumped tables, the database $tables"

{
  printf '# inventory of a backup of HG Content: table, rows, fingerprint\n'
  printf '# taken: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  printf '# database: %s\n' "$database"
  printf '# postgres: %s\n' "$(printf '%s' "$line" | cut -f3)"
  printf '# schema: %s\n' "$(printf '%s' "$line" | cut -f4)"
  printf '# read as: %s\n' "$seen"
  printf '# fingerprints: %s\n' "$fingerprints"
  printf '# sha256: %s\n' "$(sha256sum "$part/database.dump" | cut -d' ' -f1)"
  cat "$part/tables"
} >"$part/manifest.txt"
roles=${HG_BOOTSTRAP:-$here/../../migrations/bootstrap.sql}
if [ -r "$roles" ]; then
  cp "$roles" "$part/bootstrap.sql"
else
  say "note: $roles is not here; restore.sh will need it" >&2
fi
rm -f "$part/questions" "$part/answers" "$part/complaints" "$part/tables"
mv "$part" "$to/$name"

rows=$(awk -F '\t' '!/^#/ {n += $2} END {printf "%d", n}' "$to/$name/manifest.txt")
say "$to/$name: $tables tables, $rows rows, $(wc -c <"$to/$name/database.dump" | tr -d ' ') bytes, read as $seen"

if [ -n "$keep" ]; then
  # Their names sort by time.
  find "$to" -mindepth 1 -maxdepth 1 -type d -name "$database-????????T??????Z" | sort -r | tail -n "+$((keep + 1))" | while read -r old; do
    rm -rf "$old"
    say "removed $old"
  done
fi
