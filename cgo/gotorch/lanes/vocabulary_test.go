package lanes_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
)

// Heads in the order of cgo/shim/lanes/heads.h.
const (
	gap = iota
	label
	conversation
	peer
	region
	place
	direction
	protocol
	localPort
	remotePort
	flags
	tos
	repeat
	packets
	bytes
	duration
	heads
)

const (
	tcp, udp, icmp, gre = 6, 17, 1, 47

	second = int64(1_000_000)
	hour   = 3600 * second
	day    = 24 * hour

	labelMark = 85 // of the second label, in a plan

	portBins = 128
	binWidth = 65536 / portBins
	met      = 16   // remotes remembered of a network
	none     = -100 // the target of an attribute that is not drawn
)

// row has the layout of stan::Row.
type row struct {
	End, Gap, Duration, Packets, Bytes      int64
	Addr                                    [4]uint32
	Place                                   int32
	LocalPort, RemotePort                   uint16
	LocalPortClass, RemotePortClass         uint16
	GapAtom, DurationAtom                   uint16
	PacketsAtom, BytesAtom                  uint16
	Outbound, Proto, Flags, ToS             uint8
	ProtoClass, FlagsClass, ToSClass, Label uint8
	Repeat, BytesCopy, DurationCopy         uint8
	Returnable, Returned                    uint8
}

// plan has the layout of stan::Plan.
type plan struct {
	Day      int64
	Rows     int32
	HourRows [24]int32
	Mean     [122]float32
}

// The places of the vocabulary; then come networks of 24 bits.
const (
	internalPlace = iota
	dnsPlace      // 8.8.8.8
	otherPlace    // 1.1.1.1
	firstNetwork
	networks = 150
	anyIPv4  = firstNetwork + networks
	anyIPv6  = anyIPv4 + 1
	places   = anyIPv6 + 1
)

func ipv4(a, b, c, d byte) [4]uint32 {
	return [4]uint32{0, 0, 0xffff, uint32(a)<<24 | uint32(b)<<16 | uint32(c)<<8 | uint32(d)}
}

// hosts are the addresses of the generated hosts.
func hosts(n int) []uint32 {
	var out []uint32
	for i := range n {
		a := ipv4(42, 219, byte(i>>8), byte(i))
		out = append(out, a[:]...)
	}
	return out
}

// world is a small vocabulary in which every kind of class occurs.
func world() *lanes.Vocabulary {
	v := &lanes.Vocabulary{
		Gap:      lanes.Values{Exact: []int64{0, 1, 2, 60}, Centre: 3, Scale: 1.5, Most: 1 << 40},
		Duration: lanes.Values{Exact: []int64{0, 40}, Centre: 6, Scale: 2, Most: 1 << 40},
		Packets:  lanes.Values{Exact: []int64{1, 2, 3}, Centre: 3, Scale: 1, Most: 1 << 40},
		Bytes:    lanes.Values{Exact: []int64{40, 60, 1500}, Centre: 7, Scale: 1.5, Most: 1 << 40},
		GapTick:  second, DurationTick: 1000,
		Protos: []uint8{icmp, tcp, udp, gre}, Flags: []uint8{0, 2, 16, 27}, ToS: []uint8{0, 8},
		FlagsProtos: []uint8{2 | 4 | 8, 1, 1, 1, 1}, Labels: 2,
		Returns: slices.Concat([]float32{0}, slices.Repeat([]float32{0.5}, met), make([]float32, met+1)), Ports: []uint16{53, 80, 443}, PortProtos: []uint8{0, 2, 1, 1}, ICMPs: []uint16{0, 771, 2048}, MTU: 1500,
		PortClass: make([]uint16, 65536), PortService: make([]uint8, 65536),
	}
	for p := range 65536 {
		if p%binWidth == 0 {
			v.BinStart = append(v.BinStart, int32(len(v.BinPorts)))
		}
		v.PortClass[p], v.PortService[p] = uint16(1+len(v.Ports)+p/binWidth), 255
		if i := slices.Index(v.Ports, uint16(p)); i >= 0 {
			v.PortClass[p], v.PortService[p] = uint16(1+i), uint8(i)
		} else {
			v.BinPorts = append(v.BinPorts, uint16(p))
		}
	}
	v.BinStart = append(v.BinStart, int32(len(v.BinPorts)))
	add := func(a [4]uint32, bits uint8) {
		v.PlaceAddr = append(v.PlaceAddr, a[:]...)
		v.PlaceBits = append(v.PlaceBits, bits)
		v.PlaceBucket = append(v.PlaceBucket, int32(len(v.PlaceBucket)))
	}
	add(ipv4(42, 219, 0, 0), 112)
	add(ipv4(8, 8, 8, 8), 128)
	add(ipv4(1, 1, 1, 1), 128)
	for i := range networks {
		add(ipv4(80, 0, byte(i), 0), 120)
	}
	add(ipv4(0, 0, 0, 0), 96)
	add([4]uint32{}, 0)
	at := int64(0)
	for _, n := range inputs(v) {
		v.BagOffset = append(v.BagOffset, at)
		at += n
	}
	return v
}

// inputs are the numbers of classes of each discrete input.
func inputs(v *lanes.Vocabulary) []int64 {
	s := lanes.SizesOf()
	ports := int64(portClasses(v))
	return []int64{
		int64(len(v.Gap.Exact)) + 1, int64(len(v.Duration.Exact)) + 1, int64(len(v.Packets.Exact)) + 1, int64(len(v.Bytes.Exact)) + 1,
		2, int64(len(v.Protos)) + 1, ports, ports, int64(len(v.Flags)) + 1, int64(len(v.ToS)) + 1, int64(s.Tuples) + 1,
		int64(s.Peers) + 1, int64(len(v.PlaceBits)), int64(v.Labels), int64(s.Repeats) + 1,
	}
}

func portClasses(v *lanes.Vocabulary) int { return 1 + len(v.Ports) + portBins + len(v.ICMPs) + 1 }

// classes are the numbers of logits of each head.
func classes(v *lanes.Vocabulary, head int) int {
	s := lanes.SizesOf()
	return [heads]int{
		gap: len(v.Gap.Exact) + 1, conversation: s.Tuples + 1, peer: s.Peers + 1,
		region: (len(v.PlaceBits) + s.Region - 1) / s.Region, place: s.Region, direction: 2, protocol: len(v.Protos) + 1,
		localPort: s.Copies + portClasses(v), remotePort: s.Copies + portClasses(v), flags: len(v.Flags) + 1, tos: len(v.ToS) + 1,
		duration: len(v.Duration.Exact) + 1 + s.DurationCopies, packets: len(v.Packets.Exact) + 1,
		bytes: len(v.Bytes.Exact) + 1 + s.BytesCopies, label: v.Labels, repeat: s.Repeats + 1,
	}[head]
}

func hasPorts(proto uint8) bool { return proto == tcp || proto == udp }

func index[T comparable](of []T, x T) int {
	if i := slices.Index(of, x); i >= 0 {
		return i
	}
	return len(of)
}

func icmpClass(v *lanes.Vocabulary, port uint16) uint16 {
	return uint16(1 + len(v.Ports) + portBins + index(v.ICMPs, port))
}

// encode fills in the classes of a row whose values are set.
func encode(v *lanes.Vocabulary, r row) row {
	r.GapAtom, r.DurationAtom = uint16(index(v.Gap.Exact, r.Gap)), uint16(index(v.Duration.Exact, r.Duration))
	r.PacketsAtom, r.BytesAtom = uint16(index(v.Packets.Exact, r.Packets)), uint16(index(v.Bytes.Exact, r.Bytes))
	r.ProtoClass, r.FlagsClass = uint8(index(v.Protos, r.Proto)), uint8(index(v.Flags, r.Flags))
	r.ToSClass = uint8(index(v.ToS, r.ToS))
	r.LocalPortClass, r.RemotePortClass = 0, 0
	switch {
	case hasPorts(r.Proto):
		r.LocalPortClass, r.RemotePortClass = v.PortClass[r.LocalPort], v.PortClass[r.RemotePort]
	case r.Proto == icmp:
		r.LocalPort, r.RemotePortClass = 0, icmpClass(v, r.RemotePort)
	default:
		r.LocalPort, r.RemotePort = 0, 0
	}
	return r
}

// stream makes n rows of few keys, so that lists repeat, grow and overflow, from a time on.
func stream(v *lanes.Vocabulary, r *rand.Rand, n int, start int64) []row {
	one := func(of ...int64) int64 { return of[r.IntN(len(of))] }
	rows := make([]row, n)
	for i := range rows {
		x := row{
			Gap: one(0, 0, 1, 5, 60, r.Int64N(600)), Duration: one(0, 0, 40, r.Int64N(9000)), Packets: one(1, 2, 3, 1+r.Int64N(5000)),
			Outbound: uint8(r.IntN(2)), Proto: uint8(one(tcp, tcp, udp, icmp, icmp, icmp, gre, 99)), ToS: uint8(one(0, 8, 33)),
			Label: uint8(r.IntN(2)), LocalPort: uint16(one(443, 40000, 40001, 40003, r.Int64N(65536))), RemotePort: uint16(one(53, 80, 81, 82, 88, 771)),
		}
		x.Bytes = x.Packets * one(40, 60, 100+r.Int64N(1400))
		x.Flags = uint8(one(0, 2, 16, 77))
		switch r.IntN(5) {
		case 0:
			x.Addr, x.Place = ipv4(8, 8, 8, 8), dnsPlace
		case 1:
			x.Addr, x.Place = ipv4(42, 219, 9, byte(r.IntN(4))), internalPlace
		default:
			n := r.IntN(3) * r.IntN(40)
			x.Addr, x.Place = ipv4(80, 0, byte(n), 7), firstNetwork+int32(n)
		}
		start += x.Gap * v.GapTick
		x.End = start
		rows[i] = encode(v, x)
	}
	return rows
}

func newTables(t testing.TB, v *lanes.Vocabulary) *lanes.Tables {
	t.Helper()
	return newTablesOn(t, torch.Device{}, v)
}

func newTablesOn(t testing.TB, device torch.Device, v *lanes.Vocabulary) *lanes.Tables {
	t.Helper()
	tables, err := lanes.NewTables(v, device)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tables.Free)
	return tables
}

// bucket is 0 below 1, then one for each doubling.
func bucket(x float64, buckets int) int64 {
	if x < 1 {
		return 0
	}
	return int64(min(math.Ilogb(x)+1, buckets-1))
}
