// Package encode turns flows into the rows that the network sees, and back: exact values beside the classes of a
// vocabulary that is fitted to training data alone.
package encode

import (
	"encoding/binary"
	"net/netip"

	"stan/dataset"
)

// IANA protocol numbers whose ports mean something.
const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
)

// Row is an encoded flow as its host sees it. Its layout is that of stan::Row in cgo/shim/lanes/row.h.
type Row struct {
	End                                     int64 // µs since 1970 UTC
	Gap                                     int64 // ticks since the end of the row before
	Duration                                int64 // ticks
	Packets                                 int64
	Bytes                                   int64
	Addr                                    [4]uint32 // remote, most significant word first, IPv4 as ::ffff:a.b.c.d
	Place                                   int32     // class of the remote address
	LocalPort, RemotePort                   uint16    // for ICMP the remote port is type*256+code, whatever the direction
	LocalPortClass, RemotePortClass         uint16
	GapAtom, DurationAtom                   uint16 // index of the exact value, the table's length for none of them
	PacketsAtom, BytesAtom                  uint16
	Outbound, Proto, Flags, ToS             uint8
	ProtoClass, FlagsClass, ToSClass, Label uint8
	// What the stream's memory says of the row; the kernels set them.
	Repeat, BytesCopy, DurationCopy, Returnable, Returned uint8
}

func hasPorts(proto uint8) bool { return proto == protoTCP || proto == protoUDP }

func isICMP(proto uint8) bool { return proto == protoICMP || proto == protoICMPv6 }

// words splits an address into the words of Row.Addr.
func words(a netip.Addr) (w [4]uint32) {
	b := a.As16()
	for i := range w {
		w[i] = binary.BigEndian.Uint32(b[4*i:])
	}
	return w
}

// address is the inverse of words.
func address(w [4]uint32) netip.Addr {
	var b [16]byte
	for i, x := range w {
		binary.BigEndian.PutUint32(b[4*i:], x)
	}
	return netip.AddrFrom16(b).Unmap()
}

// Words lists addresses as the generator's kernels read them, 4 words each.
func Words(addrs []netip.Addr) []uint32 {
	out := make([]uint32, 0, 4*len(addrs))
	for _, a := range addrs {
		w := words(a)
		out = append(out, w[:]...)
	}
	return out
}

// ticks of a positive span of µs; what lies below a tick is cut off.
func ticks(us, tick int64) int64 { return max(us, 0) / tick }

// Decode is the flow of r in the stream of host.
func (v *Vocabulary) Decode(r *Row, host netip.Addr) dataset.Flow {
	f := dataset.Flow{
		Host: host, End: r.End, Start: r.End - r.Duration*v.Duration.Tick, Proto: r.Proto, TCPFlags: r.Flags, ToS: r.ToS,
		Packets: uint64(r.Packets), Bytes: uint64(r.Bytes), Label: v.Labels[r.Label],
	}
	remote := address(r.Addr)
	if r.Outbound != 0 {
		f.SrcAddr, f.DstAddr, f.SrcPort, f.DstPort = host, remote, r.LocalPort, r.RemotePort
	} else {
		f.SrcAddr, f.DstAddr, f.SrcPort, f.DstPort = remote, host, r.RemotePort, r.LocalPort
	}
	if isICMP(r.Proto) {
		f.SrcPort, f.DstPort = 0, r.RemotePort
	}
	return f
}
