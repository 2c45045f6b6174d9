package evaluate

import "net/netip"

// rule is something that every flow should keep. Real captures break most of them now and then (sampling, broken
// exporters, attacks), so a share is read beside that of real flows.
type rule struct {
	name          string // the measure is rule_NAME
	title         string
	needsInternal bool
	habit         bool // kept or broken as a host's peers and services go, not by the way flows are made
	broken        func(*row) bool
}

// rules are those of the paper, as written there, and some that follow from how flows are exported.
var rules = []rule{
	{"no_internal", "no address is internal", true, false, func(r *row) bool {
		return !r.localInternal && !r.remoteInternal
	}},
	{"web_not_tcp", "port 80 or 443, not TCP", false, true, func(r *row) bool {
		return r.Proto != protoTCP && (r.usesPort(80, 80) || r.usesPort(443, 443))
	}},
	{"dns_not_udp", "port 53, not UDP", false, true, func(r *row) bool {
		return r.Proto != protoUDP && r.usesPort(53, 53)
	}},
	{"source_multicast", "source address is multicast", false, true, func(r *row) bool {
		return r.SrcAddr.IsMulticast()
	}},
	{"source_reserved", "source address is reserved", false, true, func(r *row) bool {
		return reserved(r.SrcAddr)
	}},
	{"netbios_external", "NetBIOS to or from outside", true, true, func(r *row) bool {
		return r.usesPort(137, 139) && !(r.localInternal && r.remoteInternal)
	}},
	{"bytes_paper", "bytes not 41 to 65536 a packet", false, true, func(r *row) bool {
		return r.Bytes < 41*r.Packets || r.Bytes > 65536*r.Packets
	}},
	{"bytes_header", "fewer bytes than the headers hold", false, false, func(r *row) bool {
		return r.Bytes < headerBytes(r)*r.Packets
	}},
	{"bytes_maximum", "more than 65535 bytes a packet", false, false, func(r *row) bool {
		return r.Bytes > 65535*r.Packets
	}},
	{"no_packets", "no packets", false, false, func(r *row) bool { return r.Packets == 0 }},
	{"one_packet_lasts", "one packet, yet a duration", false, false, func(r *row) bool {
		return r.Packets == 1 && r.End != r.Start
	}},
	{"ports_without", "ports, yet a protocol without ports", false, false, func(r *row) bool {
		return !r.hasPorts() && (r.SrcPort != 0 || r.DstPort != 0 && !r.icmp())
	}},
	{"port_zero", "TCP or UDP with port 0", false, false, func(r *row) bool {
		return (r.Proto == protoTCP || r.Proto == protoUDP) && (r.SrcPort == 0 || r.DstPort == 0)
	}},
	{"flags_not_tcp", "TCP flags, yet not TCP", false, false, func(r *row) bool {
		return r.TCPFlags != 0 && r.Proto != protoTCP
	}},
	{"tcp_no_flags", "TCP without a flag", false, false, func(r *row) bool {
		return r.TCPFlags == 0 && r.Proto == protoTCP
	}},
	{"syn_and_end", "one packet with SYN and FIN or RST", false, false, func(r *row) bool {
		return r.Proto == protoTCP && r.Packets == 1 && r.TCPFlags&flagSYN != 0 && r.TCPFlags&(flagFIN|flagRST) != 0
	}},
	{"ip_versions", "both IP versions in one flow", false, false, mixesVersions},
	{"to_itself", "source equals destination", false, false, func(r *row) bool { return r.SrcAddr == r.DstAddr }},
	{"time_back", "time goes back", false, false, func(r *row) bool { return r.gap < 0 || r.End < r.Start }},
}

// TCP flags, as in dataset.Flow.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
)

// headerBytes returns the least bytes of one packet: the IP header, and the fixed part of the TCP, UDP or ICMP header.
func headerBytes(r *row) uint64 {
	ip := uint64(20)
	if r.SrcAddr.Unmap().Is6() {
		ip = 40
	}
	switch {
	case r.Proto == protoTCP:
		return ip + 20
	case r.Proto == protoUDP || r.icmp():
		return ip + 8
	default:
		return ip
	}
}

// mixesVersions reports whether the flow has an address of IPv4 and one of IPv6, or the other version's ICMP.
func mixesVersions(r *row) bool {
	four := r.SrcAddr.Unmap().Is4()
	return four != r.DstAddr.Unmap().Is4() || (r.Proto == protoICMP && !four) || (r.Proto == protoICMPv6 && four)
}

// reserved reports whether no host may send from a: "this network", loopback, class E and broadcast (RFC 1122, RFC 5735);
// for IPv6 the unspecified and the loopback address.
func reserved(a netip.Addr) bool {
	if a = a.Unmap(); a.Is4() {
		first := a.As4()[0]
		return first == 0 || first == 127 || first >= 240
	}
	return a.IsUnspecified() || a.IsLoopback()
}

// ruleTally counts the rows that break each of rules.
type ruleTally struct {
	broken []int64
}

func (t *ruleTally) row(r *row) {
	if t.broken == nil {
		t.broken = make([]int64, len(rules))
	}
	for i := range rules {
		if rules[i].broken(r) {
			t.broken[i]++
		}
	}
}

func (t *ruleTally) add(other *ruleTally) {
	if t.broken == nil {
		t.broken = make([]int64, len(rules))
	}
	for i, n := range other.broken {
		t.broken[i] += n
	}
}

const rulesExcessName = "rules_excess"

func ruleMeasures(internal bool) []measure {
	var all []measure
	for i := range rules {
		if rules[i].needsInternal && !internal {
			continue
		}
		count := func(s *summary) int64 { return s.rules.broken[i] }
		m := excessMeasure("rule_"+rules[i].name, rules[i].title, count, allRows)
		m.tolerance = ruleTolerance
		if rules[i].habit {
			m.tolerance = habitTolerance
		}
		all = append(all, m)
	}
	excess := measure{name: rulesExcessName, title: "mean excess over real", differenceUnit: Share,
		distance: meanDistance(all), tolerance: ruleTolerance, aggregate: true}
	return append(all, excess)
}

func allRows(s *summary) int64 { return s.rows }
