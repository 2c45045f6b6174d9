package evaluate

import (
	"net/netip"
	"time"

	"stan/dataset"
)

// IANA protocol numbers that rules speak of.
const (
	protoICMP    = 1
	protoTCP     = 6
	protoUDP     = 17
	protoDCCP    = 33
	protoICMPv6  = 58
	protoSCTP    = 132
	protoUDPLite = 136
)

const (
	microsPerMilli = 1_000
	microsPerHour  = 3_600_000_000
	hoursPerDay    = 24
)

// row is a flow as its host saw it.
type row struct {
	dataset.Flow
	out            bool // the host sent it
	remote         netip.Addr
	localPort      uint16
	remotePort     uint16
	localInternal  bool // false where the internal networks are unknown
	remoteInternal bool
	first          bool  // the host's first row: it has no gap and no row before it
	gap            int64 // µs from the end of the row before to the end of this one
}

// set fills r from f and from the row before it in the stream, nil for the host's first.
func (r *row) set(f *dataset.Flow, before *row, internal []netip.Prefix) {
	*r = row{Flow: *f, out: f.Outbound(), remote: f.Remote(), first: before == nil}
	r.localPort, r.remotePort = f.DstPort, f.SrcPort
	if r.out {
		r.localPort, r.remotePort = f.SrcPort, f.DstPort
	}
	for _, network := range internal {
		r.localInternal = r.localInternal || network.Contains(f.Host)
		r.remoteInternal = r.remoteInternal || network.Contains(r.remote)
	}
	if before != nil {
		r.gap = f.End - before.End
	}
}

// hour returns the hour of the day, UTC, in which the flow ended.
func (r *row) hour() int {
	return int(((hourOf(r.End) % hoursPerDay) + hoursPerDay) % hoursPerDay)
}

// timeOf returns t, in µs, as a time in UTC.
func timeOf(t int64) time.Time { return time.UnixMicro(t).UTC() }

// hourOf returns the number of the hour since 1970 that holds the time t, in µs; t may lie before.
func hourOf(t int64) int64 {
	if t < 0 {
		return (t+1)/microsPerHour - 1
	}
	return t / microsPerHour
}

func (r *row) icmp() bool { return r.Proto == protoICMP || r.Proto == protoICMPv6 }

func (r *row) hasPorts() bool {
	switch r.Proto {
	case protoTCP, protoUDP, protoDCCP, protoSCTP, protoUDPLite:
		return true
	}
	return false
}

// usesPort reports whether either end of the flow is one of the ports from first to last.
func (r *row) usesPort(first, last uint16) bool {
	return !r.icmp() && (first <= r.SrcPort && r.SrcPort <= last || first <= r.DstPort && r.DstPort <= last)
}

// conversation names the two ends of a flow, whichever of them sent it, among the rows of one host.
type conversation struct {
	remote                netip.Addr
	localPort, remotePort uint16
	proto                 uint8
}

func (r *row) conversation() conversation {
	return conversation{r.remote, r.localPort, r.remotePort, r.Proto}
}
