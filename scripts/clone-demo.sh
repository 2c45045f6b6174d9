#!/usr/bin/env bash
# The road of a new user, as continuous integration walks it: what is committed, cloned, nothing built; `make demo`; then
# the same folder moved elsewhere must still run and build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
git clone --quiet . "$tmp/first"
cd "$tmp/first"
make demo
mv "$tmp/first" "$tmp/moved"
cd "$tmp/moved"
bin/stan version
make build-cpu
bin/stan version
