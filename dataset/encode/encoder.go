package encode

import (
	"net/netip"
	"slices"

	"stan/dataset"
)

// Encoder encodes streams one after the other. It is not safe for concurrent use.
type Encoder struct {
	v          *Vocabulary
	portClass  []uint16
	icmp       map[uint16]uint16
	proto      [256]uint8
	flags      [256]uint8
	tos        [256]uint8
	label      map[string]uint8
	unlabelled uint8 // class of a label without a class of its own
	internal   []netip.Prefix
	places     map[netip.Prefix]int32
	v4, v6     []int // prefix lengths of places, longest first
	first      int64 // where the clock of a stream starts on its first day
	previous   int64
}

// NewEncoder makes an encoder for flows whose capture starts at first (µs).
func NewEncoder(v *Vocabulary, first int64) *Encoder {
	e := &Encoder{
		v: v, portClass: v.PortClass(), icmp: map[uint16]uint16{}, label: map[string]uint8{},
		internal: v.Internal, places: make(map[netip.Prefix]int32, len(v.Places)), first: first,
	}
	for i, p := range v.ICMPs {
		e.icmp[uint16(p)] = uint16(v.FirstICMP() + i)
	}
	fillBytes(&e.proto, v.Protos)
	fillBytes(&e.flags, v.Flags)
	fillBytes(&e.tos, v.ToS)
	for i, l := range v.Labels {
		e.label[l] = uint8(i)
	}
	e.unlabelled = e.label[""] // the commonest label where every one has a class
	for i, p := range v.Places {
		if i == 0 {
			continue
		}
		e.places[p] = int32(i)
		lengths := &e.v6
		if p.Addr().Is4() {
			lengths = &e.v4
		}
		if !slices.Contains(*lengths, p.Bits()) {
			*lengths = append(*lengths, p.Bits())
		}
	}
	slices.SortFunc(e.v4, func(a, b int) int { return b - a })
	slices.SortFunc(e.v6, func(a, b int) int { return b - a })
	return e
}

// fillBytes sets the class of each value, len(known) for those not known.
func fillBytes(class *[256]uint8, known []int) {
	for i := range class {
		class[i] = uint8(len(known))
	}
	for i, x := range known {
		class[x] = uint8(i)
	}
}

// Begin starts the stream of a host whose first row is f.
func (e *Encoder) Begin(f *dataset.Flow) {
	e.previous = StreamStart(f.End, e.first)
}

const dayMicros = 24 * 3600 * 1_000_000

// Midnight is the start of the UTC day of a time in µs.
func Midnight(us int64) int64 {
	d := us % dayMicros
	if d < 0 {
		d += dayMicros
	}
	return us - d
}

// StreamStart is where the clock of a stream starts whose first row ends at end, in a capture that starts at first.
func StreamStart(end, first int64) int64 { return max(Midnight(end), min(first, end)) }

// Encode appends the rows of flows, the next ones of the stream.
func (e *Encoder) Encode(rows []Row, flows []dataset.Flow) []Row {
	for i := range flows {
		rows = append(rows, e.row(&flows[i]))
	}
	return rows
}

func (e *Encoder) row(f *dataset.Flow) Row {
	v := e.v
	r := Row{
		End: f.End, Gap: ticks(f.End-e.previous, v.Gap.Tick), Duration: ticks(f.End-f.Start, v.Duration.Tick),
		Packets: int64(min(f.Packets, 1<<62)), Bytes: int64(min(f.Bytes, 1<<62)), Proto: f.Proto, Flags: f.TCPFlags, ToS: f.ToS,
	}
	e.previous = f.End
	remote := f.Remote()
	r.Addr = words(remote)
	r.Place = e.place(remote)
	if f.Outbound() {
		r.Outbound = 1
		r.LocalPort, r.RemotePort = f.SrcPort, f.DstPort
	} else {
		r.LocalPort, r.RemotePort = f.DstPort, f.SrcPort
	}
	switch {
	case isICMP(f.Proto):
		r.LocalPort, r.RemotePort = 0, f.DstPort
		r.RemotePortClass = uint16(v.PortClasses() - 1)
		if c, ok := e.icmp[f.DstPort]; ok {
			r.RemotePortClass = c
		}
	case hasPorts(f.Proto):
		r.LocalPortClass, r.RemotePortClass = e.portClass[r.LocalPort], e.portClass[r.RemotePort]
	default:
		r.LocalPort, r.RemotePort = 0, 0
	}
	r.GapAtom, r.DurationAtom = v.Gap.atom(r.Gap), v.Duration.atom(r.Duration)
	r.PacketsAtom, r.BytesAtom = v.Packets.atom(r.Packets), v.Bytes.atom(r.Bytes)
	r.ProtoClass, r.FlagsClass, r.ToSClass = e.proto[f.Proto], e.flags[f.TCPFlags], e.tos[f.ToS]
	var known bool
	if r.Label, known = e.label[f.Label]; !known {
		r.Label = e.unlabelled
	}
	return r
}

// atom is the index of v among the exact values, their number if it is none of them.
func (t *Values) atom(v int64) uint16 {
	if i, ok := slices.BinarySearch(t.Exact, v); ok {
		return uint16(i)
	}
	return uint16(len(t.Exact))
}

// Internal tells whether an address is inside the internal networks.
func (v *Vocabulary) IsInternal(a netip.Addr) bool {
	return slices.ContainsFunc(v.Internal, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (e *Encoder) place(a netip.Addr) int32 {
	if e.v.IsInternal(a) {
		return 0
	}
	lengths := e.v6
	if a.Is4() {
		lengths = e.v4
	}
	for _, bits := range lengths {
		p, _ := a.Prefix(bits) // bits are those of prefixes of a's family
		if i, ok := e.places[p]; ok {
			return i
		}
	}
	return int32(len(e.v.Places) - 1)
}
