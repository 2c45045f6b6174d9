#!/usr/bin/env bash
# Compiles the shim and every kernel for CUDA, links them and the program: shows that it builds, runs nothing on a GPU.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The libraries that only running needs, some 2 GB, are left out unless a libtorch is named.
export LIBTORCH_KIND=cuda-link
scripts/build.sh --shim cuda
for arch in sm_80 sm_90; do
	strings -a cgo/shim/build/cuda/libstan_shim.so | grep -c "$arch" >/dev/null ||
		{ echo "cuda-check: libstan_shim.so holds no code for $arch" >&2; exit 1; }
done
mkdir -p build
# What libtorch_cuda.so in turn needs is not there, and only running needs it.
go build -ldflags='-extldflags=-Wl,--allow-shlib-undefined' -o build/stan-cuda ./cmd/stan
(cd cgo/gotorch && go vet ./...)
go vet ./...
echo "cuda-check: kernels for sm_80 and sm_90, shim and program compile and link" >&2
