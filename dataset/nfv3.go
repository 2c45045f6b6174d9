package dataset

// The tables of the NF-*-v3 data sets, written by nProbe: biflows, IN from source to destination, OUT back. The older
// NF-*-v1 and -v2 tables look the same but have no times, so nothing can be learnt from them.
var nfv3Fields = []field{
	{"FLOW_START_MILLISECONDS", isStart, startAs(epochIn(3)), false},
	{"FLOW_END_MILLISECONDS", isEnd, endAs(epochIn(3)), false},
	{"IPV4_SRC_ADDR", isSrcAddr, setSrcAddr, false},
	{"IPV4_DST_ADDR", isDstAddr, setDstAddr, false},
	{"L4_SRC_PORT", isSrcPort, setSrcPort, false},
	{"L4_DST_PORT", isDstPort, setDstPort, false},
	{"PROTOCOL", isProto, setProto, false},
	{"IN_PKTS", isPackets, setPackets, false},
	{"IN_BYTES", isBytes, setBytes, false},
	{"OUT_PKTS", isReversePackets, setReversePackets, false},
	{"OUT_BYTES", isReverseBytes, setReverseBytes, false},
	{"CLIENT_TCP_FLAGS", isTCPFlags, setFlagNumber, false},
	{"SERVER_TCP_FLAGS", isReverseTCPFlags, setReverseFlagNumber, false},
	{"ICMP_TYPE", 0, setICMPPort, true},
	{"Attack", isLabel, setLabel, true},
}

var nfv3Format = &notation{name: "nf-v3", title: "NF-v3", detect: detectNFv3}

func detectNFv3(line []byte) (*layout, error) {
	if !namesAll(line, ',', "IPV4_SRC_ADDR", "IPV4_DST_ADDR", "IN_BYTES") {
		return nil, nil
	}
	l := tableLayout(line, ',', nfv3Fields)
	l.finish = func(b *biflow) Reason {
		if isICMP(b.Proto) {
			b.SrcPort, b.DstPort = 0, b.icmp
		}
		return ""
	}
	return l, l.check()
}

// setICMPPort reads ICMP's type*256+code from its own column.
func setICMPPort(_ *rowParser, b *biflow, text []byte) Reason {
	return setNumber(&b.icmp, text, 65535, badPort)
}
