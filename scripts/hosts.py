#!/usr/bin/env python3
"""Compares hosts of synthetic flows with real ones, and the days of a long run with each other.

    hosts.py SYNTHETIC REAL [REAL ...]     folders of flows, as stan ingest and stan generate write them
    hosts.py --days SYNTHETIC              one run of several days

The first prints the two-sample Kolmogorov-Smirnov statistic and its p value (scipy) of figures that each host has one of; hosts
that are seen only as the other end of internal flows are left out. The second prints the figures of each UTC day, all hosts
together. Needs duckdb and scipy.
"""
import sys

import duckdb
import scipy.stats

COLUMNS = """host, "end" AS t, duration, proto, tcp_flags, tos, packets, bytes,
    src_addr = host AS outbound,
    CASE WHEN src_addr = host THEN dst_addr ELSE src_addr END AS remote,
    CASE WHEN src_addr = host THEN src_port ELSE dst_port END AS lport,
    CASE WHEN src_addr = host THEN dst_port ELSE src_port END AS rport"""
PER_HOST = {
    "flows": "count(*)",
    "bytes": "sum(bytes)",
    "distinct remotes": "count(DISTINCT remote)",
    "distinct local ports": "count(DISTINCT lport)",
    "distinct remote ports": "count(DISTINCT rport)",
    "share of flows with a new remote": "avg((earlier = 0)::INT)",
    "hour of the middle flow": "median(hour(t) + minute(t) / 60)",
    "distinct durations a flow": "count(DISTINCT duration) / count(*)",
    "distinct bytes a flow": "count(DISTINCT bytes) / count(*)",
}
PER_DAY = {
    "flows": "count(*)",
    "hosts": "count(DISTINCT host)",
    "TCP": "avg((proto = 6)::INT)",
    "UDP": "avg((proto = 17)::INT)",
    "outbound": "avg(outbound::INT)",
    "remote as before": "avg((remote = before)::INT)",
    "new remote": "avg((earlier = 0)::INT)",
    "ln bytes": "avg(ln(bytes))",
    "ln packets": "avg(ln(packets))",
    "duration 0": "avg((duration = 0)::INT)",
    "SYN alone": "avg((tcp_flags = 2)::INT)",
    "night, 0 to 6": "avg((hour(t) < 6)::INT)",
}


def flows(name, folders):
    """Makes the table name of the flows, each with its remote before and how often the remote came earlier that day."""
    files = [f"{f}/*/*.parquet" for f in folders]
    duckdb.sql("SET TimeZone = 'UTC'")
    duckdb.sql(f"""CREATE TABLE {name} AS SELECT *, lag(remote) OVER (PARTITION BY host ORDER BY t) AS before,
        row_number() OVER (PARTITION BY host, remote, t::DATE ORDER BY t) - 1 AS earlier
        FROM (SELECT {COLUMNS} FROM read_parquet({files}))""")


def hosts(name, internal):
    figures = ", ".join(f'{sql} AS "{title}"' for title, sql in PER_HOST.items())
    return duckdb.sql(f"""SELECT {figures} FROM {name} GROUP BY host
        HAVING bool_or(NOT starts_with(remote, '{internal}'))""").fetchnumpy()


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--days":
        flows("run", arguments[1:])
        figures = ", ".join(f'round({sql}, 3) AS "{title}"' for title, sql in PER_DAY.items())
        days = duckdb.sql(f"SELECT t::DATE::VARCHAR AS day, {figures} FROM run GROUP BY 1 ORDER BY 1").fetchnumpy()
        for title, row in days.items():
            print(f"{title:20}", *(f"{str(x):>10}" for x in row))
        return
    if len(arguments) < 2 or arguments[0].startswith("-"):
        sys.exit(__doc__)
    flows("synthetic", arguments[:1])
    flows("real", arguments[1:])
    internal = ".".join(duckdb.sql("SELECT any_value(host) FROM real").fetchall()[0][0].split(".")[:2]) + "."
    synthetic, real = hosts("synthetic", internal), hosts("real", internal)
    print(f"{len(synthetic['flows'])} synthetic and {len(real['flows'])} real hosts")
    for title in PER_HOST:
        a, b = synthetic[title], real[title]
        test = scipy.stats.ks_2samp(a, b)
        print(f"{title:34} median {sorted(a)[len(a) // 2]:14.4g} real {sorted(b)[len(b) // 2]:14.4g}   KS {test.statistic:.2f}  p {test.pvalue:.3f}")


main(sys.argv[1:])
