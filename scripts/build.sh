#!/usr/bin/env bash
# Builds the shim and bin/stan: scripts/build.sh cpu|cuda. With --shim only the shim: scripts/build.sh --shim cpu|asan|cuda.
#
# CUDA_HOME names the CUDA toolkit; without it nvcc on the PATH does, else the pinned one of PyPI is fetched.
# JOBS is the number of compilers at once, which take up to 1 GB each.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

shim_only=
if [[ ${1:-} == --shim ]]; then
	shim_only=yes
	shift
fi
variant=${1:?build: want cpu, asan or cuda}

scripts/check-tools.sh
kind=cpu
if [[ $variant == cuda ]]; then kind=${LIBTORCH_KIND:-cuda}; fi
libtorch=$(scripts/install-libtorch.sh "$kind")

cuda=
if [[ $variant == cuda ]]; then
	if [[ -n ${CUDA_HOME:-} ]]; then
		cuda=$CUDA_HOME
	elif command -v nvcc >/dev/null; then
		cuda=$(dirname "$(dirname "$(readlink -f "$(command -v nvcc)")")")
	else
		cuda=$(scripts/install-libtorch.sh nvcc)
	fi
	[[ -x $cuda/bin/nvcc ]] || { echo "build: $cuda/bin/nvcc is missing, CUDA_HOME must be the folder of a CUDA toolkit" >&2; exit 1; }
fi

jobs=${JOBS:-$(nproc)}
mkdir -p cgo/shim/build
echo "build: shim for $variant with $libtorch" >&2
# Two builds in one checkout wait for each other.
flock cgo/shim/build/.lock make --no-print-directory -C cgo/shim -j"$jobs" VARIANT="$variant" LIBTORCH="$libtorch" CUDA="$cuda"
if [[ -n $shim_only ]]; then exit; fi

tags=
if [[ $variant == cpu ]]; then tags=cpu; fi
echo "build: bin/stan" >&2
mkdir -p bin
go build -tags "$tags" -o bin/stan ./cmd/stan
# By rename: a running program keeps the library that it has mapped.
cp "cgo/shim/build/$variant/libstan_shim.so" bin/libstan_shim.so.new
mv bin/libstan_shim.so.new bin/libstan_shim.so
echo "build: done, bin/stan" >&2
