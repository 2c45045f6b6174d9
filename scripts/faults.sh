#!/usr/bin/env bash
# Runs stan and its readers under faults and prints what held: scripts/faults.sh [full|short]. docs/reliability.md explains it.
#
# full   every operation, 200 kills of each main command, 10,000 damaged copies of each format: hours
# short  a small share of the faults on running commands, less than a minute; `make test-cpu` reads 100 damaged copies of each format
#
# Runs work in FAULTS_DIR, the memory file system /dev/shm where there is one: they write much and keep nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=${1:-full}
case $mode in
full) limits=(-share 1) ;;
short) limits=(-share 0.005 -for 40s) ;;
*)
	echo "faults: unknown mode \"$mode\", want full or short" >&2
	exit 2
	;;
esac
parent=${FAULTS_DIR:-}
if [[ -z $parent ]]; then
	parent=/dev/shm
	[[ -w $parent ]] || parent=${TMPDIR:-/tmp}
fi

scripts/build.sh cpu
scratch=$(mktemp -d "$parent/faults.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
go build -o "$scratch/faults" ./scripts/faults

# run FAULTS_OPTION... runs one part of the campaign. Where no seccomp filter can be set, as in some containers, the short one
# says so and goes on.
run() {
	local rc=0
	"$scratch/faults" -scratch "$scratch" "${limits[@]}" "$@" || rc=$?
	[[ $rc == 98 && $mode == short ]] || return $rc
}

status=0
interrupted=
trap 'interrupted=1' INT # the campaign ends with what it has tried
# One process waits for its commands most of the time: two use two cores.
run -only ' the n-th ' >"$scratch/operations" &
operations=$!
run -only '^(SIG.* moment|disk|file|folder|two)' || status=1
wait "$operations" || wait "$operations" || status=1 # a signal ends the first
cat "$scratch/operations"
[[ -z $interrupted ]] || exit 130

if [[ $mode == full ]]; then
	mkdir "$scratch/tmp"
	TMPDIR=$scratch/tmp go test -tags=cpu -count=1 -timeout=12h -run='^TestDamaged' -v ./dataset ./torchmodel -damaged 10000 || status=1
fi
exit $status
