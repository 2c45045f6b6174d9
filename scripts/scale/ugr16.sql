-- UGR'16 captures as rows of flows, for stage.sql. DuckDB; set before it:
--   SET VARIABLE captures = 'captures/*.csv.gz';
-- The rules are those of stan ingest: te is the end, on UTC; td is rounded to milliseconds; files may have a header line or
-- none, as the published ones have. A value that cannot be read is an error that quotes it, a line of other columns one with
-- its number; stan ingest counts such lines, and says which column is wrong. fwd is not looked at.

CREATE OR REPLACE MACRO proto_number(name) AS
    CASE name WHEN 'TCP' THEN 6 WHEN 'UDP' THEN 17 WHEN 'ICMP' THEN 1 WHEN 'ICMP6' THEN 58 WHEN 'IGMP' THEN 2 WHEN 'GRE' THEN 47
              WHEN 'ESP' THEN 50 WHEN 'AH' THEN 51 WHEN 'IPIP' THEN 4 WHEN 'IPv6' THEN 41 WHEN 'SCTP' THEN 132
              ELSE coalesce(try_cast(name AS UTINYINT), error('protocol ' || name || ', want its number')) END;

-- .AP.SF, or hexadecimal where ECE or CWR is set.
CREATE OR REPLACE MACRO flag_number(text) AS
    CASE WHEN text LIKE '0x%' THEN try_cast(text AS UTINYINT)
         ELSE list_sum([32 >> (i - 1) FOR i IN range(1, 7) IF substr(text, i::INTEGER, 1) <> '.']) END;

CREATE OR REPLACE TEMP VIEW captured AS
SELECT te::TIMESTAMP - to_milliseconds(round(td::DOUBLE * 1000)::BIGINT) AS "start", te::TIMESTAMP AS "end", sa AS src_addr, da AS dst_addr,
       sp::USMALLINT AS src_port, dp::USMALLINT AS dst_port, proto_number(pr)::UTINYINT AS proto,
       coalesce(flag_number(flg), 0)::UTINYINT AS tcp_flags, stos::UTINYINT AS tos, pkt::UBIGINT AS packets, byt::UBIGINT AS bytes,
       nullif(lable, '') AS label
FROM read_csv(getvariable('captures'), header = false, auto_detect = false, delim = ',', columns = {
    te: 'VARCHAR', td: 'VARCHAR', sa: 'VARCHAR', da: 'VARCHAR', sp: 'VARCHAR', dp: 'VARCHAR', pr: 'VARCHAR', flg: 'VARCHAR',
    fwd: 'VARCHAR', stos: 'VARCHAR', pkt: 'VARCHAR', byt: 'VARCHAR', lable: 'VARCHAR'})
WHERE te IS DISTINCT FROM 'te'; -- a header, which is text
