-- How many rows of two folders of flows the other one lacks, each counted as often as it occurs. DuckDB; set before it:
--   SET VARIABLE one = 'flows/*/*.parquet';  SET VARIABLE other = 'others/*/*.parquet';

CREATE OR REPLACE MACRO flows_of(files) AS TABLE
SELECT host, epoch_us("start") AS "start", epoch_us("end") AS "end", duration, src_addr, dst_addr, src_port, dst_port, proto, tcp_flags, tos,
       packets, bytes, label
FROM read_parquet(files, hive_partitioning = false);

SELECT (SELECT count(*) FROM flows_of(getvariable('one'))) AS rows,
       (SELECT count(*) FROM (FROM flows_of(getvariable('one')) EXCEPT ALL FROM flows_of(getvariable('other')))) AS only_one,
       (SELECT count(*) FROM (FROM flows_of(getvariable('other')) EXCEPT ALL FROM flows_of(getvariable('one')))) AS only_other;
