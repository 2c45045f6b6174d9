package dataset

import (
	"bytes"
	"strconv"
)

// Argus' ra printed the binetflow files of CTU-13 and the Stratosphere project: biflows, with the bytes of the source
// apart, but the packets of both directions in one sum. Bytes are those of whole Ethernet frames.
var argusFields = []field{
	{"StartTime", isStart, startAs(argusClock), false},
	{"Dur", isDuration, durationIn(0), false},
	{"Proto", isProto, setArgusProto, false},
	{"SrcAddr", isSrcAddr, setArgusSrcAddr, false},
	{"Sport", isSrcPort, setArgusSrcPort, true},
	{"DstAddr", isDstAddr, setArgusDstAddr, false},
	{"Dport", isDstPort, setArgusDstPort, true},
	{"State", isTCPFlags, setArgusState, true},
	{"sTos", isToS, setToS, true},
	{"dTos", isReverseToS, setReverseToS, true},
	{"TotPkts", isPackets, setPackets, false},
	{"TotBytes", isBytes, setBytes, false},
	{"SrcBytes", isReverseBytes, setReverseBytes, false}, // finishArgus turns it round
	{"Label", isLabel, setLabel, true},
}

var argusFormat = &notation{name: "argus", title: "Argus binetflow", detect: detectArgus}

func detectArgus(line []byte) (*layout, error) {
	if !namesAll(line, ',', "StartTime", "SrcAddr", "DstAddr", "TotPkts", "TotBytes", "SrcBytes") {
		return nil, nil
	}
	l := tableLayout(line, ',', argusFields)
	l.finish = finishArgus
	return l, l.check()
}

func argusClock(p *rowParser, text []byte) (int64, bool) {
	if len(text) > 4 && text[4] == '-' {
		return wallClock(p, text)
	}
	return slashClock(p, text)
}

// setArgusProto also reads Argus' names of what runs over UDP, and tells apart what does not run over IP.
func setArgusProto(p *rowParser, b *biflow, text []byte) Reason {
	switch string(text) {
	case "rtp", "rtcp", "udt":
		b.Proto = protoUDP
		return ""
	case "arp", "rarp", "llc", "ipx/spx", "unas", "lcp", "lldp", "decnet":
		return notIP
	}
	return setProto(p, b, bytes.ToUpper(text))
}

// isMAC reports whether text is a MAC address, which Argus has where there is no IP.
func isMAC(text []byte) bool { return len(text) == 17 && bytes.Count(text, []byte{':'}) == 5 }

func setArgusSrcAddr(p *rowParser, b *biflow, text []byte) Reason {
	if isMAC(text) {
		return notIP
	}
	return setSrcAddr(p, b, text)
}

func setArgusDstAddr(p *rowParser, b *biflow, text []byte) Reason {
	if isMAC(text) {
		return notIP
	}
	return setDstAddr(p, b, text)
}

func setArgusSrcPort(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.SrcPort, argusPort, text, badPort)
}

func setArgusDstPort(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.DstPort, argusPort, text, badPort)
}

// argusPort reads a port, decimal or hexadecimal.
func argusPort(text []byte) (uint16, bool) {
	if digits, isHex := bytes.CutPrefix(text, []byte("0x")); isHex {
		port, err := strconv.ParseUint(string(digits), 16, 16)
		return uint16(port), err == nil
	}
	port, ok := parseUint(text, 65535)
	return uint16(port), ok
}

// setArgusState reads the TCP flags that the source and the destination have shown, such as FSPA_FSRPA. The states of
// other protocols (CON, INT, URP ...) say nothing of flags.
func setArgusState(_ *rowParser, b *biflow, text []byte) Reason {
	source, destination, both := bytes.Cut(text, []byte{'_'})
	if !both {
		return ""
	}
	b.TCPFlags, b.reverse.tcpFlags = argusFlags(source), argusFlags(destination)
	return ""
}

func argusFlags(letters []byte) uint8 {
	var flags uint8
	for _, letter := range letters {
		if i := bytes.IndexByte([]byte(flagLetters), letter); i >= 0 {
			flags |= 128 >> i
		}
	}
	return flags
}

// finishArgus shares out bytes and packets between the two directions. ICMP's type and code are the low and the high
// byte of the source's port.
func finishArgus(b *biflow) Reason {
	if b.Proto != protoTCP {
		b.TCPFlags, b.reverse.tcpFlags = 0, 0
	}
	if isICMP(b.Proto) {
		b.SrcPort, b.DstPort = 0, b.SrcPort<<8|b.SrcPort>>8
	}
	packets, bytes, sent := b.Packets, b.Bytes, b.reverse.bytes
	if sent > bytes || packets == 0 {
		return badBytes
	}
	b.Bytes, b.reverse.bytes = sent, bytes-sent
	switch {
	case b.reverse.bytes == 0:
	case sent == 0:
		b.Packets, b.reverse.packets = 0, packets
	case packets == 1:
		return badPackets
	default:
		b.Packets = shareOfPackets(packets, sent, b.reverse.bytes)
		b.reverse.packets = packets - b.Packets
	}
	return ""
}

// shareOfPackets guesses how many of the packets were sent by the side that sent so many bytes: half of them, as far as
// each side has the 60 bytes a frame that Ethernet asks for.
func shareOfPackets(packets, sent, received uint64) uint64 {
	const frame = 60
	most := max(sent/frame, 1)
	least := uint64(1)
	if theirs := max(received/frame, 1); theirs < packets {
		least = max(least, packets-theirs)
	}
	return min(max(min((packets+1)/2, most), least), packets-1)
}
