-- The rows of every host, in buckets, in no order, from any rows of flows: a view or table `captured` with the columns that
-- are selected below, such as ugr16.sql makes. DuckDB; set before it:
--   SET VARIABLE internal = ['10.0.0.0/8'];  SET VARIABLE buckets = 256;  SET VARIABLE staged = 'staged';
-- sort.sql puts each bucket in order afterwards. In one step, by ORDER BY before PARTITION_BY, several threads or a full
-- buffer may cut a host's rows in pieces (seen with DuckDB 2.0.1 on 874,185 flows; stan adopt finds it).

-- An IPv4 address as a number; one of IPv6 is an error. For IPv6 hosts use DuckDB's inet extension, which has to be
-- fetched, and its operator <<= .
CREATE OR REPLACE MACRO ipv4(address) AS
    (split_part(address, '.', 1)::UBIGINT << 24) + (split_part(address, '.', 2)::UBIGINT << 16)
    + (split_part(address, '.', 3)::UBIGINT << 8) + split_part(address, '.', 4)::UBIGINT;

SET VARIABLE networks = [
    {'low': ipv4(split_part(cidr, '/', 1)), 'size': 1::UBIGINT << (32 - split_part(cidr, '/', 2)::INTEGER)}
    FOR cidr IN getvariable('internal')];

CREATE OR REPLACE MACRO is_internal(address) AS
    list_bool_or([ipv4(address) BETWEEN n.low AND n.low + n.size - 1 FOR n IN getvariable('networks')]);

-- A flow between two internal hosts is a row of each; one from a host to itself is one row.
CREATE OR REPLACE TEMP VIEW rows_of_hosts AS
SELECT src_addr AS host, * FROM captured WHERE is_internal(src_addr)
UNION ALL
SELECT dst_addr AS host, * FROM captured WHERE is_internal(dst_addr) AND dst_addr <> src_addr;

COPY (
    SELECT printf('%03d', hash(host) % getvariable('buckets')) AS bucket, host, "start"::TIMESTAMPTZ AS "start", "end"::TIMESTAMPTZ AS "end",
           epoch_us("end" - "start") / 1e6 AS duration, src_addr, dst_addr, src_port, dst_port, proto, tcp_flags, tos,
           packets, bytes, label
    FROM rows_of_hosts
) TO (getvariable('staged')) (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (bucket));
