package dataset

const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
)

func isICMP(proto uint8) bool { return proto == protoICMP || proto == protoICMPv6 }

// icmpAnswers pairs the ICMP types that ask with those that answer (RFC 792, 950, 1256; 2710, 4443, 4620, 4861,
// 6275).
var icmpAnswers = map[uint8]map[uint8]uint8{
	protoICMP:   bothWays(8, 0, 13, 14, 15, 16, 17, 18, 10, 9),
	protoICMPv6: bothWays(128, 129, 130, 131, 133, 134, 135, 136, 139, 140, 144, 145),
}

func bothWays(types ...uint8) map[uint8]uint8 {
	pairs := make(map[uint8]uint8)
	for i := 0; i < len(types); i += 2 {
		pairs[types[i]], pairs[types[i+1]] = types[i+1], types[i]
	}
	return pairs
}

// icmpAnswer returns the destination port, type*256+code, of what answers messages of the given one. Types that have no
// answer are answered by themselves.
func icmpAnswer(proto uint8, port uint16) uint16 {
	if answer, known := icmpAnswers[proto][uint8(port>>8)]; known {
		return uint16(answer) << 8
	}
	return port
}
