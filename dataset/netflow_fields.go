package dataset

import (
	"math/bits"
	"net/netip"

	"github.com/netsampler/goflow2/v2/decoders/netflow"
)

// reversePEN marks what RFC 5103 counts in the other direction.
const reversePEN = 29305

// fillBiflow takes the elements that make a flow; the numbers are those of IANA's IPFIX registry, of which NetFlow v9's
// are the first.
func fillBiflow(b *biflow, values []netflow.DataField, clock exportClock) Reason {
	for _, v := range values {
		raw, ok := v.Value.([]byte)
		if !ok || len(raw) == 0 {
			continue
		}
		n := bigEndian(raw)
		if v.PenProvided {
			if v.Pen == reversePEN {
				b.fillReverse(v.Type, n)
			}
			continue
		}
		switch v.Type {
		case 8, 27:
			takeAddr(&b.SrcAddr, raw)
		case 12, 28:
			takeAddr(&b.DstAddr, raw)
		case 1, 85:
			b.takeCount(&b.Bytes, n, isBytes, v.Type == 85)
		case 2, 86:
			b.takeCount(&b.Packets, n, isPackets, v.Type == 86)
		case 4:
			b.Proto = uint8(n)
			b.said |= isProto
		case 5:
			b.ToS = uint8(n)
		case 6:
			b.TCPFlags = uint8(n)
		case 7:
			b.SrcPort = uint16(n)
		case 11:
			b.DstPort = uint16(n)
		case 32, 139:
			b.icmp = uint16(n)
		case 176, 178:
			b.icmp |= uint16(n) << 8
		case 177, 179:
			b.icmp |= uint16(n) & 255
		default:
			b.fillTime(v.Type, n, clock)
		}
	}
	switch {
	case !b.SrcAddr.IsValid() || !b.DstAddr.IsValid() || b.said&isProto == 0:
		return notIP
	case b.Packets > maxCount || b.reverse.packets > maxCount:
		return badPackets
	case b.Bytes > maxCount || b.reverse.bytes > maxCount:
		return badBytes
	case bits.OnesCount(uint(b.said&(isStart|isEnd|isDuration))) > 1: // a start alone is not the end too
	case b.adrift != 0:
		return noSystemInit
	default:
		return badTime
	}
	if isICMP(b.Proto) && b.DstPort == 0 {
		b.SrcPort, b.DstPort = 0, b.icmp
	}
	return ""
}

// takeAddr takes an address. Templates of both families leave one of them 0.
func takeAddr(to *netip.Addr, raw []byte) {
	a, ok := netip.AddrFromSlice(raw)
	if ok && (!to.IsValid() || !a.IsUnspecified()) {
		*to = a.Unmap()
	}
}

// takeCount takes a counter. What a flow counted since the last record holds against its total, which other records hold parts of.
func (b *biflow) takeCount(to *uint64, n uint64, what role, total bool) {
	if total && b.said&what != 0 {
		return
	}
	*to = n
	if !total {
		b.said |= what
	}
}

func (b *biflow) fillReverse(element uint16, n uint64) {
	switch element {
	case 1, 85:
		b.takeCount(&b.reverse.bytes, n, isReverseBytes, element == 85)
	case 2, 86:
		b.takeCount(&b.reverse.packets, n, isReversePackets, element == 86)
	case 5:
		b.reverse.tos = uint8(n)
	case 6:
		b.reverse.tcpFlags = uint8(n)
	}
}

func (b *biflow) fillTime(element uint16, n uint64, clock exportClock) {
	switch element {
	case 22: // since the exporter's start
		if !clock.counted {
			b.adrift |= isStart
			return
		}
		b.setStart(clock.at(uint32(n)))
	case 21:
		if !clock.counted {
			b.adrift |= isEnd
			return
		}
		b.setEnd(clock.at(uint32(n)))
	case 150: // seconds, ms, NTP's fractions, µs before the message
		b.setStart(int64(min(n, maxTime/1_000_000)) * 1e6)
	case 151:
		b.setEnd(int64(min(n, maxTime/1_000_000)) * 1e6)
	case 152:
		b.setStart(int64(min(n, maxTime/1000)) * 1000)
	case 153:
		b.setEnd(int64(min(n, maxTime/1000)) * 1000)
	case 154, 156:
		b.setStart(ntpMicros(n))
	case 155, 157:
		b.setEnd(ntpMicros(n))
	case 158:
		b.setStart(clock.seconds*1e6 - int64(uint32(n)))
	case 159:
		b.setEnd(clock.seconds*1e6 - int64(uint32(n)))
	case 161:
		b.duration = int64(min(n, maxTime/1000)) * 1000
		b.said |= isDuration
	case 162:
		b.duration = int64(min(n, maxTime))
		b.said |= isDuration
	}
}

func (b *biflow) setStart(at int64) {
	b.Start = at
	b.said |= isStart
}

func (b *biflow) setEnd(at int64) {
	b.End = at
	b.said |= isEnd
}

// ntpMicros returns µs since 1970 of seconds since 1900 and their fractions of 2^32.
func ntpMicros(n uint64) int64 {
	const from1900 = 2_208_988_800
	return (int64(n>>32)-from1900)*1e6 + int64(n&0xffffffff*1e6>>32)
}

// bigEndian returns a number of up to 8 bytes; of more, those that stand last.
func bigEndian(b []byte) uint64 {
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}
