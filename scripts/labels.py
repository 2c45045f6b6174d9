#!/usr/bin/env python3
"""Prints what the flows of each label look like, set beside set.

    labels.py SET [SET ...]     folders of flows, as stan ingest and stan generate write them

For each label: its share of the flows, the share of hosts that have it, and of its flows the shares of the commonest protocol,
TCP flags and ports (in the first set), of those that the host sent, of those of one packet, and the medians of packets, of bytes
a packet and of the gap to the flow before. Needs duckdb.
"""
import sys

import duckdb

FLOWS = """SELECT *, epoch("end" - lag("end") OVER (PARTITION BY host ORDER BY "end")) AS gap,
    coalesce(label, '') AS kind, src_addr = host AS outbound,
    CASE WHEN src_addr = host THEN src_port ELSE dst_port END AS lport,
    CASE WHEN src_addr = host THEN dst_port ELSE src_port END AS rport
    FROM read_parquet('{}/*/*.parquet')"""


def main(sets):
    if not sets or sets[0].startswith("-"):
        sys.exit(__doc__)
    for i, folder in enumerate(sets):
        duckdb.sql(f"CREATE TABLE set{i} AS {FLOWS.format(folder)}")
    labels = duckdb.sql("SELECT kind FROM set0 GROUP BY 1 ORDER BY count(*) DESC LIMIT 12").fetchall()
    for (label,) in labels:
        modes = duckdb.execute("SELECT mode(proto), mode(tcp_flags), mode(lport), mode(rport) FROM set0 WHERE kind = ?", [label]).fetchone()
        print(f"{label or '(none)'}: protocol {modes[0]}, flags {modes[1]}, local port {modes[2]}, remote port {modes[3]}")
        for i, folder in enumerate(sets):
            row = duckdb.execute(f"""SELECT count(*) / (SELECT count(*) FROM set{i}),
                count(DISTINCT host) / (SELECT count(DISTINCT host) FROM set{i}), avg((proto = $2)::INT), avg((tcp_flags = $3)::INT),
                avg((lport = $4)::INT), avg((rport = $5)::INT), avg(outbound::INT), avg((packets = 1)::INT),
                median(packets), median(bytes / packets), median(gap) FROM set{i} WHERE kind = $1""", [label, *modes]).fetchone()
            names = "flows hosts protocol flags lport rport sent single packets bytes/p gap".split()
            print(f"  {folder:40}", *(f"{n} {'-' if x is None else format(x, '.4g')}" for n, x in zip(names, row)))


if __name__ == "__main__":
    main(sys.argv[1:])
