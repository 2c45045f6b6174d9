package dataset

import "bytes"

// Zeek's conn.log holds biflows: orig_* is what the originator sent, resp_* what came back. ts is the start in seconds
// since 1970. Packets and bytes are those of the IP layer (orig_ip_bytes); orig_bytes counts payload and is not read.
// In TSV the line #fields names the columns, as sites add some and leave out others.
var zeekFields = []field{
	{"ts", isStart, startAs(zeekClock), false},
	{"duration", isDuration, durationIn(0), true},
	{"id.orig_h", isSrcAddr, setSrcAddr, false},
	{"id.orig_p", isSrcPort, setSrcPort, false},
	{"id.resp_h", isDstAddr, setDstAddr, false},
	{"id.resp_p", isDstPort, setDstPort, false},
	{"proto", isProto, setZeekProto, false},
	{"history", isTCPFlags, setZeekHistory, true},
	{"orig_pkts", isPackets, setPackets, true},
	{"orig_ip_bytes", isBytes, setBytes, true},
	{"resp_pkts", isReversePackets, setReversePackets, true},
	{"resp_ip_bytes", isReverseBytes, setReverseBytes, true},
	{"ip_proto", isProto, setZeekIPProto, true},
	{"label", isLabel, setLabel, true},
}

const zeekLacks = "ToS, the TCP flags URG, ECE and CWR"

var zeekTSVFormat = &notation{
	name: "zeek-tsv", title: "Zeek TSV", extension: "log", detect: detectZeekTSV, newWriter: newZeekTSVWriter, lacks: zeekLacks,
}

var zeekJSONFormat = &notation{
	name: "zeek-json", title: "Zeek JSON", extension: "json", detect: detectZeekJSON, newWriter: newZeekJSONWriter, lacks: zeekLacks,
}

var zeekMark = []byte("#fields")

func detectZeekTSV(line []byte) (*layout, error) {
	if !bytes.HasPrefix(line, zeekMark) || len(line) == len(zeekMark) {
		return nil, nil
	}
	header := bytes.Clone(line)
	l := tableLayout(header[len(zeekMark)+1:], header[len(zeekMark)], zeekFields)
	l.isHeader = func(line []byte) bool { return bytes.Equal(line, header) }
	l.comment, l.headerMark = '#', zeekMark
	l.finish = finishZeek
	cut := l.split
	l.split = func(p *rowParser, line []byte) bool {
		if !cut(p, line) {
			return false
		}
		for i, value := range p.values {
			if string(value) == "-" || string(value) == "(empty)" {
				p.values[i] = nil
			}
		}
		return true
	}
	return l, l.check()
}

var zeekJSONLayout = jsonLayout(zeekFields, finishZeek)

func detectZeekJSON(line []byte) (*layout, error) {
	if detectJSON(zeekJSONLayout, line, "ts", "id.orig_h", "id.resp_h") {
		return zeekJSONLayout, nil
	}
	return nil, nil
}

// zeekClock reads seconds since 1970, or what JSON logs with JSON::TS_ISO8601 have.
func zeekClock(p *rowParser, text []byte) (int64, bool) {
	if len(text) > 4 && text[4] == '-' {
		return isoClock(p, text)
	}
	return parseScaled(text, 6)
}

// setZeekProto reads tcp, udp, icmp, which stands for ICMPv6 too, or unknown_transport. The column ip_proto, which stands
// behind it in logs of Zeek 7.1 and later, knows better.
func setZeekProto(_ *rowParser, b *biflow, text []byte) Reason {
	switch string(text) {
	case "tcp":
		b.Proto = protoTCP
	case "udp":
		b.Proto = protoUDP
	case "icmp":
		b.Proto, b.mayBeSix = protoICMP, true
	case "unknown_transport":
		b.noProto = true
	default:
		return badProtocol
	}
	return ""
}

func setZeekIPProto(_ *rowParser, b *biflow, text []byte) Reason {
	number, ok := parseUint(text, 255)
	if !ok {
		return badProtocol
	}
	b.Proto, b.noProto, b.mayBeSix = uint8(number), false, false
	return ""
}

// setZeekHistory makes TCP flags of a connection's history, one letter an event, upper case for the originator: S a SYN
// without ACK, H a SYN with ACK, A a pure ACK, D data (which TCP stacks push), F a FIN, R a RST.
func setZeekHistory(_ *rowParser, b *biflow, text []byte) Reason {
	for _, letter := range text {
		flags := &b.reverse.tcpFlags
		if letter >= 'A' && letter <= 'Z' {
			flags = &b.TCPFlags
			letter += 'a' - 'A'
		}
		switch letter {
		case 's':
			*flags |= flagSYN
		case 'h':
			*flags |= flagSYN | flagACK
		case 'a':
			*flags |= flagACK
		case 'd':
			*flags |= flagPSH
		case 'f':
			*flags |= flagFIN
		case 'r':
			*flags |= flagRST
		}
	}
	return ""
}

const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

// finishZeek leaves flags to TCP alone, and makes type*256+code of ICMP's ports: Zeek has the type as the originator's
// port and as the responder's the type of the answer or, where there is none, the code.
func finishZeek(b *biflow) Reason {
	if b.noProto {
		return badProtocol
	}
	if b.mayBeSix && b.SrcAddr.Is6() {
		b.Proto = protoICMPv6
	}
	if b.Proto != protoTCP {
		b.TCPFlags, b.reverse.tcpFlags = 0, 0
	}
	if !isICMP(b.Proto) {
		return ""
	}
	kind, code := b.SrcPort, b.DstPort
	if kind > 255 || code > 255 {
		return badPort
	}
	if _, answered := icmpAnswers[b.Proto][uint8(kind)]; answered {
		code = 0
	}
	b.SrcPort, b.DstPort = 0, kind<<8|code
	return ""
}
