package dataset

import "bytes"

// nfdump's tables differ between versions and can be put together by the user, so columns are found by name:
//
//	1.6 to 1.7.4  -o csv       48 columns, ts ... tr; whole seconds, on the exporter's local clock; Summary lines at the end
//	1.7.5 on      -o csv       10 columns, firstSeen ... flows; milliseconds, on the local clock
//	1.7.5 on      -o csv-fast  17 columns, cnt ... bytes; ms since 1970
//	1.7.5 on      -o csv:%ts,%te,...  any columns in any order; %tsr, %ter: seconds since 1970
var nfdumpFields = []field{
	// Names of the 48 columns.
	{"ts", isStart, startAs(nfdumpClock), false},
	{"te", isEnd, endAs(nfdumpClock), false},
	{"td", isDuration, setMillisDuration, false},
	{"sa", isSrcAddr, setSrcAddr, false},
	{"da", isDstAddr, setDstAddr, false},
	{"sp", isSrcPort, setSrcPort, false},
	{"dp", isDstPort, setDottedDstPort, false},
	{"pr", isProto, setProto, false},
	{"flg", isTCPFlags, setFlags, false},
	{"stos", isToS, setToS, false},
	{"ipkt", isPackets, setPackets, false},
	{"ibyt", isBytes, setBytes, false},
	{"opkt", isReversePackets, setReversePackets, false},
	{"obyt", isReverseBytes, setReverseBytes, false},
	{"dtos", isReverseToS, setReverseToS, false},
	// Names since 1.7.5.
	{"firstSeen", isStart, startAs(nfdumpClock), false},
	{"lastSeen", isEnd, endAs(nfdumpClock), false},
	{"duration", isDuration, setMillisDuration, false},
	{"srcAddr", isSrcAddr, setSrcAddr, false},
	{"dstAddr", isDstAddr, setDstAddr, false},
	{"srcPort", isSrcPort, setSrcPort, false},
	{"dstPort", isDstPort, setDottedDstPort, false},
	{"proto", isProto, setProto, false},
	{"flags", isTCPFlags, setFlags, false},
	{"srcTos", isToS, setToS, false},
	{"tos", isToS, setToS, false},
	{"packets", isPackets, setPackets, false},
	{"bytes", isBytes, setBytes, false},
	{"inPackets", isPackets, setPackets, false},
	{"inBytes", isBytes, setBytes, false},
	{"outPackets", isReversePackets, setReversePackets, false},
	{"outBytes", isReverseBytes, setReverseBytes, false},
	{"dstTos", isReverseToS, setReverseToS, false},
	{"label", isLabel, setNfdumpLabel, true},
}

var nfdumpFormat = &notation{
	name: "nfdump", title: "nfdump CSV", extension: "csv", detect: detectNfdump, newWriter: newNfdumpWriter,
	lacks: "TCP flags, ToS, label",
}

func detectNfdump(line []byte) (*layout, error) {
	if !namesAll(line, ',', "sa", "da", "pr", "ipkt") && !namesAll(line, ',', "srcAddr", "dstAddr") {
		return nil, nil
	}
	l := tableLayout(line, ',', nfdumpFields)
	l.tail = isNfdumpTail
	return l, l.check()
}

// nfdumpClock reads the notations of %ts (local time), %tsr (seconds since 1970, with decimals) and csv-fast (ms).
func nfdumpClock(p *rowParser, text []byte) (int64, bool) {
	switch {
	case len(text) > 4 && text[4] == '-':
		return wallClock(p, text)
	case bytes.IndexByte(text, '.') >= 0:
		return parseScaled(text, 6)
	}
	return parseScaled(text, 3)
}

// setNfdumpLabel takes nfdump's word for none as none.
func setNfdumpLabel(p *rowParser, b *biflow, text []byte) Reason {
	if string(text) == "<none>" || string(text) == "none" {
		return ""
	}
	return setLabel(p, b, text)
}

// nfdumpTotals names the numbers that stand under Summary.
const nfdumpTotals = "flows,bytes,packets,avg_bps,avg_pps,avg_bpp"

// isNfdumpTail reports whether a line belongs to what nfdump prints after the last flow, or instead of flows.
func isNfdumpTail(line []byte) bool {
	switch {
	case string(line) == "Summary", string(line) == nfdumpTotals, bytes.HasPrefix(line, []byte("No match")):
		return true
	}
	numbers := 0
	for number := range bytes.SplitSeq(line, []byte{','}) {
		if _, ok := parseScaled(trimBlanks(number), 0); !ok {
			return false
		}
		numbers++
	}
	return numbers == bytes.Count([]byte(nfdumpTotals), []byte{','})+1
}
