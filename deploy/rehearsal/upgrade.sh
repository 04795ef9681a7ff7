#!/usr/bin/env bash
# Rehearses an upgrade: two replicas of each service behind a proxy, under load; migrations first, then replica by
# replica, new before old. Fails where a request failed, a job was lost, or an event came twice.
#
#   deploy/rehearsal/upgrade.sh OLD NEW        # two tags of the images, built or pulled before
#
# Needs Docker with compose 2.24 or later, and Node. It leaves nothing behind; ports: HG_PORT_GATEWAY, HG_PORT_CPM.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[ $# -eq 2 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
old=$1 new=$2
export HG_PORT_GATEWAY=${HG_PORT_GATEWAY:-3000} HG_PORT_CPM=${HG_PORT_CPM:-8000}
export HG_ADMIN_EMAIL=dev@hgcontent.com HG_ADMIN_PASSWORD HG_VERSION=$old
HG_ADMIN_PASSWORD=$(head -c 18 /dev/urandom | base64 | tr -d '+/=')-Rehearsal
services=(hg-content-smm hg-content-im hg-content-cpm hg-content-frontend)

compose() { docker compose -p hg-rehearsal -f docker-compose.yml -f deploy/rehearsal/compose.yml "$@"; }
say() { printf '%(%H:%M:%S)T %s\n' -1 "$*"; }
load=
cleanup() {
  [ -z "$load" ] || kill "$load" 2>/dev/null || true
  compose --profile tools down --volumes --timeout 5 >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
scratch=$(mktemp -d)
trap cleanup EXIT

say "two replicas of $old"
two=()
for service in "${services[@]}"; do two+=(--scale "$service=2"); done
compose up --detach --no-build --wait "${two[@]}" "${services[@]}" >/dev/null
compose up --detach --wait --no-recreate --no-deps proxy >/dev/null
key=$(compose run --rm --no-deps hg admin api-key --client cincinnati-electrician --name rehearsal --scopes generate,jobs:read 2>/dev/null | tail -1)

wait_for() { for _ in $(seq 120); do curl -fsS -o /dev/null "$1" 2>/dev/null && return; sleep 0.5; done; say "nothing answers at $1"; exit 1; }
wait_for "http://127.0.0.1:$HG_PORT_GATEWAY/health"
wait_for "http://127.0.0.1:$HG_PORT_CPM/health"

say 'load begins'
mkfifo "$scratch/open"
WEB=http://localhost:$HG_PORT_GATEWAY CPM=http://127.0.0.1:$HG_PORT_CPM API_KEY=$key EMAIL=$HG_ADMIN_EMAIL PASSWORD=$HG_ADMIN_PASSWORD \
  node deploy/rehearsal/load.mjs <"$scratch/open" >"$scratch/counts" 2>"$scratch/failures" &
load=$!
exec 9>"$scratch/open"
sleep 5

export HG_VERSION=$new
say "migrations of $new, while $old runs"
compose run --rm --no-deps migrate | sed 's/^/         /'

for service in "${services[@]}"; do
  for before in $(docker ps -q --filter label=com.docker.compose.project=hg-rehearsal --filter "label=com.docker.compose.service=$service"); do
    compose up --detach --no-build --no-deps --no-recreate --scale "$service=3" --wait "$service" >/dev/null 2>&1
    # The proxy asks twice a second, and engines tell their names as often.
    sleep 2
    docker stop --time 40 "$before" >/dev/null
    docker rm "$before" >/dev/null
    say "$service: a replica of $new for one of $old"
  done
done
sleep 5

say 'load ends'
exec 9>&-
outcome=0
wait "$load" || outcome=$?
load=
cat "$scratch/failures"
cat "$scratch/counts"
for service in "${services[@]}"; do
  docker ps --filter label=com.docker.compose.project=hg-rehearsal --filter "label=com.docker.compose.service=$service" --format '{{.Image}} {{.Status}}'
done
exit "$outcome"
