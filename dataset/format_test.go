package dataset

import (
	"bytes"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// parseText reads a whole text as Ingest does, every flow once and as its source saw it.
func parseText(t testing.TB, text string, biflow Biflow) ([]Flow, *blockTally) {
	t.Helper()
	among, err := readable("auto")
	if err != nil {
		t.Fatal(err)
	}
	l, err := detectLayout([]byte(text), among)
	if err != nil || l == nil {
		t.Fatalf("detectLayout(%.300q): layout %v, error %v", text, l, err)
	}
	p := &blockParser{biflow: biflow}
	return p.parse(block{name: "test", layout: l, firstLine: 1, text: []byte(text)})
}

// written returns flows in a format.
func written(t testing.TB, format string, flows []Flow) string {
	t.Helper()
	var text bytes.Buffer
	w := newFlowWriter(&text, "test", &Manifest{Format: format})
	if err := w.Write(flows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// kept says what a format keeps of a flow; what it does not name, it keeps.
var kept = map[string]func(f *Flow){
	FormatUGR16: func(f *Flow) {
		duration := roundTo(f.End-f.Start, 1000)
		f.End -= f.End % 1e6
		f.Start = f.End - duration
	},
	"nfdump": func(f *Flow) {
		f.TCPFlags, f.ToS, f.Label = 0, 0, ""
		keepStart(f, 1000)
	},
	"nfdump-1.6": func(f *Flow) {
		f.Label = ""
		keepStart(f, 1e6)
	},
	FormatIPFIX: func(f *Flow) {
		f.Label = ""
		f.Start -= f.Start % 1000
		f.End -= f.End % 1000
	},
	"cidds":     func(f *Flow) { keepStart(f, 1000) },
	"zeek-tsv":  keepZeek,
	"zeek-json": keepZeek,
}

// keepStart keeps the start to a unit, the duration to the millisecond.
func keepStart(f *Flow, unit int64) {
	duration := roundTo(f.End-f.Start, 1000)
	f.Start -= f.Start % unit
	f.End = f.Start + duration
}

func roundTo(micros, unit int64) int64 { return (micros + unit/2) / unit * unit }

func keepZeek(f *Flow) {
	f.ToS = 0
	f.TCPFlags &= flagFIN | flagSYN | flagRST | flagPSH | flagACK
	if f.Proto != protoTCP {
		f.TCPFlags = 0
	}
	if isICMP(f.Proto) {
		f.SrcPort = 0
		if _, answered := icmpAnswers[f.Proto][uint8(f.DstPort>>8)]; answered {
			f.DstPort &= 0xff00
		}
	}
}

// edgeFlows are the outermost of what a flow may be.
func edgeFlows() []Flow {
	edges := map[string]func(f *Flow){
		"the first moment":    func(f *Flow) { f.Start, f.End = minTime, minTime },
		"the last moment":     func(f *Flow) { f.Start, f.End = maxTime, maxTime },
		"half a second of it": func(f *Flow) { f.Start, f.End = maxTime-500_000, maxTime },
		"a leap day":          func(f *Flow) { f.Start, f.End = at("2024-02-29 23:59:59.999999"), at("2024-03-01 00:00:00") },
		"a year long":         func(f *Flow) { f.End = f.Start + 365*24*3600*1e6 },
		"all that counts":     func(f *Flow) { f.Packets, f.Bytes = maxCount/20, maxCount },
		"the largest":         func(f *Flow) { f.Packets, f.Bytes = 1, maxPacketBytes },
		"the smallest":        func(f *Flow) { f.Packets, f.Bytes = 1, minPacketBytes },
		"the highest ports":   func(f *Flow) { f.SrcPort, f.DstPort = 65535, 65535 },
		"no ports":            func(f *Flow) { f.SrcPort, f.DstPort = 0, 0 },
		"no address":          func(f *Flow) { f.SrcAddr, f.DstAddr = netip.IPv4Unspecified(), netip.IPv6Unspecified() },
		"every bit":           func(f *Flow) { f.SrcAddr = netip.AddrFrom16([16]byte(bytes.Repeat([]byte{255}, 16))) },
		"a long label":        func(f *Flow) { f.Label = strings.Repeat("ä", maxLabelBytes/2) },
		"a label of marks":    func(f *Flow) { f.Label = `a\b|c;d#e{f}<g>&'h` },
	}
	var flows []Flow
	for _, name := range slices.Sorted(maps.Keys(edges)) {
		for _, proto := range []uint8{protoTCP, protoUDP, protoICMP, protoICMPv6, 132} {
			f := testFlow()
			f.Proto = proto
			edges[name](&f)
			flows = append(flows, f)
		}
	}
	return flows
}

// Reading what was written gives the same flows, but for what the format has no room for.
func TestFormatsReadWhatTheyWrite(t *testing.T) {
	flows := randomFlows(17, 5_000)
	for i := range flows {
		flows[i].Start -= int64(i*7919) % 1_000_000
		if i%10 == 0 {
			flows[i].Proto = protoICMP
		}
		if i%10 == 1 {
			flows[i].Proto = protoTCP
		}
	}
	flows = append(flows, edgeFlows()...)
	for i := range flows {
		flows[i].Host = flows[i].SrcAddr
	}
	for _, name := range WriteFormats() {
		t.Run(name, func(t *testing.T) {
			in := filepath.Join(t.TempDir(), "flows")
			write(t, in, written(t, name, flows))
			got, s, err := readFlows(IngestOptions{Inputs: []string{in}})
			if err != nil || s.Bad > 0 || len(got) != len(flows) {
				t.Fatalf("%d flows of %d, refused %v, %v", len(got), len(flows), s.BadLines, err)
			}
			for i, want := range flows {
				if keep := kept[name]; keep != nil {
					keep(&want)
				}
				if got[i] != want {
					t.Fatalf("flow %d:\n got %+v\nwant %+v\n of  %+v", i, got[i], want, flows[i])
				}
			}
		})
	}
}

func at(text string) int64 {
	moment, err := time.Parse("2006-01-02 15:04:05.999999", text)
	if err != nil {
		panic(err)
	}
	return moment.UnixMicro()
}

// flowOf returns a flow of TCP; edits say how it differs.
func flowOf(start, end, source, destination string, sourcePort, destinationPort uint16, packets, bytes uint64, edits ...func(*Flow)) Flow {
	f := Flow{
		Start: at(start), End: at(end), SrcAddr: netip.MustParseAddr(source), DstAddr: netip.MustParseAddr(destination),
		SrcPort: sourcePort, DstPort: destinationPort, Proto: protoTCP, Packets: packets, Bytes: bytes,
	}
	f.Host = f.SrcAddr
	for _, edit := range edits {
		edit(&f)
	}
	return f
}

func proto(number uint8) func(*Flow)     { return func(f *Flow) { f.Proto = number } }
func flags(flags, tos uint8) func(*Flow) { return func(f *Flow) { f.TCPFlags, f.ToS = flags, tos } }
func labelled(label string) func(*Flow)  { return func(f *Flow) { f.Label = label } }

const argusHeader = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label\n"

const nfv3Header = "FLOW_START_MILLISECONDS,FLOW_END_MILLISECONDS,IPV4_SRC_ADDR,L4_SRC_PORT,IPV4_DST_ADDR,L4_DST_PORT,PROTOCOL," +
	"L7_PROTO,IN_BYTES,IN_PKTS,OUT_BYTES,OUT_PKTS,TCP_FLAGS,CLIENT_TCP_FLAGS,SERVER_TCP_FLAGS,FLOW_DURATION_MILLISECONDS,ICMP_TYPE," +
	"Label,Attack\n"

// Lines put together from each format's documentation; testdata/captures has what the tools themselves wrote.
func TestFormatsRead(t *testing.T) {
	tests := map[string]struct {
		text string
		want []Flow
	}{
		"nfdump, ten columns": {
			nfdumpHeader + "2024-01-02 03:04:05.678,1.500,TCP,192.0.2.1,40000,198.51.100.7,443,10,1200,1\n" +
				"2024-01-02 03:04:05.678,0.000,1,192.0.2.1,0,198.51.100.7,3.1,1,84,1\n",
			[]Flow{
				flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:04:07.178", "192.0.2.1", "198.51.100.7", 40000, 443, 10, 1200),
				flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:04:05.678", "192.0.2.1", "198.51.100.7", 0, 769, 1, 84, proto(1)),
			},
		},
		"nfdump, csv-fast": {
			"cnt,af,firstSeen,lastSeen,proto,srcAddr,srcPort,dstAddr,dstPort,srcAS,dstAS,input,output,flags,srcTos,packets,bytes\n" +
				"1,2,1704164645678,1704164647178,6,192.0.2.1,40000,198.51.100.7,443,0,0,1,2,...AP.SF,8,10,1200\n" +
				"2,10,1704164645678,1704164645678,17,2001:db8::1,53,2001:db8::2,53,0,0,1,2,........,0,1,100\n",
			[]Flow{
				flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:04:07.178", "192.0.2.1", "198.51.100.7", 40000, 443, 10, 1200, flags(27, 8)),
				flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:04:05.678", "2001:db8::1", "2001:db8::2", 53, 53, 1, 100, proto(17)),
			},
		},
		"nfdump, tags of one's own, both directions": {
			"dstAddr,srcAddr,proto,srcPort,dstPort,inBytes,inPackets,outBytes,outPackets,firstSeen,lastSeen,label\n" +
				"198.51.100.7,192.0.2.1,6,40000,443,1.2 M,1000,2.5 k,40,1704164645.678,1704164647.178,<none>\n",
			[]Flow{
				flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:04:07.178", "192.0.2.1", "198.51.100.7", 40000, 443, 1000, 1_200_000),
				flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:04:07.178", "198.51.100.7", "192.0.2.1", 443, 40000, 40, 2500),
			},
		},
		"nfdump 1.6, with its summary": {
			nfdump16Header + "2016-04-11 00:06:22,2016-04-11 00:06:23,0.640,192.0.2.1,198.51.100.7,0,2048,ICMP,........,0,0,1,84,1,84," +
				strings.Repeat("0,", 32) + "0\nSummary\nflows,bytes,packets,avg_bps,avg_pps,avg_bpp\n1,84,1,0,0,84\n",
			[]Flow{
				flowOf("2016-04-11 00:06:22", "2016-04-11 00:06:22.64", "192.0.2.1", "198.51.100.7", 0, 2048, 1, 84, proto(1)),
				flowOf("2016-04-11 00:06:22", "2016-04-11 00:06:22.64", "198.51.100.7", "192.0.2.1", 0, 0, 1, 84, proto(1)),
			},
		},
		"Zeek TSV, site's own columns, no ip_proto": {
			"#separator \\x09\n#path\tconn\n#open\t2024-01-02-03-04-05\n" +
				"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tcommunity_id\tproto\tduration\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n" +
				"#types\ttime\tstring\taddr\tport\taddr\tport\tstring\tenum\tinterval\tstring\tcount\tcount\tcount\tcount\n" +
				"1704164645.678901\tC1\t192.0.2.1\t40000\t198.51.100.7\t443\tx\ttcp\t1.500000\tShADadFf\t10\t1200\t8\t4000\n" +
				"1704164645.678901\tC2\t192.0.2.1\t8\t198.51.100.7\t0\tx\ticmp\t-\t-\t1\t84\t1\t84\n" +
				"1704164645.678901\tC3\t2001:db8::1\t1\t2001:db8::2\t4\tx\ticmp\t-\t-\t1\t84\t0\t0\n#close\t2024-01-02-04-00-00\n",
			[]Flow{
				flowOf("2024-01-02 03:04:05.678901", "2024-01-02 03:04:07.178901", "192.0.2.1", "198.51.100.7", 40000, 443, 10, 1200, flags(27, 0)),
				flowOf("2024-01-02 03:04:05.678901", "2024-01-02 03:04:07.178901", "198.51.100.7", "192.0.2.1", 443, 40000, 8, 4000, flags(27, 0)),
				flowOf("2024-01-02 03:04:05.678901", "2024-01-02 03:04:05.678901", "192.0.2.1", "198.51.100.7", 0, 2048, 1, 84, proto(1)),
				flowOf("2024-01-02 03:04:05.678901", "2024-01-02 03:04:05.678901", "198.51.100.7", "192.0.2.1", 0, 0, 1, 84, proto(1)),
				flowOf("2024-01-02 03:04:05.678901", "2024-01-02 03:04:05.678901", "2001:db8::1", "2001:db8::2", 0, 260, 1, 84, proto(58)),
			},
		},
		"Zeek JSON": {
			`{"ts":1704164645.678901,"uid":"C1","id.orig_h":"192.0.2.1","id.orig_p":40000,"id.resp_h":"198.51.100.7","id.resp_p":53,` +
				`"proto":"udp","duration":9.5367431640625e-07,"local_orig":true,"tunnel_parents":["a]}",{"b":"\""}],"history":"Dd",` +
				`"orig_pkts":1,"orig_ip_bytes":60,"resp_pkts":1,"resp_ip_bytes":160}` + "\n" +
				`{"ts":"2024-01-02T03:04:05.5Z","id.orig_h":"192.0.2.1","id.orig_p":1,"id.resp_h":"198.51.100.7","id.resp_p":2,` +
				`"proto":"unknown_transport","orig_pkts":1,"orig_ip_bytes":60,"ip_proto":132,"label":"a\u0062c"}` + "\n",
			[]Flow{
				flowOf("2024-01-02 03:04:05.678901", "2024-01-02 03:04:05.678902", "192.0.2.1", "198.51.100.7", 40000, 53, 1, 60, proto(17)),
				flowOf("2024-01-02 03:04:05.678901", "2024-01-02 03:04:05.678902", "198.51.100.7", "192.0.2.1", 53, 40000, 1, 160, proto(17)),
				flowOf("2024-01-02 03:04:05.5", "2024-01-02 03:04:05.5", "192.0.2.1", "198.51.100.7", 1, 2, 1, 60, proto(132), labelled("abc")),
			},
		},
		"CIDDS": {
			ciddsHeader + "2017-03-15 00:01:16.632,    0.000,TCP  ,192.168.100.5,445,EXT_SERVER,58844,1,    108,1,.AP...,0,normal,---,---,---\n" +
				"2017-03-15 00:01:16.552,1.5,ICMP ,10008_132,0,192.168.220.15,8.0,2000,  1.2 M,1,......,192,attacker,pingScan,5,x\n",
			[]Flow{
				flowOf("2017-03-15 00:01:16.632", "2017-03-15 00:01:16.632", "192.168.100.5", "251.224.118.54", 445, 58844, 1, 108, flags(24, 0), labelled("normal")),
				flowOf("2017-03-15 00:01:16.552", "2017-03-15 00:01:18.052", "240.39.24.132", "192.168.220.15", 0, 2048, 2000, 1_200_000, proto(1), flags(0, 192), labelled("pingScan")),
			},
		},
		"Argus binetflow": {
			argusHeader + "2011/08/10 09:46:53.058760,20.360268,tcp,147.32.3.93,443,  <?>,147.32.84.59,51790,FPA_FRPA,0,2,133,81929,67597,flow=Background\n" +
				"2011/08/10 09:46:54.000000,0.000000,icmp,147.32.84.165,0x0303,   ->,147.32.96.69,0x4fa8,URP,0,,1,70,70,flow=Background\n" +
				"2011/08/10 09:46:56.000000,0.000000,arp,147.32.84.165,,  who,147.32.85.1,,INT,,,1,60,60,flow=Background\n" +
				"2011/08/10 09:46:56.000000,0.000000,llc,00:15:17:2c:e5:2d,0,   ->,00:15:17:2c:e5:2e,0,INT,,,1,60,60,\n",
			[]Flow{
				flowOf("2011-08-10 09:46:53.05876", "2011-08-10 09:47:13.419028", "147.32.3.93", "147.32.84.59", 443, 51790, 67, 67597, flags(25, 0), labelled("flow=Background")),
				flowOf("2011-08-10 09:46:53.05876", "2011-08-10 09:47:13.419028", "147.32.84.59", "147.32.3.93", 51790, 443, 66, 14332, flags(29, 2), labelled("flow=Background")),
				flowOf("2011-08-10 09:46:54", "2011-08-10 09:46:54", "147.32.84.165", "147.32.96.69", 0, 771, 1, 70, proto(1), labelled("flow=Background")),
			},
		},
		"NF-v3": {
			nfv3Header + "1704164645678,1704164647178,192.0.2.1,40000,198.51.100.7,443,6,91,1200,10,4000,8,31,19,27,1500,0,1,DoS\n" +
				"1704164645678,1704164645678,192.0.2.1,0,198.51.100.7,0,1,81,84,1,0,0,0,0,0,0,2048,0,Benign\n",
			[]Flow{
				flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:04:07.178", "192.0.2.1", "198.51.100.7", 40000, 443, 10, 1200, flags(19, 0), labelled("DoS")),
				flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:04:07.178", "198.51.100.7", "192.0.2.1", 443, 40000, 8, 4000, flags(27, 0), labelled("DoS")),
				flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:04:05.678", "192.0.2.1", "198.51.100.7", 0, 2048, 1, 84, proto(1), labelled("Benign")),
			},
		},
		"ECS, nested and dotted": {
			`{"@timestamp":"2024-01-02T03:04:06Z","event":{"start":"2024-01-02T03:04:05.678Z","end":"2024-01-02T04:04:07.178+01:00"},` +
				`"source":{"ip":"192.0.2.1","port":40000,"packets":10,"bytes":1200},"destination.ip":"198.51.100.7","destination.port":443,` +
				`"network":{"iana_number":"6"},"netflow":{"tcp_control_bits":27}}` + "\n",
			[]Flow{
				flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:04:07.178", "192.0.2.1", "198.51.100.7", 40000, 443, 10, 1200, flags(27, 0)),
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, counts := parseText(t, tc.text, BiflowSplit)
			if counts.bad > 0 || counts.changed != nil || !slices.Equal(got, tc.want) {
				t.Errorf("refused %v\n got %+v\nwant %+v", counts.badLines, got, tc.want)
			}
			lines := int64(strings.Count(tc.text, "\n"))
			if counts.lines != lines || counts.records+counts.notIP+counts.other != lines || counts.flows != int64(len(got)) {
				t.Errorf("counts %+v, want every one of %d lines in one of them", counts, lines)
			}
		})
	}
}
