package dataset

import (
	"fmt"
	"net/netip"
)

// SchemaVersion is the version of the folder layout and of the columns that this package writes and reads.
const SchemaVersion = 1

// Names that stand in a folder of flows beside its data; readers of other tools skip names that begin with `_`.
const (
	manifestName = "_manifest.json"
	successName  = "_SUCCESS"
)

// rowGroupRows is DuckDB's default: the unit in which readers parallelise.
const rowGroupRows = 122_880

// parquetFlow is a Flow as a Parquet row. Field order is column order. docs/format/flows.md describes every column.
type parquetFlow struct {
	Host     string  `parquet:"host,dict"`
	Start    int64   `parquet:"start,timestamp(microsecond),delta"`
	End      int64   `parquet:"end,timestamp(microsecond),delta"`
	Duration float64 `parquet:"duration,dict"`
	SrcAddr  string  `parquet:"src_addr,dict"`
	DstAddr  string  `parquet:"dst_addr,dict"`
	SrcPort  uint16  `parquet:"src_port"`
	DstPort  uint16  `parquet:"dst_port"`
	Proto    uint8   `parquet:"proto,dict"`
	TCPFlags uint8   `parquet:"tcp_flags,dict"`
	ToS      uint8   `parquet:"tos,dict"`
	Packets  uint64  `parquet:"packets,dict"`
	Bytes    uint64  `parquet:"bytes,dict"`
	Label    string  `parquet:"label,optional,dict"` // "" is null
}

// check returns an error if f cannot be written: the rules that hold for every flow of every source.
func (f *Flow) check() error {
	switch {
	case !f.SrcAddr.IsValid() || !f.DstAddr.IsValid():
		return fmt.Errorf("addresses %v and %v, want both", f.SrcAddr, f.DstAddr)
	case !plain(f.SrcAddr) || !plain(f.DstAddr):
		return fmt.Errorf("addresses %v and %v, want neither zones nor IPv4 in IPv6", f.SrcAddr, f.DstAddr)
	case f.Host != f.SrcAddr && f.Host != f.DstAddr:
		return fmt.Errorf("host %v, want source %v or destination %v", f.Host, f.SrcAddr, f.DstAddr)
	case f.Start < minTime || f.End > maxTime:
		return fmt.Errorf("time %d to %d µs, want within the years 1970 to 9999", f.Start, f.End)
	case f.End < f.Start:
		return fmt.Errorf("end %d µs before start %d µs", f.End, f.Start)
	}
	return nil
}

const (
	minTime = 0                       // 1970-01-01, µs
	maxTime = 253_402_300_799_999_999 // the last µs of 9999
)

// plain reports whether a has neither zone nor an IPv4 address inside IPv6: one spelling an address.
func plain(a netip.Addr) bool { return a.Zone() == "" && !a.Is4In6() }
