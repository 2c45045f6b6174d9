#!/usr/bin/env bash
# Runs the Go benchmarks of both modules: scripts/bench.sh [go test flags]. BENCH picks by name, BENCHTIME=1x runs each once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/build.sh --shim cpu
# shellcheck source=scripts/libtorch.env
. scripts/libtorch.env
# benchstat copies lines of this form into its table.
echo "libtorch: ${LIBTORCH:-$LIBTORCH_VERSION}"
echo "cores: $(nproc)"
for module in cgo/gotorch .; do
	(cd "$module" && go test -tags=cpu -run='^$' -bench="${BENCH:-.}" -benchtime="${BENCHTIME:-1s}" -benchmem -timeout=60m "$@" ./...)
done
