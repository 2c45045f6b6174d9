# Everything a developer or user runs; the scripts hold the logic. `make demo` is the place to start.

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{printf "%-12s %s\n", $$1, $$2}'

.PHONY: demo
demo: ## from nothing to synthetic flows and their comparison with real ones, in some minutes on a CPU
	scripts/demo.sh

.PHONY: paper
paper: ## the paper's experiments, its networks and baselines beside ours, into docs/paper.md, in 40 to 50 minutes on 2 cores
	scripts/paper.sh

.PHONY: build
build: ## bin/stan for CUDA
	scripts/build.sh cuda

.PHONY: build-cpu
build-cpu: ## bin/stan for the CPU
	scripts/build.sh cpu

.PHONY: shim-cpu
shim-cpu: ## the shim alone, which go build and go test with -tags cpu link
	scripts/build.sh --shim cpu

.PHONY: test-cpu
test-cpu: ## go vet and every test that needs no GPU
	scripts/test.sh cpu

.PHONY: test-cuda
test-cuda: ## the same tests and those of the GPU, on a machine that has one
	scripts/test.sh cuda

.PHONY: test-asan
test-asan: ## the shim, gotorch and torchmodel under the address and undefined-behaviour sanitizers
	scripts/test.sh asan

.PHONY: test-race
test-race: ## the tests under the race detector
	scripts/test.sh race

.PHONY: cuda-check
cuda-check: ## compile and link everything for CUDA; needs no GPU
	scripts/cuda-check.sh

.PHONY: check-formats
check-formats: build-cpu ## our formats read by nfdump, tshark and zeek-cut, and theirs by us; these must be installed
	scripts/check_formats.py

.PHONY: bench
bench: ## every benchmark; BENCHTIME=1x runs each once
	scripts/bench.sh

.PHONY: fuzz
fuzz: ## every fuzz target, FUZZTIME (30s) each
	scripts/fuzz.sh

.PHONY: faults
faults: ## kills, full disks, failing calls, damaged files: the whole campaign of docs/reliability.md, which takes hours
	scripts/faults.sh

.PHONY: lint
lint: ## gofmt, go vet, staticcheck, layers, shellcheck
	scripts/lint.sh

.PHONY: scale-check
scale-check: build-cpu ## what DuckDB lays out by scripts/scale is what stan ingest lays out
	scripts/scale-check.sh duckdb

.PHONY: scale-check-spark
scale-check-spark: build-cpu ## the same for Spark in local mode; needs Java
	scripts/scale-check.sh spark

.PHONY: clean
clean: ## remove what was built; libtorch stays in the user's cache
	rm -rf bin build demo paper cgo/shim/build
