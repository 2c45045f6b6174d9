package libtorch

// #include <stdlib.h>
// #include "vocabulary.h"
import "C"

import "runtime"

// Values is a value attribute's table: ascending exact values, and the normaliser of ln(v+1) for the rest.
type Values struct {
	Exact         []int64
	Centre, Scale float32
	Most          int64 // largest value that is drawn
}

// Without is what a network is trained without; shim/lanes/tables.h says what each part is.
type Without struct{ Conversations, Profile, Atoms bool }

// Vocabulary is the source of Tables; shim/lanes/tables.h says what each field means.
type Vocabulary struct {
	Without                       Without
	Gap, Duration, Packets, Bytes Values
	GapTick, DurationTick         int64 // µs
	Protos, Flags, ToS            []uint8
	FlagsProtos                   []uint8 // len(Flags)+1
	Labels                        int
	PortClass                     []uint16 // 65536
	Ports                         []uint16
	PortProtos                    []uint8 // len(Ports)+1
	BinPorts                      []uint16
	BinStart                      []int32 // bins+1
	ICMPs                         []uint16
	PortService                   []uint8  // 65536
	PlaceAddr                     []uint32 // 4 a place
	PlaceBits                     []uint8
	PlaceBucket                   []int32
	BagOffset                     []int64
	MTU                           int
	ShorterReplies                float32
	Returns                       []float32 // [2, Met+1]
}

// Tables is a vocabulary on a device.
type Tables struct{ p *C.st_tables }

// slicePin pins s for the call and returns its address.
func slicePin[T any](pin *runtime.Pinner, s []T) *T {
	p := first(s)
	if p != nil {
		pin.Pin(p)
	}
	return p
}

func (v Values) c(pin *runtime.Pinner) C.st_values {
	return C.st_values{
		exact: (*C.int64_t)(slicePin(pin, v.Exact)), count: C.int32_t(len(v.Exact)),
		centre: C.float(v.Centre), scale: C.float(v.Scale),
		most: C.int64_t(v.Most),
	}
}

// NewTables copies v to a device. The caller frees the result.
func NewTables(v *Vocabulary, d Device) (*Tables, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	bytes := func(s []uint8) *C.uint8_t { return (*C.uint8_t)(slicePin(&pin, s)) }
	words := func(s []uint16) *C.uint16_t { return (*C.uint16_t)(slicePin(&pin, s)) }
	ints := func(s []int32) *C.int32_t { return (*C.int32_t)(slicePin(&pin, s)) }
	c := C.st_vocabulary{
		without_conversations: C.bool(v.Without.Conversations), without_profile: C.bool(v.Without.Profile),
		without_atoms: C.bool(v.Without.Atoms),
		gap:           v.Gap.c(&pin), duration: v.Duration.c(&pin), packets: v.Packets.c(&pin), bytes: v.Bytes.c(&pin),
		gap_tick: C.int64_t(v.GapTick), duration_tick: C.int64_t(v.DurationTick),
		protos: C.int32_t(len(v.Protos)), flags: C.int32_t(len(v.Flags)), tos: C.int32_t(len(v.ToS)),
		labels: C.int32_t(v.Labels), proto_values: bytes(v.Protos), flags_values: bytes(v.Flags),
		tos_values: bytes(v.ToS), flags_protos: bytes(v.FlagsProtos),
		ports: C.int32_t(len(v.Ports)), bins: C.int32_t(len(v.BinStart) - 1), icmps: C.int32_t(len(v.ICMPs)),
		port_class: words(v.PortClass), port_values: words(v.Ports), port_protos: bytes(v.PortProtos),
		bin_ports: words(v.BinPorts), bin_start: ints(v.BinStart), icmp_values: words(v.ICMPs),
		port_service: bytes(v.PortService), places: C.int32_t(len(v.PlaceBits)),
		place_addr: (*C.uint32_t)(slicePin(&pin, v.PlaceAddr)), place_bits: bytes(v.PlaceBits),
		place_bucket: ints(v.PlaceBucket), bag_offset: (*C.int64_t)(slicePin(&pin, v.BagOffset)), mtu: C.int32_t(v.MTU),
		shorter_replies: C.float(v.ShorterReplies),
	}
	c.returns = (*C.float)(slicePin(&pin, v.Returns))
	t := &Tables{}
	if err := check("tables", C.st_tables_new(&t.p, &c, d.c())); err != nil {
		return nil, err
	}
	return t, nil
}

// SetReturns sets the shares of returns, [2, Met+1], for what is made of the tables from now on.
func (t *Tables) SetReturns(shares []float32) {
	C.st_tables_returns(t.p, (*C.float)(&shares[0]))
	runtime.KeepAlive(t)
}

// Free releases the tables; nothing may use them any more.
func (t *Tables) Free() {
	C.st_tables_free(t.p)
	t.p = nil
}
