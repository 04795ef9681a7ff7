#!/bin/sh
# empty-sources.sh FROM TO: copies the workspace's manifests, with an empty source for each target, so that cargo builds
# the dependencies and nothing of ours. The result changes only when a manifest does, and so does the layer made of it.
set -eu
from=$1 to=$2

empty_program() { printf '//! Empty.\nfn main() {}\n' >"$1"; }

mkdir -p "$to"
cp "$from/Cargo.toml" "$from/Cargo.lock" "$to/"
cd "$from"
find crates services -name Cargo.toml -not -path '*/node_modules/*' -not -path '*/target/*' | sort | while read -r manifest; do
  folder=$(dirname "$manifest")
  mkdir -p "$to/$folder/src"
  cp "$manifest" "$to/$folder/"
  # Only the kinds of targets that the package has: an empty library beside a program would make it another package.
  [ ! -e "$folder/src/lib.rs" ] || echo '//! Empty.' >"$to/$folder/src/lib.rs"
  [ ! -e "$folder/src/main.rs" ] || empty_program "$to/$folder/src/main.rs"
  sed -n 's/^path = "\([^"]*\.rs\)"$/\1/p' "$manifest" | while read -r source; do
    mkdir -p "$(dirname "$to/$folder/$source")"
    empty_program "$to/$folder/$source"
  done
done
