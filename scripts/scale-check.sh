#!/usr/bin/env bash
# Lays out the same captures by stan and by another engine, and holds the rows of the two against each other:
# scripts/scale-check.sh duckdb|spark. The engines come from PyPI at pinned versions; Spark needs a Java of 17 or later.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

engine=${1:?scale-check: want duckdb or spark}
scripts=$PWD/scripts/scale
internal=42.219.0.0/16 buckets=16

if [[ $engine == spark ]] && ! command -v java >/dev/null; then
	echo "scale-check: java is missing, Spark needs it: apt-get install openjdk-17-jre-headless" >&2
	exit 1
fi
# A folder of its own for each set of pins; what is there is complete.
install() { # install REQUIREMENTS
	local packages
	packages=$PWD/build/python-$(sha256sum "$1" | cut -c1-12)
	if [[ ! -d $packages ]]; then
		rm -rf "$packages.new"
		python3 -m pip install --quiet --disable-pip-version-check --target "$packages.new" -r "$1"
		mv "$packages.new" "$packages"
	fi
	export PYTHONPATH=$packages${PYTHONPATH:+:$PYTHONPATH}
}
install "$scripts/requirements.txt"
if [[ $engine == spark ]]; then install "$scripts/requirements-spark.txt"; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Files of UGR'16 as it is published have no header, those of testdata have one: the check has both.
captures=$work/captures headless=42.219.158.251.csv.gz
mkdir "$captures"
cp testdata/flows/*.csv.gz "$captures"
zcat "testdata/flows/$headless" | tail -n +2 | gzip -1 >"$captures/$headless"
case $engine in
duckdb) python3 "$scripts/duckdb_flows.py" "$captures/*.csv.gz" "$internal" "$buckets" "$work/theirs" ;;
spark) PYSPARK_SUBMIT_ARGS='--master local[2] --driver-memory 1g pyspark-shell' PYSPARK_PYTHON=python3 \
	python3 "$scripts/spark_flows.py" "$captures/*.csv.gz" "$internal" "$buckets" "$work/theirs" ;;
*) echo "scale-check: engine $engine, want duckdb or spark" >&2 && exit 2 ;;
esac
bin/stan adopt --internal "$internal" "$work/theirs"
bin/stan ingest --internal "$internal" --buckets "$buckets" -o "$work/ours" "$captures"
python3 "$scripts/compare_flows.py" "$work/ours" "$work/theirs"
bin/stan inspect "$work/theirs"
bin/stan train --arch independent --data "$work/theirs" -o "$work/model"
echo "scale-check: what $engine laid out is what stan ingest lays out" >&2
