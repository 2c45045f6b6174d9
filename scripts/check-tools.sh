#!/usr/bin/env bash
# Checks that what a build needs is installed, and names the package of Debian and Ubuntu where it is not.
set -euo pipefail

missing=()
need() { # need PACKAGE COMMAND...
	local package=$1 command
	shift
	for command; do
		command -v "$command" >/dev/null || missing+=("$command: install the package $package")
	done
}
need g++ g++
need make make
need binutils ld
need git git
need python3 python3
need coreutils sha256sum mktemp
need util-linux flock
need findutils find

if command -v python3 >/dev/null && ! python3 -m pip --version >/dev/null 2>&1 &&
	! python3 -c 'import ensurepip' >/dev/null 2>&1; then
	missing+=("pip: install the package python3-pip")
fi

# go.mod's version; an older go since 1.21 fetches that toolchain by itself, unless it is told not to.
want=$(sed -n 's/^go //p' go.mod)
if ! command -v go >/dev/null; then
	missing+=("go: install the package golang (if it is $want or newer) or Go from https://go.dev/dl")
elif ! message=$(go version 2>&1); then
	missing+=("go $want: $message; install Go from https://go.dev/dl")
fi

if [[ $(uname -s)-$(uname -m) != Linux-x86_64 ]]; then
	missing+=("Linux on x86-64: this is $(uname -s) on $(uname -m), for which no libtorch is pinned; LIBTORCH=DIR may name one")
fi

if ((${#missing[@]})); then
	echo "check-tools: this machine lacks:" >&2
	printf '  %s\n' "${missing[@]}" >&2
	exit 1
fi
