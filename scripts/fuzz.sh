#!/usr/bin/env bash
# Runs every fuzz target of both modules for FUZZTIME (30s) each, without a pause for the next when one fails.
#
# What is interesting is made smaller in 100 tries: go's own minute for that takes all of the time where an input is a file,
# and 60 s then try 4 inputs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/build.sh --shim cpu
failed=()
while IFS=: read -r file target; do
	dir=$(dirname "$file")
	echo "fuzz: $target in $dir" >&2
	(cd "$dir" && go test -tags=cpu -run='^$' -fuzz="^$target\$" -fuzztime="${FUZZTIME:-30s}" -fuzzminimizetime=100x .) || failed+=("$dir: $target")
done < <(git ls-files '*_test.go' | xargs grep -HoE '^func Fuzz[A-Za-z0-9_]*' | sed 's/:func /:/')

if ((${#failed[@]})); then
	echo "fuzz: failed; the input is kept under testdata/fuzz beside the target:" >&2
	printf '  %s\n' "${failed[@]}" >&2
	exit 1
fi
