#!/usr/bin/env bash
# Rehearses an upgrade: two replicas of each service behind a proxy, under load; migrations first, then replica by
# replica, new before old. Fails where a request failed, a job was lost, an event came twice or not at all, or where jobs
# and charges don't agree.
#
#   deploy/rehearsal/upgrade.sh OLD NEW              # two tags of the images, built or pulled before
#   deploy/rehearsal/upgrade.sh OLD NEW --and-back   # and from NEW to OLD again, on the newer schema
#
# Needs Docker with compose 2.24 or later, and Node. It leaves nothing behind; ports: HG_PORT_GATEWAY, HG_PORT_CPM.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() { sed -n '2,/^set -euo/{/^set -euo/d;s/^# \{0,1\}//p;}' "$0" >&2; exit 2; }
[ $# -eq 2 ] || { [ $# -eq 3 ] && [ "$3" = --and-back ]; } || usage
old=$1 new=$2 back=${3:-}
project=hg-rehearsal
services=(hg-content-smm hg-content-im hg-content-cpm hg-content-frontend)
reversed=(hg-content-frontend hg-content-cpm hg-content-im hg-content-smm)
export HG_PORT_GATEWAY=${HG_PORT_GATEWAY:-3000} HG_PORT_CPM=${HG_PORT_CPM:-8000}
export HG_ADMIN_EMAIL=dev@hgcontent.com HG_ADMIN_PASSWORD HG_VERSION=$old
HG_ADMIN_PASSWORD=$(head -c 18 /dev/urandom | base64 | tr -d '+/=')-Rehearsal

scratch=$(mktemp -d)
load=
say() { printf '%(%H:%M:%S)T  %s\n' -1 "$*"; }
# An operator's .env is for another stack, and its keys cost money.
compose() { docker compose -p "$project" --env-file /dev/null -f docker-compose.yml -f deploy/rehearsal/compose.yml "$@"; }
# quietly COMMAND…: what it says is shown only where it fails.
quietly() { "$@" >"$scratch/said" 2>&1 || { say "failed: $*"; tail -40 "$scratch/said"; exit 1; }; }
sql() { compose exec -T hg-content-postgres psql -X -q -A -t -U postgres -d hg_content -c "$1" </dev/null; }
schema() { sql 'SELECT max(version) FROM _sqlx_migrations WHERE success'; }
replicas() { docker ps --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$1" "${@:2}"; }
# shellcheck disable=SC2317 # the trap calls it
cleanup() {
  local status=$?
  trap - EXIT
  exec 9>&- 2>/dev/null || true
  [ -z "$load" ] || kill "$load" 2>/dev/null || true
  compose --profile tools down --volumes --rmi local --timeout 5 --remove-orphans >/dev/null 2>&1 || true
  rm -rf "$scratch"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

for service in "${services[@]}"; do
  for tag in "$old" "$new"; do
    docker image inspect "ghcr.io/hgcontent/$service:$tag" >/dev/null 2>&1 || { say "ghcr.io/hgcontent/$service:$tag is not here: build or pull it first"; exit 2; }
  done
done
[ -z "$(docker ps -aq --filter "label=com.docker.compose.project=$project")" ] || { say "a rehearsal is running already (project $project)"; exit 2; }

wait_for() {
  for _ in $(seq 120); do curl -fsS -o /dev/null "$1" 2>/dev/null && return; sleep 0.5; done
  say "nothing answers at $1"
  compose logs --tail 20 proxy
  exit 1
}

# replace TAG SERVICE…: one replica after the other; each new one is healthy, and known to the proxy, before an old one ends.
replace() {
  export HG_VERSION=$1
  local service before
  for service in "${@:2}"; do
    for before in $(replicas "$service" -q); do
      quietly compose up --detach --no-build --no-deps --no-recreate --scale "$service=3" --wait "$service"
      # The proxy asks twice a second, and engines tell their names as often.
      sleep 2
      quietly docker stop -t 40 "$before"
      quietly docker rm "$before"
      say "$service: a replica of $HG_VERSION for one that was there"
    done
  done
}

say "two replicas of $old each"
two=()
for service in "${services[@]}"; do two+=(--scale "$service=2"); done
quietly compose up --detach --no-build --wait "${two[@]}" "${services[@]}"
quietly compose up --detach --wait --build --no-recreate --no-deps proxy
key=$(compose run --rm --no-deps -T hg admin api-key --client cincinnati-electrician --name rehearsal --scopes generate,jobs:read 2>"$scratch/said" </dev/null | tail -1) \
  || { cat "$scratch/said"; exit 1; }
wait_for "http://127.0.0.1:$HG_PORT_GATEWAY/health"
wait_for "http://127.0.0.1:$HG_PORT_CPM/health"

say "load begins (schema $(schema))"
mkfifo "$scratch/open"
WEB=http://localhost:$HG_PORT_GATEWAY CPM=http://127.0.0.1:$HG_PORT_CPM API_KEY=$key EMAIL=$HG_ADMIN_EMAIL PASSWORD=$HG_ADMIN_PASSWORD \
  node deploy/rehearsal/load.mjs <"$scratch/open" >"$scratch/counts" 2>"$scratch/complaints" &
load=$!
exec 9>"$scratch/open"
sleep 5
kill -0 "$load" 2>/dev/null || { say 'the load ended early'; cat "$scratch/complaints" "$scratch/counts"; exit 1; }

export HG_VERSION=$new
say "secrets and migrations of $new, while $old runs"
# A version may have secrets that the one before didn't know.
for step in secrets migrate; do
  compose run --rm --no-deps -T "$step" >"$scratch/said" 2>&1 </dev/null || { tail -40 "$scratch/said"; exit 1; }
done
sed -n 's/.*"message":"\([^"]*\)".*/          \1/p' "$scratch/said"
say "schema $(schema)"
replace "$new" "${services[@]}"
sleep 5
if [ -n "$back" ]; then
  say "back to $old, on schema $(schema)"
  replace "$old" "${reversed[@]}"
  sleep 5
fi

say 'load ends'
exec 9>&-
outcome=0
wait "$load" || outcome=$?
load=
sed -n '1,40s/^/          /p' "$scratch/complaints"
[ "$(wc -l <"$scratch/complaints")" -le 40 ] || say "… $(wc -l <"$scratch/complaints") lines in all"
for service in "${services[@]}"; do replicas "$service" --format '{{.Image}} {{.Status}}'; done | sed 's/^/          /'
count() { sed -n "s/^$1 //p" "$scratch/counts"; }
agree() { # WHAT FIGURE EXPECTED
  if [ "$2" = "$3" ]; then say "ok    $1: $2"; else say "FAIL  $1: $2, expected $3"; outcome=1; fi
}
sed 's/^/          /; s/_/ /g' "$scratch/counts"
agree 'failed requests' "$(count failed)" 0
agree 'jobs in the database, as many as were accepted' "$(sql 'SELECT count(*) FROM jobs')" "$(count accepted)"
agree 'jobs that are completed' "$(sql "SELECT count(*) FROM jobs WHERE status = 'completed'")" "$(count accepted)"
agree 'charges, one for each' "$(sql "SELECT count(*) FROM charges JOIN jobs ON jobs.id = charges.job_id WHERE jobs.status = 'completed'")" "$(count accepted)"
agree 'charges of anything else' "$(sql "SELECT count(*) FROM charges LEFT JOIN jobs ON jobs.id = charges.job_id WHERE jobs.status IS DISTINCT FROM 'completed'")" 0
agree 'reservations that nobody settled' "$(sql 'SELECT count(*) FROM reservations WHERE settled_at IS NULL')" 0
agree 'events that came twice' "$(count events_twice)" 0
agree 'events that never came' "$(count events_missing)" 0
if [ "$outcome" = 0 ]; then say 'the upgrade went as announced'; else say 'the upgrade did NOT go as announced'; fi
exit "$outcome"
