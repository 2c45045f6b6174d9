#!/usr/bin/env bash
# The experiments of the STAN paper, into paper/ and docs/paper.md: its networks, its baselines and our default network, on
# its simulated data and on the small real flows of testdata.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

archs=(stan paper paper-small independent chain wpgan)
# Passes over the rows, so that a busy machine does not change what is learned; validation may end them earlier. What counts
# needs one. The paper's networks, 13 of them on flows, take most of the time.
declare -A simulated_epochs=([stan]=20 [paper]=20 [paper-small]=20 [independent]=1 [chain]=1 [wpgan]=120)
declare -A flows_epochs=([stan]=30 [paper]=6 [paper-small]=20 [independent]=1 [chain]=1 [wpgan]=80)
internal=42.219.0.0/16
unseen=(testdata/flows/42.219.153.241.csv.gz testdata/flows/42.219.158.251.csv.gz) # hosts that no model sees
seen=()
for f in testdata/flows/*.csv.gz; do
	[[ " ${unseen[*]} " == *" $f "* ]] || seen+=("$f")
done

scripts/build.sh cpu
rm -rf paper
mkdir -p paper/simulated paper/flows paper/log

# step NAME COMMAND... runs a command, keeps what it says in paper/log/NAME.{out,err}, and its time in paper/steps.tsv.
step() {
	local name=$1 started=$EPOCHREALTIME
	shift
	printf '%s  %s\n' "$(date +%T)" "$*" >&2
	if ! "$@" >"paper/log/$name.out" 2>"paper/log/$name.err"; then
		cat "paper/log/$name.err" >&2
		return 1
	fi
	awk -v name="$name" -v from="$started" -v to="$EPOCHREALTIME" -v command="$*" \
		'BEGIN { printf "%s\t%.1f\t%s\n", name, to - from, command }' >>paper/steps.tsv
}

step simulated-train bin/stan simulate --rows 50000 --seed 1 -o paper/simulated/train
step simulated-unseen bin/stan simulate --rows 20000 --seed 2 -o paper/simulated/unseen
for arch in "${archs[@]}"; do
	step "simulated-$arch-train" bin/stan train --arch "$arch" --data paper/simulated/train -o "paper/simulated/$arch" \
		--epochs "${simulated_epochs[$arch]}"
	step "simulated-$arch-generate" bin/stan generate --model "paper/simulated/$arch" --rows 20000 -o "paper/simulated/$arch-rows"
done

step flows-train bin/stan ingest --internal $internal -o paper/flows/train "${seen[@]}"
step flows-unseen bin/stan ingest --internal $internal -o paper/flows/unseen "${unseen[@]}"
for arch in "${archs[@]}"; do
	step "flows-$arch-train" bin/stan train --arch "$arch" --data paper/flows/train -o "paper/flows/$arch" \
		--epochs "${flows_epochs[$arch]}"
	step "flows-$arch-generate" bin/stan generate --model "paper/flows/$arch" --hosts 8 --rows 20000 -o "paper/flows/$arch-flows"
	step "flows-$arch-evaluate" bin/stan evaluate --train paper/flows/train --real paper/flows/unseen \
		--synthetic "paper/flows/$arch-flows" --json "paper/flows/$arch.json"
done

go run ./scripts/paper paper >paper/paper.md
mv paper/paper.md docs/paper.md
echo "docs/paper.md, after $((SECONDS / 60)) minutes" >&2
