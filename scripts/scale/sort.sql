-- One bucket that stage.sql wrote, in the order of docs/format/flows.md: a host's rows together, by their end. DuckDB, once
-- for each bucket; set before it:
--   SET VARIABLE unsorted = 'staged/bucket=007/*.parquet';  SET VARIABLE sorted = 'flows/bucket=007/part-00000.parquet';
-- When all are done: stan adopt --internal 10.0.0.0/8 flows

COPY (
    SELECT * FROM read_parquet(getvariable('unsorted'), hive_partitioning = false)
    ORDER BY host, "end", "start", src_addr, dst_addr, src_port, dst_port
) TO (getvariable('sorted')) (FORMAT parquet, COMPRESSION zstd);
