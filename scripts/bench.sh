#!/usr/bin/env bash
# Runs the Go benchmarks of both modules: scripts/bench.sh [go test flags]. BENCH picks by name, BENCHTIME=1x runs each once,
# VARIANT=cuda those of a GPU too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

variant=${VARIANT:-cpu}
scripts/build.sh --shim "$variant"
tags=
if [[ $variant == cpu ]]; then tags=cpu; fi
# shellcheck source=scripts/libtorch.env
. scripts/libtorch.env
# benchstat copies lines of this form into its table.
echo "libtorch: ${LIBTORCH:-$LIBTORCH_VERSION}"
echo "cores: $(nproc)"
for module in cgo/gotorch .; do
	(cd "$module" && go test -tags="$tags" -run='^$' -bench="${BENCH:-.}" -benchtime="${BENCHTIME:-1s}" -benchmem -timeout=60m "$@" ./...)
done
