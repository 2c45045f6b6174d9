-- UGR'16 captures as rows of flows, for stage.sql. DuckDB; set before it:
--   SET VARIABLE captures = 'captures/*.csv.gz';
-- The rules are those of stan ingest: te is the end, on UTC; td is rounded to milliseconds. A line that cannot be read is an
-- error with its number; stan ingest counts such lines, and says which column is wrong.

CREATE OR REPLACE MACRO proto_number(name) AS
    CASE name WHEN 'TCP' THEN 6 WHEN 'UDP' THEN 17 WHEN 'ICMP' THEN 1 WHEN 'ICMP6' THEN 58 WHEN 'IGMP' THEN 2 WHEN 'GRE' THEN 47
              WHEN 'ESP' THEN 50 WHEN 'AH' THEN 51 WHEN 'IPIP' THEN 4 WHEN 'IPv6' THEN 41 WHEN 'SCTP' THEN 132
              ELSE coalesce(try_cast(name AS UTINYINT), error('protocol ' || name || ', want its number')) END;

-- .AP.SF, or hexadecimal where ECE or CWR is set.
CREATE OR REPLACE MACRO flag_number(text) AS
    CASE WHEN text LIKE '0x%' THEN try_cast(text AS UTINYINT)
         ELSE list_sum([32 >> (i - 1) FOR i IN range(1, 7) IF substr(text, i::INTEGER, 1) <> '.']) END;

CREATE OR REPLACE TEMP VIEW captured AS
SELECT te - to_milliseconds(round(td * 1000)::BIGINT) AS "start", te AS "end", sa AS src_addr, da AS dst_addr,
       sp AS src_port, dp AS dst_port, proto_number(pr)::UTINYINT AS proto, coalesce(flag_number(flg), 0)::UTINYINT AS tcp_flags,
       stos AS tos, pkt AS packets, byt AS bytes, nullif(lable, '') AS label
FROM read_csv(getvariable('captures'), header = true, auto_detect = false, delim = ',', columns = {
    te: 'TIMESTAMP', td: 'DOUBLE', sa: 'VARCHAR', da: 'VARCHAR', sp: 'USMALLINT', dp: 'USMALLINT', pr: 'VARCHAR', flg: 'VARCHAR',
    fwd: 'UTINYINT', stos: 'UTINYINT', pkt: 'UBIGINT', byt: 'UBIGINT', lable: 'VARCHAR'});
