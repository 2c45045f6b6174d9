#!/usr/bin/env bash
# Builds the shim and runs the tests of both modules against it: scripts/test.sh cpu|cuda|race|asan [go test flags].
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=${1:?test: want cpu, cuda, race or asan}
shift
# -count=1: go caches results by Go source alone and would not see a changed shim.
flags=(-count=1 -timeout=20m)
modules=(cgo/gotorch .)
shim=cpu
case $mode in
cpu) flags+=(-tags=cpu) ;;
cuda) shim=cuda ;;
race) flags+=(-tags=cpu -race) ;;
asan)
	shim=asan
	flags+=(-tags=cpu -asan)
	# dataset, evaluate and cmd run no code of the shim that these two do not.
	modules=(cgo/gotorch torchmodel)
	# The sanitized library comes before the runpath's plain one.
	export LD_LIBRARY_PATH=$PWD/cgo/shim/build/asan${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	# allocator_may_return_null: a test asks for more memory than there is, which must fail and not abort.
	checks=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:allocator_may_return_null=1
	export ASAN_OPTIONS=$checks${ASAN_OPTIONS:+:$ASAN_OPTIONS}
	export UBSAN_OPTIONS=print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}
	scripts/build.sh --shim cpu # what the tests are linked with
	;;
*)
	echo "test: unknown mode \"$mode\", want cpu, cuda, race or asan" >&2
	exit 2
	;;
esac

scripts/build.sh --shim "$shim"
status=0
echo "test: the kernels of cgo/shim/lanes" >&2
make --no-print-directory -C cgo/shim VARIANT="$shim" test || status=1
for module in "${modules[@]}"; do
	if [[ $mode == cpu || $mode == cuda ]]; then
		echo "test: go vet in $module" >&2
		(cd "$module" && go vet "${flags[@]:2}" ./...) || status=1
	fi
	echo "test: go test in $module" >&2
	(cd "$module" && go test "${flags[@]}" "$@" ./...) || status=1
done
exit $status
