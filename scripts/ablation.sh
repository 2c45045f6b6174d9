#!/usr/bin/env bash
# What the parts of the network are worth: trains it without each, generates, judges, and prints a row of Markdown for each.
#
#   scripts/ablation.sh TRAIN VALID OUT [NAME ...]
#
# TRAIN and VALID are folders of flows of different hosts. OUT gets a folder for each NAME, all of them below by default. What
# is there already is not done again, so a run that was stopped goes on. STAN is the program (bin/stan), PYTHON one with what
# scripts/judge.py needs, EPOCHS the passes (3), HOSTS the hosts to generate (40), DEVICE where it trains (cpu), THREADS those of a
# training (1). The minutes are the processor's on the CPU, the clock's on a GPU.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
stan=${STAN:-$here/../bin/stan} python=${PYTHON:-python3} epochs=${EPOCHS:-3} hosts=${HOSTS:-40} device=${DEVICE:-cpu} threads=${THREADS:-1}
[ $# -ge 3 ] || { sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
train=$1 valid=$2 out=$3
shift 3
[ $# -gt 0 ] || set -- full rows-4 rows-8 rows-16 rows-128 without-conversations without-profile without-atoms without-sweeps without-all \
	paper independent

# timed FILE COMMAND... runs a command and leaves its seconds, of the clock and of the processor, in FILE.
timed() {
	local file=$1 TIMEFORMAT='%R %U %S'
	shift
	{ time "$@" 2>&3; } 3>&2 2>"$file.part"
	mv "$file.part" "$file"
}

# options prints what a run has beside what all have.
options() {
	case $1 in
	full) echo "--epochs $epochs" ;;
	rows-4) echo "--epochs $epochs --layers 2" ;;
	rows-8) echo "--epochs $epochs --layers 3" ;;
	rows-16) echo "--epochs $epochs --layers 4" ;;
	rows-128) echo "--epochs $epochs --layers 7" ;;
	without-all) echo "--epochs $epochs --without conversations,profile,atoms,sweeps" ;;
	without-*) echo "--epochs $epochs --without ${1#without-}" ;;
	independent) echo "--arch independent" ;;
	paper) # as long as the full network took
		[ -f "$out/full/train.time" ] || { echo "ablation: paper: no $out/full/train.time, want full before it" >&2; return 2; }
		echo "--arch paper --max-time $(cut -d. -f1 "$out/full/train.time")s" ;;
	*) echo "ablation: run $1, want full, rows-4 to rows-128, without-PART, paper or independent" >&2; return 2 ;;
	esac
}

# of prints the number that follows a title in a file.
of() { awk -v title="$1" 'index($0, title "  ") == 1 { $0 = substr($0, length(title) + 1); print $1; exit }' "$2"; }

echo "| | NLL | rows | no addresses, ports | windows of 5 | no addresses, ports | minutes | weights |"
echo "|---|---|---|---|---|---|---|---|"
for name; do
	dir=$out/$name
	mkdir -p "$dir"
	given=$(options "$name")
	if [ ! -f "$dir/train.time" ]; then
		# shellcheck disable=SC2086 # words of options
		timed "$dir/train.time" "$stan" train --data "$train" --valid "$valid" -o "$dir/model" --device "$device" --threads "$threads" --seed 1 --force $given \
			>"$dir/train.txt" 2>"$dir/train.log"
	fi
	[ -d "$dir/synthetic" ] || "$stan" generate --model "$dir/model" -o "$dir/synthetic" --hosts "$hosts" --start 2016-04-11 --seed 1 \
		--device cpu --threads "$threads" >"$dir/generate.txt" 2>"$dir/generate.log"
	if [ ! -f "$dir/judge.txt" ]; then
		"$python" "$here/judge.py" "$dir/synthetic" "$train" "$valid" >"$dir/judge.part"
		mv "$dir/judge.part" "$dir/judge.txt"
	fi
	"$stan" inspect "$dir/model" >"$dir/model.txt"
	nll=-
	[ "$name" = paper ] || nll=$(of all "$dir/train.txt") # the paper's is of bins of its own and does not compare
	echo "| $name | $nll | $(of rows "$dir/judge.txt") | $(of "rows, no addresses and ports" "$dir/judge.txt")" \
		"| $(of windows "$dir/judge.txt") | $(of "windows, no addresses and ports" "$dir/judge.txt")" \
		"| $(awk -v gpu="$([ "$device" = cpu ] || echo 1)" '{ printf "%.1f", (gpu ? $1 : $2 + $3) / 60 }' "$dir/train.time") | $(of weights "$dir/model.txt") |"
done
