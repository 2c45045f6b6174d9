#!/usr/bin/env bash
# The whole road on the small real flows of testdata, into demo/: ingest, train, generate, evaluate.
# TRAIN_TIME (2m) is how long training may take; everything else is some tens of seconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

started=$SECONDS
step() { # step COMMAND...: shows and runs it
	printf '\n$ %s\n' "$*"
	"$@"
}

scripts/build.sh cpu
rm -rf demo
mkdir demo
internal=42.219.0.0/16

# The files of two of the eight hosts are kept from the model: what it makes is compared with hosts that it has never seen. A ninth
# host is a peer in files of both sides, with 11 flows in the one and 4 in the other.
unseen=(testdata/flows/42.219.153.241.csv.gz testdata/flows/42.219.158.251.csv.gz)
seen=()
for f in testdata/flows/*.csv.gz; do
	[[ " ${unseen[*]} " == *" $f "* ]] || seen+=("$f")
done

step bin/stan ingest --internal $internal -o demo/train "${seen[@]}"
step bin/stan ingest --internal $internal -o demo/unseen "${unseen[@]}"
step bin/stan train --data demo/train -o demo/model --max-time "${TRAIN_TIME:-2m}" --seed 1
step bin/stan generate --model demo/model -o demo/synthetic --hosts 8 --duration 24h --seed 1
step bin/stan evaluate --train demo/train --real demo/unseen --synthetic demo/synthetic --json demo/report.json \
	--html demo/report.html

cat <<END

Done in $((SECONDS - started)) s. What is where:
  demo/train        the real flows of seven hosts, as Parquet
  demo/unseen       those of two hosts that the model has not seen, and 4 of one that it has
  demo/model        the model
  demo/synthetic    the synthetic flows of eight hosts, as Parquet: bucket=NNN/part-*.parquet
  demo/report.html  the comparison above, for a browser
  demo/report.json  the same, for programs
Two minutes of training on seven hosts show that it works, not how good it gets: README.md says how to go on.
END
