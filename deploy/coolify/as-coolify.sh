#!/bin/sh
# Writes what Coolify would make of docker-compose.yml, to try it without Coolify:
#
#   as-coolify.sh DIR PUBLIC_URL=http://localhost:3000 HG_ADMIN_EMAIL=dev@hgcontent.com ENVIRONMENT=staging
#   cd DIR && docker compose up --wait
#
# DIR/docker-compose.yml: without exclude_from_hc, and with the resource's .env handed to *every* container, as Coolify
# does. DIR/.env: values for the variables SERVICE_…, made once and kept, then the variables given here.
# DIR/docker-compose.override.yml: the four ports on 127.0.0.1, in the place of Coolify's proxy.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//p;}' "$0" >&2; exit 2; }
dir=$1
shift
umask 077
mkdir -p "$dir"

awk '
  /^services:/ { inside = 1 }
  /^(configs|volumes|networks):/ { inside = 0 }
  /^ *exclude_from_hc:/ { next }
  { print }
  inside && /^  [a-z][a-z-]*:$/ { print "    env_file: [.env]" }
' "$here/docker-compose.yml" >"$dir/docker-compose.yml"

touch "$dir/.env"
letters() { LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c "$1"; }
# shellcheck disable=SC2016 # the dollar is the file's
for name in $(grep -o '\${SERVICE_[A-Z0-9_]*}' "$here/docker-compose.yml" | tr -d '${}' | sort -u); do
  grep -q "^$name=" "$dir/.env" && continue
  case $name in
    SERVICE_PASSWORD_64_*) value=$(letters 64) ;;
    SERVICE_PASSWORD_*) value=$(letters 32) ;;
    # Coolify encodes 32 random letters and digits.
    SERVICE_REALBASE64_32_*) value=$(letters 32 | base64) ;;
    *) echo "as-coolify.sh: what would Coolify make of $name?" >&2; exit 1 ;;
  esac
  printf '%s=%s\n' "$name" "$value" >>"$dir/.env"
done
for pair in "$@"; do
  name=${pair%%=*}
  { grep -v "^$name=" "$dir/.env" || :; } >"$dir/.env.new"
  printf '%s\n' "$pair" >>"$dir/.env.new"
  mv "$dir/.env.new" "$dir/.env"
done

{
  echo 'services:'
  for port in frontend:3000 cpm:8000 im:8001 smm:8003; do
    printf '  hg-content-%s:\n    ports: ["127.0.0.1:%s:%s"]\n' "${port%:*}" "${port#*:}" "${port#*:}"
  done
} >"$dir/docker-compose.override.yml"
echo "$dir: docker-compose.yml, docker-compose.override.yml, .env"
