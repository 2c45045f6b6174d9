#!/usr/bin/env python3
"""Check that a folder of flows holds exactly the flows of UGR'16 CSV files, with another reader than stan's own.

    python3 -m venv venv && venv/bin/pip install pyarrow duckdb
    venv/bin/python scripts/check_parquet.py FOLDER CIDR[,CIDR] CSV.gz...

pyarrow reads the Parquet files, Python's csv module the captures; the rows of every host are compared in order, value by
value, and so are the manifest's row counts and digests. If duckdb is installed, its count and its sums must agree too.
"""

import collections
import csv
import datetime
import gzip
import hashlib
import ipaddress
import json
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq

PROTOCOLS = {"ICMP": 1, "IGMP": 2, "IPIP": 4, "TCP": 6, "UDP": 17, "IPv6": 41, "GRE": 47, "ESP": 50, "AH": 51}
FLAGS = "UAPRSF"
SCHEMA = pa.schema([
    pa.field("host", pa.string(), False),
    pa.field("start", pa.timestamp("us", "UTC"), False),
    pa.field("end", pa.timestamp("us", "UTC"), False),
    pa.field("duration", pa.float64(), False),
    pa.field("src_addr", pa.string(), False),
    pa.field("dst_addr", pa.string(), False),
    pa.field("src_port", pa.uint16(), False),
    pa.field("dst_port", pa.uint16(), False),
    pa.field("proto", pa.uint8(), False),
    pa.field("tcp_flags", pa.uint8(), False),
    pa.field("tos", pa.uint8(), False),
    pa.field("packets", pa.uint64(), False),
    pa.field("bytes", pa.uint64(), False),
    pa.field("label", pa.string(), True),
])


def expected(paths, networks):
    """Return {host: [row]}, each host's rows sorted by end; equal ends stay in input order."""
    inside = {}
    hosts = collections.defaultdict(list)
    for path in sorted(paths):
        with gzip.open(path, "rt", newline="") as file:
            for line in csv.reader(file):
                if line[0] == "te":
                    continue
                te, td, sa, da, sp, dp, pr, flg, _, stos, pkt, byt, label = line
                end = datetime.datetime.strptime(te, "%Y-%m-%d %H:%M:%S").replace(tzinfo=datetime.timezone.utc)
                millis = int(float(td) * 1000 + 0.5)
                flags = sum(32 >> i for i, letter in enumerate(FLAGS) if flg[i] == letter)
                row = (end - datetime.timedelta(milliseconds=millis), end, millis / 1000, sa, da, int(sp), int(dp),
                       PROTOCOLS[pr], flags, int(stos), int(pkt), int(byt), label)
                for address in {sa, da}:
                    if address not in inside:
                        inside[address] = any(ipaddress.ip_address(address) in network for network in networks)
                    if inside[address]:
                        hosts[address].append(row)
    for rows in hosts.values():
        rows.sort(key=lambda row: row[1])
    return hosts


def check_file(folder, info, want):
    path = folder / info["path"]
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == info["sha256"], f"{path}: digest"
    assert len(content) == info["bytes"], f"{path}: size"
    file = pq.ParquetFile(path)
    assert file.schema_arrow.equals(SCHEMA), f"{path}: schema\n{file.schema_arrow}\nwant\n{SCHEMA}"
    assert file.metadata.num_rows == info["rows"], f"{path}: rows"
    for group in range(file.num_row_groups):
        column = file.metadata.row_group(group).column(0)
        assert column.compression == "ZSTD" and column.has_dictionary_page, f"{path}: host is no zstd dictionary"
    table = file.read().to_pydict()
    assert table["host"] == sorted(table["host"]), f"{path}: hosts out of order"
    got = collections.defaultdict(list)
    for row in zip(*table.values()):
        got[row[0]].append(row[1:])
    assert len(got) == info["hosts"], f"{path}: hosts"
    for host, rows in got.items():
        assert rows == want.pop(host), f"{path}: rows of {host} differ"


def check_duckdb(folder, want):
    try:
        import duckdb
    except ImportError:
        return "without duckdb"
    query = f"SELECT count(*), sum(bytes), sum(packets), count(DISTINCT host) FROM '{folder}/*/*.parquet'"
    got = duckdb.sql(query).fetchall()[0]
    assert got == want, f"duckdb: {got}, want {want}"
    return "with duckdb " + duckdb.__version__


def main():
    folder, networks = pathlib.Path(sys.argv[1]), [ipaddress.ip_network(n) for n in sys.argv[2].split(",")]
    manifest = json.loads((folder / "_manifest.json").read_text())
    assert (folder / "_SUCCESS").exists()
    want = expected(sys.argv[3:], networks)
    rows = [row for host in want.values() for row in host]
    sums = (len(rows), sum(row[11] for row in rows), sum(row[10] for row in rows), len(want))
    assert manifest["rows"] == len(rows) and manifest["hosts"] == len(want), "manifest: rows or hosts"
    for info in manifest["files"]:
        check_file(folder, info, want)
    assert not want, f"hosts missing: {sorted(want)}"
    print(f"equal: {sums[0]} rows of {sums[3]} hosts, pyarrow {pa.__version__}, {check_duckdb(folder, sums)}")


main()
