#!/usr/bin/env bash
# Compares the benchmarks of two revisions: scripts/bench-compare.sh OLD [NEW]. NEW is HEAD unless given.
#
# COUNT (10) runs of each, taken in turns, so that a machine that slows down slows both; BENCH picks benchmarks by name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

benchstat=golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
old=$(git rev-parse --verify "${1:?bench-compare: want OLD [NEW]}^{commit}")
new=$(git rev-parse --verify "${2:-HEAD}^{commit}")

tmp=$(mktemp -d)
trap 'git worktree remove --force "$tmp/old" 2>/dev/null; git worktree remove --force "$tmp/new" 2>/dev/null; rm -rf "$tmp"' EXIT
git worktree add --quiet --detach "$tmp/old" "$old"
git worktree add --quiet --detach "$tmp/new" "$new"

for ((i = 1; i <= ${COUNT:-10}; i++)); do
	for side in old new; do
		echo "bench-compare: run $i of ${COUNT:-10}, $side" >&2
		(cd "$tmp/$side" && scripts/bench.sh) >>"$tmp/$side.txt"
	done
done
go run "$benchstat" "old=$tmp/old.txt" "new=$tmp/new.txt"
