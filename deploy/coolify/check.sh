#!/bin/sh
# Checks that the files for deployments are sound and agree with each other. Needs shellcheck; what needs docker compose
# is left out, and said so, where that is missing.
set -eu
cd "$(dirname "$0")/../.."
failed=0
bad() { echo "FAIL  $*"; failed=1; }
good() { echo "ok    $*"; }

if shellcheck -x deploy/backup/*.sh deploy/rehearsal/*.sh deploy/coolify/*.sh deploy/coolify/database/*.sh docker/*.sh; then good 'shell scripts'; else bad 'shell scripts'; fi

# Our settings of the pooler, without comments: the stack in Coolify can't mount the file.
settings() { sed -n 's/^ *\([a-z_]* *=.*[^ ]\) *$/\1/p; s/^ *\([a-z_]* *=\) *$/\1/p' | sort; }
sed '/^;/d' docker/pgbouncer.ini | settings >"${TMPDIR:-/tmp}/hg-check.$$"
if sed -n '/^  pgbouncer:$/,/^volumes:/p' deploy/coolify/docker-compose.yml | sed '/content:/d' | settings | diff "${TMPDIR:-/tmp}/hg-check.$$" - ; then
  good 'the pooler is the same in docker/pgbouncer.ini and in the stack'
else
  bad 'docker/pgbouncer.ini and deploy/coolify/docker-compose.yml differ (<: file, >: stack)'
fi
rm -f "${TMPDIR:-/tmp}/hg-check.$$"

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
for file in deploy/coolify/apps/*/Dockerfile; do
  grep -qx "ARG HG_VERSION=$version" "$file" || bad "$file is not of version $version"
  # Coolify goes by the word, wherever it stands, and reads the numbers from the line.
  [ "$(grep -c HEALTHCHECK "$file")" = 1 ] || bad "$file must have the word HEALTHCHECK exactly once"
done
for file in docker-compose.yml deploy/coolify/docker-compose.yml; do
  others=$(grep -o 'HG_VERSION:-[^}]*' "$file" | grep -vx "HG_VERSION:-$version" || :)
  [ -z "$others" ] || bad "$file: $others, the workspace is $version"
done
good "versions ($version)"

# Coolify reads at most three underscores in a generated value's name: SERVICE_<TYPE>_<SIZE>_<ID>.
# shellcheck disable=SC2016 # the dollar is the file's
long=$(grep -o '\${SERVICE_[A-Z0-9_]*}' deploy/coolify/docker-compose.yml | tr -d '${}' | awk -F_ 'NF > 4' | sort -u)
if [ -z "$long" ]; then good 'names of generated values'; else bad "Coolify would not generate: $long"; fi

if docker compose version >/dev/null 2>&1; then
  dir=$(mktemp -d)
  deploy/coolify/as-coolify.sh "$dir" PUBLIC_URL=https://hgcontent.com HG_ADMIN_EMAIL=dev@hgcontent.com >/dev/null
  if (cd "$dir" && docker compose config --quiet); then good 'the stack'; else bad 'the stack'; fi
  rm -rf "$dir"
  if docker compose config --quiet; then good 'docker-compose.yml'; else bad 'docker-compose.yml'; fi
else
  echo 'skip  docker compose is not here: the compose files were not read'
fi
exit "$failed"
