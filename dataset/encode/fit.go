package encode

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"stan/dataset"
	"stan/dataset/internal/lossy"
)

// FitOptions bound what a vocabulary stores.
type FitOptions struct {
	MinHosts int                                // hosts at which a value must have been seen to be stored
	Internal []netip.Prefix                     // the networks of the hosts
	First    int64                              // start of the capture, µs
	NoAtoms  bool                               // store no exact gap, duration, number of packets or of bytes
	Note     func(message string, attrs ...any) // is told what a user should know; may be nil
}

// How many values a vocabulary stores at most.
const (
	mostGaps      = 128
	mostDurations = 192
	mostPackets   = 128
	mostBytes     = 384
	mostPorts     = 256
	mostICMPs     = 32
	mostLabels    = 64
	mostAddresses = 6144
	mostNetworks  = 5120 // of each prefix length
	placeInputs   = 1024
)

// fitter gathers what a vocabulary is made of in one pass.
type fitter struct {
	o                                FitOptions
	gap, duration, packets, bytes    *lossy.Counter[int64]
	protos, flags, tos, ports, icmps *lossy.Counter[int]
	labels                           *lossy.Counter[string]
	addresses, narrow, wide          *lossy.Counter[string] // prefixes as text would be large: packed 17 bytes
	flagsProtos                      map[int]int
	flagsSingle                      map[int]uint64   // flows of one packet by their flags
	portProtos                       [65536][2]uint32 // rows of TCP and of UDP
	portShare                        [65536]float64   // sum over hosts of the share of a host's rows with the port
	hostPorts                        map[int]int      // rows of the current host by port
	hostRows                         int
	gapTick, durationTick            int64
	rows, over1500, over9000         int
	host                             uint32
	current                          netip.Addr
	previous                         int64
	conversations                    map[conversation]lasted // of the current host
	replies, shorter                 int                     // to flows that took some time, of several packets
}

// conversation is a five-tuple as its host sees it.
type conversation struct {
	remote       netip.Addr
	local, other uint16
	proto        uint8
}

// lasted is the last flow of a conversation.
type lasted struct {
	outbound bool
	duration int64 // µs
}

// mostConversations bounds those of a host that are followed at once; beyond it they are followed anew.
const mostConversations = 1 << 16

// addReply counts a flow that answers one of the other direction.
func (f *fitter) addReply(x *dataset.Flow) {
	c := conversation{x.Remote(), x.SrcPort, x.DstPort, x.Proto}
	now := lasted{x.Outbound(), x.End - x.Start}
	if !now.outbound {
		c.local, c.other = c.other, c.local
	}
	if before, met := f.conversations[c]; met && before.outbound != now.outbound && before.duration > 0 && x.Packets > 1 {
		f.replies++
		if now.duration < before.duration {
			f.shorter++
		}
	}
	if len(f.conversations) >= mostConversations {
		clear(f.conversations)
	}
	f.conversations[c] = now
}

// Fit makes a vocabulary of the flows of a training set. A host outside the internal networks is a dataset.ErrInput.
func Fit(batches iter.Seq2[[]dataset.Flow, error], o FitOptions) (*Vocabulary, error) {
	f := &fitter{
		o: o, gap: lossy.New[int64](), duration: lossy.New[int64](), packets: lossy.New[int64](), bytes: lossy.New[int64](),
		protos: lossy.New[int](), flags: lossy.New[int](), tos: lossy.New[int](), ports: lossy.New[int](),
		icmps: lossy.New[int](), labels: lossy.New[string](), addresses: lossy.New[string](), narrow: lossy.New[string](),
		wide: lossy.New[string](), flagsProtos: map[int]int{}, flagsSingle: map[int]uint64{},
		conversations: map[conversation]lasted{}, hostPorts: map[int]int{}, gapTick: 1e6, durationTick: 1e6,
	}
	for flows, err := range batches {
		if err != nil {
			return nil, err
		}
		for i := range flows {
			if flows[i].Host != f.current && !f.internal(flows[i].Host) {
				return nil, fmt.Errorf("encode: host %v: %w: outside the internal networks %v", flows[i].Host, dataset.ErrInput, o.Internal)
			}
			f.add(&flows[i])
		}
	}
	f.endHost()
	return f.vocabulary(), nil
}

// endHost adds the current host's use of ports to that of all.
func (f *fitter) endHost() {
	for p, n := range f.hostPorts {
		f.portShare[p] += float64(n) / float64(f.hostRows)
	}
	clear(f.hostPorts)
	clear(f.conversations)
	f.hostRows = 0
}

// knownLabels are the labels that enough hosts have shown, the commonest first. Where there are others, or none at all, no label
// is one of them: what carried another one must not pass for anything that is known.
func (f *fitter) knownLabels() []string {
	known := f.labels.Top(mostLabels, f.o.MinHosts)
	slices.SortStableFunc(known, func(a, b string) int { return cmp.Compare(f.labels.Rows(b), f.labels.Rows(a)) })
	var rare []string
	rows := uint64(0)
	for _, l := range f.labels.Values() {
		if !slices.Contains(known, l) {
			rare = append(rare, l)
			rows += f.labels.Rows(l)
		}
	}
	if len(rare) > 0 && f.o.Note != nil {
		f.o.Note("labels that few flows or hosts have shown are not learned", "labels", strings.Join(rare[:min(len(rare), 8)], ", "),
			"of", len(rare), "flows", rows, "min_hosts", f.o.MinHosts)
	}
	if (len(rare) > 0 || len(known) == 0) && !slices.Contains(known, "") {
		known = append(known, "")
	}
	return known
}

// servicePorts are the ports that tell what a host is there for: those with the largest share of a host's rows, on average
// over hosts, so that a large host counts no more than a small one.
func (f *fitter) servicePorts() []int {
	ports := f.ports.Top(65536, f.o.MinHosts)
	slices.SortFunc(ports, func(a, b int) int { return cmp.Or(cmp.Compare(f.portShare[b], f.portShare[a]), cmp.Compare(a, b)) })
	ports = ports[:min(Services, len(ports))]
	slices.Sort(ports)
	return ports
}

// Tick is the greatest common divisor: exporters count time in their own unit, such as 4 ms.
func Tick(before, us int64) int64 {
	for us != 0 {
		before, us = us, before%us
	}
	return before
}

func (f *fitter) add(x *dataset.Flow) {
	if x.Host != f.current {
		f.endHost()
		f.host++
		f.current = x.Host
		f.previous = StreamStart(x.End, f.o.First)
	}
	h := f.host
	f.rows++
	f.hostRows++
	gap := max(x.End-f.previous, 0)
	f.previous = x.End
	f.gapTick = Tick(f.gapTick, x.End)
	f.durationTick = Tick(f.durationTick, x.End-x.Start)
	f.gap.Add(gap, h)
	f.duration.Add(x.End-x.Start, h)
	f.packets.Add(int64(min(x.Packets, 1<<62)), h)
	f.bytes.Add(int64(min(x.Bytes, 1<<62)), h)
	f.protos.Add(int(x.Proto), h)
	f.flags.Add(int(x.TCPFlags), h)
	f.flagsProtos[int(x.TCPFlags)] |= protoBit(x.Proto)
	if x.Packets == 1 {
		f.flagsSingle[int(x.TCPFlags)]++
	}
	f.tos.Add(int(x.ToS), h)
	f.labels.Add(x.Label, h)
	switch {
	case hasPorts(x.Proto):
		for _, p := range [2]int{int(x.SrcPort), int(x.DstPort)} {
			f.ports.Add(p, h)
			f.hostPorts[p]++
			f.portProtos[p][protoBit(x.Proto)-1]++
		}
	case isICMP(x.Proto):
		f.icmps.Add(int(x.DstPort), h)
	}
	if x.Packets > 0 {
		if x.Bytes > 1500*x.Packets {
			f.over1500++
		}
		if x.Bytes > 9000*x.Packets {
			f.over9000++
		}
	}
	f.addPlace(x.Remote(), h)
	f.addReply(x)
}

func (f *fitter) internal(a netip.Addr) bool {
	return slices.ContainsFunc(f.o.Internal, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (f *fitter) addPlace(a netip.Addr, host uint32) {
	if f.internal(a) {
		return
	}
	narrow, wide := 48, 32
	if a.Is4() {
		narrow, wide = 24, 16
	}
	f.addresses.Add(packed(netip.PrefixFrom(a, a.BitLen())), host)
	near, _ := a.Prefix(narrow) // bits fit the family
	far, _ := a.Prefix(wide)
	f.narrow.Add(packed(near), host)
	f.wide.Add(packed(far), host)
}

func packed(p netip.Prefix) string {
	b, _ := p.MarshalBinary() // cannot fail for a valid prefix
	return string(b)
}

func prefixes(keys []string) []netip.Prefix {
	out := make([]netip.Prefix, len(keys))
	for i, k := range keys {
		_ = out[i].UnmarshalBinary([]byte(k)) // packed made it
	}
	return out
}

func (f *fitter) vocabulary() *Vocabulary {
	least := f.o.MinHosts
	exact := func(c *lossy.Counter[int64], tick int64, most int) Values {
		if f.o.NoAtoms {
			most = 0
		}
		return values(c, tick, most, least)
	}
	v := &Vocabulary{
		MinHosts: least, Internal: f.o.Internal,
		Gap: exact(f.gap, f.gapTick, mostGaps), Duration: exact(f.duration, f.durationTick, mostDurations),
		Packets: exact(f.packets, 1, mostPackets), Bytes: exact(f.bytes, 1, mostBytes),
		Protos: f.protos.Top(255, least), Flags: f.flags.Top(255, least), ToS: f.tos.Top(255, least),
		Labels: f.knownLabels(), Ports: f.ports.Top(mostPorts, least), ICMPs: f.icmps.Top(mostICMPs, least),
		MTU: 65535, ShorterReplies: float64(f.shorter) / float64(max(f.replies, 1)),
	}
	for _, x := range v.Flags {
		set := f.flagsProtos[x]
		// SYN with FIN takes two packets, but for one flow in a hundred thousand.
		if flows := f.flags.Rows(x); flows >= 100 && f.flagsSingle[x]*1000 <= flows {
			set |= severalPackets
		}
		v.FlagsProtos = append(v.FlagsProtos, set)
	}
	v.FlagsProtos = append(v.FlagsProtos, protoBit(protoTCP))
	for _, p := range v.Ports {
		v.PortProtos = append(v.PortProtos, usual(f.portProtos[p]))
	}
	v.ServicePort = f.servicePorts()
	// A limit that one flow in ten thousand breaks is one that the exporter does not know of.
	switch most := f.rows / 10000; {
	case f.over1500 <= most:
		v.MTU = 1500
	case f.over9000 <= most:
		v.MTU = 9000
	}
	addresses := f.addresses.Top(mostAddresses, least)
	// The commonest addresses come first: they have rows of their own in the input table.
	slices.SortStableFunc(addresses, func(a, b string) int {
		return cmp.Compare(f.addresses.Rows(b), f.addresses.Rows(a))
	})
	v.PlaceInputs = min(placeInputs, len(addresses))
	v.Places = slices.Concat(f.o.Internal[:1], prefixes(addresses), prefixes(f.narrow.Top(mostNetworks, least)),
		prefixes(f.wide.Top(mostNetworks, least)), []netip.Prefix{anyIPv4, anyIPv6})
	return v
}

// rareShare is the share of a port's rows below which a protocol counts as a stray: scans and errors put TCP on port 53 and
// UDP on port 80, which a service does not.
const rareShare = 0.02

// usual is the bit set of the protocols that a port is used with, by its rows of TCP and of UDP.
func usual(rows [2]uint32) (bits int) {
	all := float64(rows[0]) + float64(rows[1])
	for i, bit := range [2]int{protoBit(protoTCP), protoBit(protoUDP)} {
		if rows[i] > 0 && float64(rows[i]) >= rareShare*all {
			bits |= bit
		}
	}
	return bits
}

// values makes the table of a continuous attribute whose counted values are multiples of tick.
func values(c *lossy.Counter[int64], tick int64, most, minHosts int) Values {
	largest := int64(1)<<min(bits.Len64(uint64(c.Max()/tick)), 40) - 1
	v := Values{Tick: tick, Exact: c.Top(most, minHosts), Most: max(largest, 1)}
	for i := range v.Exact {
		v.Exact[i] /= tick
	}
	v.Exact = slices.Compact(v.Exact)
	var n, sum, squares float64
	for _, k := range c.Values() { // in one order, so that sums round in one way
		if _, exact := slices.BinarySearch(v.Exact, k/tick); !exact {
			y, w := math.Log(float64(k/tick)+1), float64(c.Rows(k))
			n += w
			sum += w * y
			squares += w * y * y
		}
	}
	v.Scale = 1
	if n > 0 {
		v.Centre = sum / n
		if variance := squares/n - v.Centre*v.Centre; variance > 1e-4 {
			v.Scale = math.Sqrt(variance)
		}
	}
	return v
}
