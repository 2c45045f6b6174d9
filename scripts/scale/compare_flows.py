"""Exits with 1 unless two folders of flows hold the same rows: python compare_flows.py FLOWS OTHERS"""

import pathlib
import sys

import duckdb

connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
for name, folder in zip(("one", "other"), sys.argv[1:], strict=True):
    connection.execute(f"SET VARIABLE {name} = $value", {"value": folder + "/*/*.parquet"})
rows, only_one, only_other = connection.execute(pathlib.Path(__file__).with_name("compare.sql").read_text()).fetchone()
print(f"{rows} rows, of which {only_one} only in {sys.argv[1]}; {only_other} only in {sys.argv[2]}")
sys.exit(rows == 0 or only_one + only_other > 0)
