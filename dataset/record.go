package dataset

import (
	"encoding/binary"
	"net/netip"
)

// A record is a flow in a run file: fixed in size and without pointers, so that sorting millions costs no allocation.
// Little endian: order, end, duration, packets, bytes 8 bytes each; the host's peer 16; host number and label number 4 each;
// source and destination port 2 each; protocol, TCP flags, ToS, side 1 each.
const recordSize = 5*8 + 16 + 2*4 + 2*2 + 4

const (
	sideSource      = 0 // the host is the source
	sideDestination = 1
)

// encodeRecord appends f to b. order is the place of the row in the input, unique for its host; host and label are the
// numbers that the builder gave them.
func encodeRecord(b []byte, f *Flow, order uint64, host, label uint32) []byte {
	side, peer := byte(sideSource), f.DstAddr.As16()
	if !f.Outbound() {
		side, peer = sideDestination, f.SrcAddr.As16()
	}
	b = binary.LittleEndian.AppendUint64(b, order)
	b = binary.LittleEndian.AppendUint64(b, uint64(f.End))
	b = binary.LittleEndian.AppendUint64(b, uint64(f.End-f.Start))
	b = binary.LittleEndian.AppendUint64(b, f.Packets)
	b = binary.LittleEndian.AppendUint64(b, f.Bytes)
	b = append(b, peer[:]...)
	b = binary.LittleEndian.AppendUint32(b, host)
	b = binary.LittleEndian.AppendUint32(b, label)
	b = binary.LittleEndian.AppendUint16(b, f.SrcPort)
	b = binary.LittleEndian.AppendUint16(b, f.DstPort)
	return append(b, f.Proto, f.TCPFlags, f.ToS, side)
}

// decodeRecord is the inverse of encodeRecord; hosts and labels are the builder's, by number.
func decodeRecord(b []byte, f *Flow, hosts []hostInfo, labels []string) {
	_ = b[recordSize-1]
	f.End = recordEnd(b)
	f.Start = f.End - int64(binary.LittleEndian.Uint64(b[16:]))
	f.Packets = binary.LittleEndian.Uint64(b[24:])
	f.Bytes = binary.LittleEndian.Uint64(b[32:])
	f.Host = hosts[recordHost(b)].addr
	f.SrcAddr, f.DstAddr = f.Host, netip.AddrFrom16([16]byte(b[40:])).Unmap()
	f.Label = labels[binary.LittleEndian.Uint32(b[60:])]
	f.SrcPort = binary.LittleEndian.Uint16(b[64:])
	f.DstPort = binary.LittleEndian.Uint16(b[66:])
	f.Proto, f.TCPFlags, f.ToS = b[68], b[69], b[70]
	if b[71] == sideDestination {
		f.SrcAddr, f.DstAddr = f.DstAddr, f.SrcAddr
	}
}

func recordOrder(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
func recordEnd(b []byte) int64    { return int64(binary.LittleEndian.Uint64(b[8:])) }
func recordHost(b []byte) uint32  { return binary.LittleEndian.Uint32(b[56:]) }
