"""Runs the SQL beside it: UGR'16 captures into the layout of a folder of flows.

    python duckdb_flows.py CAPTURES CIDR[,CIDR] BUCKETS FLOWS

CAPTURES may be a glob; FLOWS is new. The rows of a bucket are sorted at a time: take some gigabytes of them a bucket."""

import pathlib
import shutil
import sys

import duckdb


def main(captures: str, internal: str, buckets: str, flows: str) -> None:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")

    def run(script: str, **variables) -> None:
        for name, value in variables.items():
            connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
        connection.execute(pathlib.Path(__file__).with_name(script).read_text())

    staged = pathlib.Path(flows + ".staged")
    run("ugr16.sql", captures=captures)
    run("stage.sql", internal=internal.split(","), buckets=int(buckets), staged=str(staged))
    for bucket in sorted(staged.iterdir()):
        target = pathlib.Path(flows, bucket.name)
        target.mkdir(parents=True)
        run("sort.sql", unsorted=str(bucket / "*.parquet"), sorted=str(target / "part-00000.parquet"))
    shutil.rmtree(staged)


if __name__ == "__main__":
    main(*sys.argv[1:])
