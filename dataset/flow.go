// Package dataset holds the flow schema and everything that reads or writes flows: capture formats, the bucketed
// Parquet layout, the bounded-memory sort between them. It knows nothing of tensors.
package dataset

import (
	"net/netip"
	"time"
)

// Flow is one unidirectional flow record as the host Host saw it (RFC 7011 calls it a flow record). A flow between two
// internal hosts appears once in the stream of each.
type Flow struct {
	Host     netip.Addr // the internal address this stream belongs to; equal to SrcAddr or DstAddr
	Start    int64      // first packet, µs since 1970-01-01 UTC
	End      int64      // last packet, µs since 1970-01-01 UTC; never before Start
	SrcAddr  netip.Addr
	DstAddr  netip.Addr
	SrcPort  uint16 // 0 where the protocol has no ports
	DstPort  uint16 // for ICMP type*256+code, as NetFlow reports it
	Proto    uint8  // IANA protocol number
	TCPFlags uint8  // FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128
	ToS      uint8  // IPv4 type of service or IPv6 traffic class
	Packets  uint64
	Bytes    uint64
	Label    string // ground truth of the source, "" if it has none
}

// Duration returns the time from first to last packet.
func (f *Flow) Duration() time.Duration { return time.Duration(f.End-f.Start) * time.Microsecond }

// Outbound reports whether Host sent the flow. A flow from a host to itself is outbound.
func (f *Flow) Outbound() bool { return f.SrcAddr == f.Host }

// Remote returns the address at the other end from Host.
func (f *Flow) Remote() netip.Addr {
	if f.Outbound() {
		return f.DstAddr
	}
	return f.SrcAddr
}
