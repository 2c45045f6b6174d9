package dataset

import (
	"encoding/binary"
	"net/netip"
)

// parsePacket makes a flow of one packet, but for its time, from the IP header and the first bytes behind it. It reports
// false if the header is damaged. Ports of fragments but the first are 0, as exporters have them. onWire is the length from the
// IP header to the end of the frame; it is the packet's where the header has none, as of those that a network card cuts up
// later.
func parsePacket(b []byte, onWire int, f *Flow) bool {
	if len(b) == 0 {
		return false
	}
	switch b[0] >> 4 {
	case 4:
		return parsePacket4(b, onWire, f)
	case 6:
		return parsePacket6(b, onWire, f)
	}
	return false
}

func parsePacket4(b []byte, onWire int, f *Flow) bool {
	if len(b) < 20 {
		return false
	}
	header, length := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if length == 0 && isOffloaded(b[9]) {
		length = onWire
	}
	if header < 20 || length < header || length > maxPacketBytes {
		return false
	}
	*f = Flow{
		SrcAddr: netip.AddrFrom4([4]byte(b[12:])), DstAddr: netip.AddrFrom4([4]byte(b[16:])), Proto: b[9], ToS: b[1],
		Packets: 1, Bytes: uint64(length),
	}
	if fragment := binary.BigEndian.Uint16(b[6:]) & 0x1fff; fragment == 0 && len(b) > header {
		f.setPorts(b[header:])
	}
	return true
}

func parsePacket6(b []byte, onWire int, f *Flow) bool {
	const header = 40
	if len(b) < header {
		return false
	}
	next, rest := b[6], b[header:]
	first := true
	for {
		size := 0
		switch next {
		case 0, 43, 60: // hop-by-hop, routing, destination options
			if len(rest) >= 2 {
				size = (int(rest[1]) + 1) * 8
			}
		case 44: // fragment
			size = 8
			first = first && len(rest) >= size && binary.BigEndian.Uint16(rest[2:])>>3 == 0
		}
		if size == 0 || len(rest) < size {
			break
		}
		next, rest = rest[0], rest[size:]
	}
	length := header + int(binary.BigEndian.Uint16(b[4:]))
	if length == header && isOffloaded(next) {
		length = onWire
	}
	*f = Flow{
		SrcAddr: netip.AddrFrom16([16]byte(b[8:])).Unmap(), DstAddr: netip.AddrFrom16([16]byte(b[24:])).Unmap(), Proto: next,
		ToS: b[0]<<4 | b[1]>>4, Packets: 1, Bytes: uint64(length),
	}
	if first {
		f.setPorts(rest)
	}
	return f.Bytes <= maxPacketBytes
}

// isOffloaded tells of which protocols network cards cut up packets.
func isOffloaded(proto uint8) bool { return proto == protoTCP || proto == protoUDP }

// setPorts reads ports and flags from the first bytes behind the IP header, as far as they were captured.
func (f *Flow) setPorts(b []byte) {
	switch f.Proto {
	case protoTCP, protoUDP, 33, 132, 136: // and DCCP, SCTP, UDP-Lite
		if len(b) >= 4 {
			f.SrcPort, f.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		}
		if f.Proto == protoTCP && len(b) >= 14 {
			f.TCPFlags = b[13]
		}
	case protoICMP, protoICMPv6:
		if len(b) >= 2 {
			f.DstPort = binary.BigEndian.Uint16(b)
		}
	}
}
