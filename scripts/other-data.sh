#!/usr/bin/env bash
# Trains, generates and evaluates on data of other kinds than UGR'16's, all made of it, into build/other-data/:
#
#   scripts/other-data.sh UGR16 [KIND...]
#
# UGR16 holds train/ and valid/, a gzipped CSV a host. Kinds, all of them unless named: cidds (10 hosts, written and read as
# CIDDS-001), ctu13 (bidirectional records as of CTU-13, split), ipv6, mixed (IPv4 and IPv6), attacks (labelled),
# few (4 hosts), table (the paper's simulated one). TRAIN_TIME (3m) is how long each training may take. Needs python3 with
# duckdb for the figures of labels.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ugr=${1:?usage: scripts/other-data.sh UGR16 [KIND...]}
shift
kinds=("$@")
((${#kinds[@]})) || kinds=(cidds ctu13 ipv6 mixed attacks few table)
out=build/other-data
four=42.219.0.0/16 six=2001:db8:2adb::/48

# Hosts of a moderate day: some thirty to learn from, five to compare with.
small() { # small MOST FOLDER: files of at most so many flows
	local f
	for f in "$2"/*.csv.gz; do
		(($(zcat "$f" | wc -l) > $1)) || printf '%s\n' "$f"
	done
}
mapfile -t train < <(small 8500 "$ugr/train")
mapfile -t valid < <(small 11000 "$ugr/valid")
every() { # every N K: each N-th training file from the K-th on
	local i
	for ((i = $2; i < ${#train[@]}; i += $1)); do printf '%s\n' "${train[i]}"; done
}

run() { # run NAME COMMAND...: keeps what it says
	local log=$dir/$1.log
	shift
	printf '%s  %s\n' "$(date +%T)" "$*" >&2
	"$@" >"$log" 2>"$log.err" || { cat "$log.err" >&2; return 1; }
}

for kind in "${kinds[@]}"; do
	dir=$out/$kind
	rm -rf "$dir"
	mkdir -p "$dir"
	internal=$four hosts=12
	seen=("${train[@]}") unseen=("${valid[@]}")
	case $kind in
	table)
		run train.made bin/stan simulate --rows 50000 --seed 1 -o "$dir/train"
		run valid.made bin/stan simulate --rows 20000 --seed 2 -o "$dir/valid"
		;;
	cidds)
		mapfile -t seen < <(every 3 2)
		hosts=10
		bin/stan convert --to cidds "${seen[@]}" "$dir/train.csv"
		bin/stan convert --to cidds "${unseen[@]}" "$dir/valid.csv"
		seen=("$dir/train.csv") unseen=("$dir/valid.csv")
		;;
	few)
		mapfile -t seen < <(every 8 1)
		hosts=8
		;;
	ctu13 | ipv6 | mixed | attacks)
		python3 scripts/other_data.py "$kind" "$dir/train.csv" "${seen[@]}"
		python3 scripts/other_data.py "$kind" "$dir/valid.csv" "${unseen[@]}"
		seen=("$dir/train.csv") unseen=("$dir/valid.csv")
		case $kind in
		ipv6) internal=$six ;;
		mixed) internal=$four,$six ;;
		attacks) hosts=24 ;;
		esac
		;;
	*)
		echo "other-data: no kind $kind" >&2
		exit 2
		;;
	esac
	if [[ $kind == table ]]; then
		generate=(--rows 20000) evaluate=()
	else
		of=$internal
		# Four hosts and no other one that they talk to.
		[[ $kind != few ]] || of=$(basename -s .csv.gz "${seen[@]}" | sed 's,$,/32,' | paste -sd,)
		run train.made bin/stan ingest --internal "$of" -o "$dir/train" "${seen[@]}"
		run valid.made bin/stan ingest --internal "$internal" -o "$dir/valid" "${unseen[@]}"
		generate=(--hosts "$hosts" --start 2016-04-11 --internal "$internal") evaluate=(--sample 20000 --internal "$internal")
	fi
	# Small batches: so short a training has few steps.
	run train bin/stan train --data "$dir/train" -o "$dir/model" --max-time "${TRAIN_TIME:-3m}" --threads 1 --batch 2
	run generate bin/stan generate --model "$dir/model" -o "$dir/synthetic" --threads 1 "${generate[@]}"
	run evaluate bin/stan evaluate --train "$dir/train" --real "$dir/valid" --synthetic "$dir/synthetic" --json "$dir/report.json" \
		"${evaluate[@]}"
	[[ $kind == table ]] || run labels python3 scripts/labels.py "$dir/train" "$dir/valid" "$dir/synthetic"
	cat "$dir/train.log" "$dir/evaluate.log"
done
