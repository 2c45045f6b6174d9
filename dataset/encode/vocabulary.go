package encode

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
)

// Services is the number of ports with marks of their own in a host's profile.
const Services = 24

// Met is the number of remotes that are remembered of a network.
const Met = 16

// binWidth is how many neighbouring ports share a class where none has one of its own.
const binWidth = 512

// Values is the table of a continuous attribute: exact values that are frequent, and the normaliser of ln(v+1) for the rest.
type Values struct {
	Tick   int64   `json:"tick"` // µs for times, a whole part of a second of which all values are multiples; 1 for counts
	Exact  []int64 `json:"exact"`
	Centre float64 `json:"centre"`
	Scale  float64 `json:"scale"`
	Most   int64   `json:"most"` // largest value that is drawn: the bits of the largest one seen, all set
}

// mostMost bounds Most: bytes of a flow, at most an MTU for each of its packets, stay far from the end of an int64.
const mostMost = 1<<40 - 1

// Vocabulary is what a model knows of values. Each value in it was seen at MinHosts hosts or more, but for the internal networks.
type Vocabulary struct {
	MinHosts int            `json:"min_hosts"`
	Internal []netip.Prefix `json:"internal"`
	Gap      Values         `json:"gap"`
	Duration Values         `json:"duration"`
	Packets  Values         `json:"packets"`
	Bytes    Values         `json:"bytes"`
	Protos   []int          `json:"protos"`
	Flags    []int          `json:"flags"`
	ToS      []int          `json:"tos"`
	// FlagsProtos tells for each class of flags (the last is every other value) the protocols seen with it, a bit set of
	// TCP 1, UDP 2, ICMP 4, others 8, and by 16 that flows of it have several packets.
	FlagsProtos []int    `json:"flags_protos"`
	Labels      []string `json:"labels"`      // the commonest first
	Ports       []int    `json:"ports"`       // ports with a class of their own, ascending
	PortProtos  []int    `json:"port_protos"` // bit set of the protocols seen with each
	ICMPs       []int    `json:"icmps"`       // type*256+code
	ServicePort []int    `json:"service_ports"`
	// Places are the classes of remote addresses, the longest match wins. The first stands for the internal networks, the
	// last two for any IPv4 and any IPv6 address.
	Places []netip.Prefix `json:"places"`
	// PlaceInputs is how many of the addresses among Places have a row of their own in the input table.
	PlaceInputs int `json:"place_inputs"`
	MTU         int `json:"mtu"` // most bytes a packet
	// ShorterReplies is the share of flows of several packets that last less than the flow of the other direction before them in their
	// conversation, of those where that took some time.
	ShorterReplies float64 `json:"shorter_replies"`
	// Returns is the share of remotes drawn from a network that are ones the host has met there: for networks among Places and
	// for any address, by how many there are to come back to, 0 to Met.
	Returns [2][Met + 1]float64 `json:"returns"`
}

// CountReturns sets Returns from rows, and those of them that came back. What few rows tell is mixed with one row of the share
// for one remote less.
func (v *Vocabulary) CountReturns(rows, returns [2][]int64) {
	for kind := range v.Returns {
		for n := 1; n <= Met; n++ {
			v.Returns[kind][n] = (float64(returns[kind][n]) + v.Returns[kind][n-1]) / float64(rows[kind][n]+1)
		}
	}
}

// The last places.
var anyIPv4, anyIPv6 = netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")

// severalPackets is the bit of FlagsProtos beside those of protocols.
const severalPackets = 16

// protoBit is the bit of a protocol in FlagsProtos and PortProtos.
func protoBit(proto uint8) int {
	switch proto {
	case protoTCP:
		return 1
	case protoUDP:
		return 2
	case protoICMP, protoICMPv6:
		return 4
	}
	return 8
}

// Validate checks what a model file claims, so that no table of it can be read beyond its end.
func (v *Vocabulary) Validate() error {
	for name, t := range map[string]Values{"gap": v.Gap, "duration": v.Duration, "packets": v.Packets, "bytes": v.Bytes} {
		switch {
		case t.Tick < 1 || 1e6%t.Tick != 0:
			return fmt.Errorf("vocabulary: %s: tick %d, want a divisor of 1000000", name, t.Tick)
		case !strictlyAscending(t.Exact) || len(t.Exact) > math.MaxUint16-1 || (len(t.Exact) > 0 && t.Exact[0] < 0):
			return fmt.Errorf("vocabulary: %s: exact values do not ascend from 0", name)
		case t.Most < 1 || t.Most > mostMost:
			return fmt.Errorf("vocabulary: %s: most %d, want 1 to %d", name, t.Most, int64(mostMost))
		case !(t.Scale > 0) || math.IsInf(t.Scale, 0) || math.IsNaN(t.Centre) || math.IsInf(t.Centre, 0):
			return fmt.Errorf("vocabulary: %s: centre %g and scale %g, want finite and a positive scale", name, t.Centre, t.Scale)
		}
	}
	for name, list := range map[string][]int{"protos": v.Protos, "flags": v.Flags, "tos": v.ToS} {
		if err := distinct(name, list, 255); err != nil {
			return err
		}
		if len(list) > 255 {
			return fmt.Errorf("vocabulary: %s: %d values, want at most 255", name, len(list))
		}
	}
	for name, sets := range map[string]struct {
		list []int
		most int
	}{"flags_protos": {v.FlagsProtos, 2*severalPackets - 1}, "port_protos": {v.PortProtos, severalPackets - 1}} {
		if i := slices.IndexFunc(sets.list, func(x int) bool { return x < 0 || x > sets.most }); i >= 0 {
			return fmt.Errorf("vocabulary: %s: set %d, want 0 to %d", name, sets.list[i], sets.most)
		}
	}
	for name, list := range map[string][]int{"ports": v.Ports, "icmps": v.ICMPs, "service_ports": v.ServicePort} {
		if err := distinct(name, list, 65535); err != nil {
			return err
		}
	}
	for _, shares := range v.Returns {
		if i := slices.IndexFunc(shares[:], func(x float64) bool { return !(x >= 0 && x < 1) }); i >= 0 || shares[0] != 0 {
			return fmt.Errorf("vocabulary: returns: shares %v, want 0 to less than 1, and 0 where there is no remote", shares)
		}
	}
	switch {
	case len(v.FlagsProtos) != len(v.Flags)+1:
		return fmt.Errorf("vocabulary: flags_protos: %d entries, want %d", len(v.FlagsProtos), len(v.Flags)+1)
	case len(v.PortProtos) != len(v.Ports):
		return fmt.Errorf("vocabulary: port_protos: %d entries, want %d", len(v.PortProtos), len(v.Ports))
	case len(v.Ports) >= binWidth: // so many could leave a class of neighbours without a port
		return fmt.Errorf("vocabulary: ports: %d entries, want fewer than %d", len(v.Ports), binWidth)
	case len(v.ICMPs) > 16384:
		return fmt.Errorf("vocabulary: icmps: %d entries, want at most 16384", len(v.ICMPs))
	case len(v.ServicePort) > Services:
		return fmt.Errorf("vocabulary: service_ports: %d entries, want at most %d", len(v.ServicePort), Services)
	case len(v.Labels) < 1 || len(v.Labels) > 255:
		return fmt.Errorf("vocabulary: labels: %d entries, want 1 to 255", len(v.Labels))
	case len(v.Internal) == 0:
		return fmt.Errorf("vocabulary: internal: no network, want at least 1")
	case len(v.Places) < 3:
		return fmt.Errorf("vocabulary: places: %d entries, want at least 3", len(v.Places))
	case v.Places[len(v.Places)-2] != anyIPv4 || v.Places[len(v.Places)-1] != anyIPv6:
		return fmt.Errorf("vocabulary: places: the last are %v, want %v and %v", v.Places[len(v.Places)-2:], anyIPv4, anyIPv6)
	case v.PlaceInputs < 0 || v.PlaceInputs > len(v.Places):
		return fmt.Errorf("vocabulary: place_inputs: %d, want 0 to %d", v.PlaceInputs, len(v.Places))
	case !(v.ShorterReplies >= 0 && v.ShorterReplies <= 1):
		return fmt.Errorf("vocabulary: shorter_replies: %g, want 0 to 1", v.ShorterReplies)
	case v.MTU < 28 || v.MTU > 65535:
		return fmt.Errorf("vocabulary: mtu: %d, want 28 to 65535", v.MTU)
	}
	for _, p := range slices.Concat(v.Internal, v.Places) {
		if !p.IsValid() || p != p.Masked() {
			return fmt.Errorf("vocabulary: places: %q is no network", p)
		}
	}
	return nil
}

func strictlyAscending(s []int64) bool {
	for i := 1; i < len(s); i++ {
		if s[i] <= s[i-1] {
			return false
		}
	}
	return true
}

func distinct(name string, list []int, most int) error {
	seen := make(map[int]bool, len(list))
	for _, x := range list {
		if x < 0 || x > most || seen[x] {
			return fmt.Errorf("vocabulary: %s: value %d is out of 0 to %d or repeated", name, x, most)
		}
		seen[x] = true
	}
	return nil
}

// Bins are the ports without a class of their own, in classes of neighbours. Start has one element more than there are bins.
func (v *Vocabulary) Bins() (ports []uint16, start []int32) {
	exact := make(map[int]bool, len(v.Ports))
	for _, p := range v.Ports {
		exact[p] = true
	}
	for low := 0; low < 65536; low += binWidth {
		start = append(start, int32(len(ports)))
		for p := low; p < low+binWidth; p++ {
			if !exact[p] {
				ports = append(ports, uint16(p))
			}
		}
	}
	return ports, append(start, int32(len(ports)))
}

// FirstBin is the port class of the lowest bin; before it are "no port" and the exact ports.
func (v *Vocabulary) FirstBin() int { return 1 + len(v.Ports) }

// FirstICMP is the port class of the first exact ICMP type and code; after those is "any other".
func (v *Vocabulary) FirstICMP() int { return v.FirstBin() + 65536/binWidth }

// PortClasses is the number of port classes.
func (v *Vocabulary) PortClasses() int { return v.FirstICMP() + len(v.ICMPs) + 1 }

// PortClass is the class of every TCP or UDP port.
func (v *Vocabulary) PortClass() []uint16 {
	class := make([]uint16, 65536)
	for p := range class {
		class[p] = uint16(v.FirstBin() + p/binWidth)
	}
	for i, p := range v.Ports {
		class[p] = uint16(1 + i)
	}
	return class
}

// placeKinds are the rows of the input table for places without one of their own: the internal networks, IPv6, any, and
// then one for each first octet.
const placeKinds = 3 + 256

// PlaceBuckets is the row of the input table for each place, and the number of rows.
func (v *Vocabulary) PlaceBuckets() (bucket []int32, rows int) {
	bucket = make([]int32, len(v.Places))
	for i, p := range v.Places {
		switch {
		case i == 0:
			bucket[i] = 0
		case i <= v.PlaceInputs:
			bucket[i] = int32(placeKinds + i - 1)
		case p.Bits() == 0:
			bucket[i] = 2
		case p.Addr().Is4():
			bucket[i] = 3 + int32(p.Addr().As4()[0])
		default:
			bucket[i] = 1
		}
	}
	return bucket, placeKinds + v.PlaceInputs
}

// PlaceBits is the prefix length of each place among 128 bits; the internal networks count as one of their total size.
func (v *Vocabulary) PlaceBits() []uint8 {
	out := make([]uint8, len(v.Places))
	for i, p := range v.Places {
		out[i] = uint8(bits128(p))
	}
	size := 0.0
	for _, p := range v.Internal {
		size += math.Exp2(float64(128 - bits128(p)))
	}
	out[0] = uint8(128 - math.Round(math.Log2(size)))
	return out
}

func bits128(p netip.Prefix) int {
	if p.Addr().Is4() {
		return 96 + p.Bits()
	}
	return p.Bits()
}
