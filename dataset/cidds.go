package dataset

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"io"
	"net/netip"
	"strconv"
)

// CIDDS-001 (and -002) is nfdump's output with labels: padded fields, bytes such as `1.2 M`, ICMP's type and code as 3.1,
// starts on Germany's clock. class tells who sent the flow, attackType what kind of attack it was, --- for none.
const ciddsHeader = "Date first seen,Duration,Proto,Src IP Addr,Src Pt,Dst IP Addr,Dst Pt,Packets,Bytes,Flows,Flags,Tos," +
	"class,attackType,attackID,attackDescription\n"

var ciddsFields = []field{
	{"Date first seen", isStart, startAs(wallClock), false},
	{"Duration", isDuration, setMillisDuration, false},
	{"Proto", isProto, setProto, false},
	{"Src IP Addr", isSrcAddr, setCIDDSSrcAddr, false},
	{"Src Pt", isSrcPort, setWholeSrcPort, false},
	{"Dst IP Addr", isDstAddr, setCIDDSDstAddr, false},
	{"Dst Pt", isDstPort, setDottedDstPort, false},
	{"Packets", isPackets, setPackets, false},
	{"Bytes", isBytes, setBytes, false},
	{"Flags", isTCPFlags, setFlags, true},
	{"Tos", isToS, setToS, true},
	{"class", isLabel, setCIDDSLabel, true},
	{"label", isLabel, setCIDDSLabel, true},
	{"attackType", isLabel, setCIDDSLabel, true},
}

var ciddsFormat = &notation{
	name: "cidds", title: "CIDDS", extension: "csv", detect: detectCIDDS, newWriter: newCIDDSWriter,
}

func detectCIDDS(line []byte) (*layout, error) {
	if !namesAll(line, ',', "Date first seen", "Src IP Addr", "Dst IP Addr") {
		return nil, nil
	}
	l := tableLayout(line, ',', ciddsFields)
	return l, l.check()
}

// setCIDDSLabel takes the last of class and attackType that says something.
func setCIDDSLabel(p *rowParser, b *biflow, text []byte) Reason {
	if string(text) == "---" {
		return ""
	}
	return setLabel(p, b, text)
}

func setCIDDSSrcAddr(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.SrcAddr, ciddsAddr, text, badAddress)
}

func setCIDDSDstAddr(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.DstAddr, ciddsAddr, text, badAddress)
}

// ciddsAddr reads an address, or the stand-in that the data's authors put for one. These become addresses of
// 240.0.0.0/4, which no host has: 10008_132, host 132 of the public network numbered 10008, is that host of the 10008th
// /24 of 240.0.0.0/5; a name such as EXT_SERVER becomes an address of 248.0.0.0/5 by its hash.
func ciddsAddr(text []byte) (netip.Addr, bool) {
	if a, ok := parseAddr(text); ok {
		return a, true
	}
	network, host, numbered := bytes.Cut(text, []byte{'_'})
	if n, ok := parseUint(network, 1<<19-1); numbered && ok {
		h, ok := parseUint(host, 255)
		return addr4(0xf0<<24 | uint32(n)<<8 | uint32(h)), ok
	}
	if len(text) == 0 || len(text) > 32 {
		return netip.Addr{}, false
	}
	for _, c := range text {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return netip.Addr{}, false
		}
	}
	if text[0] < 'A' {
		return netip.Addr{}, false
	}
	hash := fnv.New32a()
	hash.Write(text)
	return addr4(0xf8<<24 | hash.Sum32()>>5), true
}

func addr4(number uint32) netip.Addr {
	var octets [4]byte
	binary.BigEndian.PutUint32(octets[:], number)
	return netip.AddrFrom4(octets)
}

// newCIDDSWriter writes times in UTC with their milliseconds; the label is the class, without attack columns.
func newCIDDSWriter(out io.Writer) flowWriter {
	start := dateCache{second: -1}
	return newLineWriter(out, ciddsHeader, "", func(w *lineWriter, b []byte, f *Flow) []byte {
		b = appendClock(b, &start, f.Start)
		b = append(b, ',')
		b = appendThousandths(b, f.End-f.Start)
		b = append(b, ',')
		name := ProtocolName(f.Proto)
		b = append(b, name...)
		for range 5 - len(name) {
			b = append(b, ' ')
		}
		b = append(b, ',')
		b = w.appendEnds(b, f)
		b = append(b, ",1,"...)
		b = appendFlags(b, f.TCPFlags)
		b = append(b, ',')
		b = strconv.AppendUint(b, uint64(f.ToS), 10)
		b = append(b, ',')
		if f.Label == "" {
			b = append(b, "---"...)
		}
		b = append(b, f.Label...)
		return append(b, ",---,---,---\n"...)
	})
}
