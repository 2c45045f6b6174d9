"""Runs the SQL beside it: UGR'16 captures into the layout of a folder of flows.

    python duckdb_flows.py CAPTURES CIDR[,CIDR] BUCKETS FLOWS

CAPTURES may be a glob. Any program that runs DuckDB's SQL does as well: the three settings are variables."""

import pathlib
import sys

import duckdb

captures, internal, buckets, flows = sys.argv[1:]
connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
for name, value in {"captures": captures, "internal": internal.split(","), "buckets": int(buckets), "flows": flows}.items():
    connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
for script in "ugr16.sql", "layout.sql":
    connection.execute(pathlib.Path(__file__).with_name(script).read_text())
