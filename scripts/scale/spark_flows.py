"""UGR'16 captures into the layout of a folder of flows, by Spark. The rules are those of ugr16.sql, stage.sql and sort.sql.

    spark-submit spark_flows.py CAPTURES CIDR[,CIDR] BUCKETS FLOWS

Take some gigabytes of rows a bucket: BUCKETS is also the number of tasks that sort and write. Hosts are IPv4 here."""

import ipaddress
import sys

from pyspark.sql import SparkSession

# Text, as a header line is; CAPTURED casts it.
UGR16 = ", ".join(f"{name} STRING" for name in "te td sa da sp dp pr flg fwd stos pkt byt lable".split())

PROTOCOLS = {"TCP": 6, "UDP": 17, "ICMP": 1, "ICMP6": 58, "IGMP": 2, "GRE": 47, "ESP": 50, "AH": 51, "IPIP": 4, "IPv6": 41, "SCTP": 132}

# .AP.SF is a binary number with letters for ones; hexadecimal stands where ECE or CWR is set. A line of te is a header.
CAPTURED = """
SELECT timestamp_micros(unix_micros(CAST(te AS TIMESTAMP)) - CAST(round(CAST(td AS DOUBLE) * 1000) AS BIGINT) * 1000) AS start,
       CAST(te AS TIMESTAMP) AS end, round(CAST(td AS DOUBLE) * 1000) / 1000 AS duration, sa AS src_addr, da AS dst_addr,
       CAST(sp AS INT) AS src_port, CAST(dp AS INT) AS dst_port, CAST(coalesce({protocols}[pr], pr) AS INT) AS proto,
       CAST(CASE WHEN flg LIKE '0x%' THEN conv(substr(flg, 3), 16, 10)
                 ELSE conv(replace(regexp_replace(flg, '[^.]', '1'), '.', '0'), 2, 10) END AS INT) AS tcp_flags,
       CAST(stos AS INT) AS tos, CAST(pkt AS BIGINT) AS packets, CAST(byt AS BIGINT) AS bytes, nullif(lable, '') AS label
FROM lines WHERE NOT te <=> 'te'
"""

# A flow between two internal hosts is a row of each; one from a host to itself is one row.
HOSTS = """
SELECT *, lpad(pmod(xxhash64(host), {buckets}), 3, '0') AS bucket FROM (
    SELECT src_addr AS host, * FROM captured WHERE {source_internal}
    UNION ALL
    SELECT dst_addr AS host, * FROM captured WHERE {destination_internal} AND dst_addr <> src_addr)
"""


def inside(address: str, networks: list[str]) -> str:
    """The condition that the IPv4 address in a column lies in one of the networks."""
    octets = [f"CAST(split_part({address}, '.', {i + 1}) AS BIGINT) * {256 ** (3 - i)}" for i in range(4)]
    ranges = (ipaddress.IPv4Network(network) for network in networks)
    return "(" + " OR ".join(f"{' + '.join(octets)} BETWEEN {int(n[0])} AND {int(n[-1])}" for n in ranges) + ")"


def main(captures: str, internal: str, buckets: str, flows: str) -> None:
    networks, n = internal.split(","), int(buckets)
    spark = SparkSession.builder.appName("flows").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.ansi.enabled", "true")  # a value that is none is an error, not a null
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    spark.read.csv(captures, schema=UGR16, header=False, mode="FAILFAST").createOrReplaceTempView("lines")
    protocols = "map(" + ", ".join(f"'{name}', '{number}'" for name, number in PROTOCOLS.items()) + ")"
    spark.sql(CAPTURED.format(protocols=protocols)).createOrReplaceTempView("captured")
    rows = spark.sql(HOSTS.format(
        buckets=n, source_internal=inside("src_addr", networks), destination_internal=inside("dst_addr", networks)))
    # One task has all rows of a bucket, so a host's are in one file.
    (rows.repartition(n, "bucket").sortWithinPartitions("bucket", "host", "end", "start", "src_addr", "dst_addr", "src_port", "dst_port")
     .write.partitionBy("bucket").option("compression", "zstd").parquet(flows))
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
