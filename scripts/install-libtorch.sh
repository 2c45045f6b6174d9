#!/usr/bin/env bash
# Puts the pinned libtorch into the user's cache and prints its folder (include/ and lib/) as the only line of stdout.
#
#   scripts/install-libtorch.sh cpu         what the CPU build needs, 0.5 GB
#   scripts/install-libtorch.sh cuda        what the CUDA build needs, 3.6 GB
#   scripts/install-libtorch.sh cuda-link   the part of it that compiling and linking needs; it does not run
#   scripts/install-libtorch.sh nvcc        the CUDA compiler: bin/nvcc, include/, lib/
#
# LIBTORCH=DIR uses the libtorch in DIR instead (a PyTorch's site-packages/torch will do) and fetches nothing.
# Needs no root, changes nothing outside ${XDG_CACHE_HOME:-$HOME/.cache}/stan, and is quick when the folder is there.
# Behind a mirror or without a network, pip's own settings (PIP_INDEX_URL, PIP_FIND_LINKS) say where the wheels are.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/libtorch.env
. "$here/libtorch.env"

say() { printf 'libtorch: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

kind=${1:-cpu}
cache=${XDG_CACHE_HOME:-${HOME:?libtorch: neither XDG_CACHE_HOME nor HOME is set}/.cache}/stan
case $kind in
cpu) pins=$WHEELS_CPU dir=$cache/libtorch-$LIBTORCH_VERSION-cpu ;;
cuda) pins=$WHEELS_CPU$WHEELS_CUDA dir=$cache/libtorch-$LIBTORCH_VERSION-cuda ;;
cuda-link) pins=$WHEELS_CPU dir=$cache/libtorch-$LIBTORCH_VERSION-cuda-link ;;
nvcc) pins=$WHEELS_NVCC dir=$cache/nvcc-$CUDA_VERSION ;;
*) die "unknown kind \"$kind\", want cpu, cuda, cuda-link or nvcc" ;;
esac

if [[ -n ${LIBTORCH:-} && $kind != nvcc ]]; then
	for f in include/ATen/ATen.h lib/libtorch_cpu.so; do
		[[ -e $LIBTORCH/$f ]] || die "LIBTORCH=$LIBTORCH: $f is missing, want the folder of a libtorch or of PyTorch's torch package"
	done
	(cd "$LIBTORCH" && pwd)
	exit
fi

# A folder made from other pins or by another selection of files is made again.
stamp=$(sha256sum <<<"$LAYOUT $pins" | cut -d' ' -f1)
present() { [[ $(cat "$dir/.stamp" 2>/dev/null) == "$stamp" ]]; }
if present; then
	echo "$dir"
	exit
fi

command -v python3 >/dev/null || die "python3 is missing: install the packages python3 and python3-pip"
mkdir -p "$cache" || die "cannot write to $cache: set XDG_CACHE_HOME to a folder that you may write to"

# One installer at a time; the kernel drops the lock when this shell ends, however it ends.
exec 9>"$cache/.lock"
if ! flock -n 9; then
	say "waiting for another installation to finish"
	flock 9
fi
if present; then
	echo "$dir"
	exit
fi

tmp=$(mktemp -d "$cache/.install-XXXXXX")
trap 'rm -rf "$tmp"' EXIT
# Whatever an interrupted run left behind; the lock says that none is running.
find "$cache" -maxdepth 1 -name '.install-*' ! -path "$tmp" -exec rm -rf {} +

# pip, or the one that a virtual environment brings.
pip=(python3 -m pip)
if ! "${pip[@]}" --version >/dev/null 2>&1; then
	python3 -m venv "$tmp/venv" >/dev/null 2>&1 || die "pip is missing: install the package python3-pip (or python3-venv)"
	pip=("$tmp/venv/bin/python" -m pip)
fi

platforms=()
for glibc in 2_28 2_27 2_25 2_24 2_18 2_17 2_12; do
	platforms+=(--platform "manylinux_${glibc}_x86_64")
done
platforms+=(--platform manylinux2014_x86_64 --platform manylinux2010_x86_64 --platform manylinux1_x86_64)

while read -r name sha mb; do
	[[ -n $name ]] || continue
	say "fetching $name ($mb MB)"
	# --require-hashes makes pip itself refuse any file but the pinned one.
	echo "$name --hash=sha256:$sha" >"$tmp/pin.txt"
	"${pip[@]}" download --disable-pip-version-check --no-cache-dir --no-deps --only-binary=:all: --require-hashes \
		--python-version "$WHEEL_PYTHON" --implementation cp --abi "cp${WHEEL_PYTHON/./}" --abi abi3 --abi none \
		"${platforms[@]}" -d "$tmp/wheels/$name" -r "$tmp/pin.txt" >&2 ||
		die "cannot fetch $name: pip's message is above; LIBTORCH=DIR uses a libtorch that is already on this machine"
	got=$(cat "$tmp/wheels/$name/"*.whl | sha256sum | cut -d' ' -f1)
	[[ $got == "$sha" ]] || die "$name: checksum is $got, want $sha"
done <<<"$pins"

say "unpacking into $dir"
python3 "$here/unpack_wheels.py" "$kind" "$tmp/out" "$tmp"/wheels/*/*.whl >&2
echo "$stamp" >"$tmp/out/.stamp"
# The rename makes the folder appear whole or not at all; an older one steps aside first.
if [[ -e $dir ]]; then mv "$dir" "$tmp/old"; fi
mv "$tmp/out" "$dir"
say "done: $(du -sh "$dir" | cut -f1) in $dir"
echo "$dir"
