package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netsampler/goflow2/v2/decoders/netflow"
)

const samples = "../testdata/captures/"

// readFlows reads captures, every flow once and as its source saw it.
func readFlows(o IngestOptions) ([]Flow, *Summary, error) {
	g, err := newIngester(o)
	if err != nil {
		return nil, nil, err
	}
	var flows []Flow
	g.internal, g.threads = nil, 1
	g.take = func(_ block, rows []Flow) error {
		flows = append(flows, rows...)
		return nil
	}
	err = g.run(context.Background())
	return flows, g.summary(), err
}

// The packets that nfpcapd made flows of come to the same flows here.
func TestPacketsBecomeTheFlowsOfNfpcapd(t *testing.T) {
	want, _, err := readFlows(IngestOptions{Inputs: []string{samples + "nfdump-1.7.1.csv"}})
	if err != nil {
		t.Fatal(err)
	}
	got, s, err := readFlows(IngestOptions{Inputs: []string{samples + "packets.pcap"}})
	if err != nil {
		t.Fatal(err)
	}
	if s.Lines != 15 || s.Records != 15 || s.Flows != 10 || s.Bad != 0 {
		t.Errorf("summary %+v, want 15 packets, 10 flows", s)
	}
	// The same packets as tshark writes them.
	if again, _, err := readFlows(IngestOptions{Inputs: []string{samples + "packets.pcapng"}}); err != nil || !slices.Equal(again, got) {
		t.Errorf("pcapng: %+v, %v, want %+v", again, err, got)
	}
	byKey := func(a, b Flow) int { return strings.Compare(key(&a), key(&b)) }
	slices.SortFunc(want, byKey)
	slices.SortFunc(got, byKey)
	for i := range want {
		g, w := &got[i], &want[i]
		// nfdump prints whole seconds and durations in ms, and nfpcapd 1.7.1 leaves out the type of service.
		if key(g) != key(w) || g.Packets != w.Packets || g.Bytes != w.Bytes || g.TCPFlags != w.TCPFlags ||
			g.Start/1e6 != w.Start/1e6 || roundTo(g.End-g.Start, 1000) != w.End-w.Start {
			t.Errorf("flow %s:\n got %+v\nwant %+v", key(w), *g, *w)
		}
	}
	dns := slices.IndexFunc(got, func(f Flow) bool { return f.DstPort == 53 })
	if f := got[dns]; f.Start != at("2024-01-02 03:04:05.778901") || f.ToS != 8 {
		t.Errorf("query %+v, want its time to the µs and its ToS", f)
	}
}

// Whatever comes, no packet is lost or counted twice, and no flow is longer or more idle than allowed.
func TestAssemblerKeepsEveryPacket(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	timeouts := Timeouts{Idle: 2 * time.Second, Active: 10 * time.Second}
	var packets, size, flows uint64
	a := newAssembler(timeouts, func(f *Flow) {
		packets += f.Packets
		size += f.Bytes
		flows++
		if f.End-f.Start > timeouts.Active.Microseconds() {
			t.Fatalf("flow of %v, want at most %v", f.Duration(), timeouts.Active)
		}
	})
	var sent, sentBytes uint64
	now := at("2024-01-02 00:00:00")
	for range 50_000 {
		now += int64(r.IntN(20_000))
		f := testFlow()
		f.Proto, f.TCPFlags = protoTCP, uint8(r.IntN(32))
		f.SrcPort, f.Packets, f.Bytes, f.Start, f.End = uint16(r.IntN(50)), 1, uint64(40+r.IntN(1000)), now, now
		sent++
		sentBytes += f.Bytes
		a.add(&f)
	}
	a.finish()
	if packets != sent || size != sentBytes || len(a.open) != 0 || flows < 1000 || flows == sent {
		t.Errorf("%d packets and %d bytes in %d flows, want %d and %d", packets, size, flows, sent, sentBytes)
	}
}

func TestAssemblerEndsFlows(t *testing.T) {
	type step struct {
		after time.Duration
		flags uint8
	}
	tests := map[string]struct {
		steps []step
		want  []uint64 // packets of each flow
	}{
		"a connection":            {[]step{{0, flagSYN}, {1, flagACK}, {1, flagFIN | flagACK}, {1, flagACK}}, []uint64{4}},
		"idle":                    {[]step{{0, flagACK}, {15 * time.Second, flagACK}, {15*time.Second + time.Microsecond, flagACK}}, []uint64{2, 1}},
		"a SYN after a RST":       {[]step{{0, flagSYN}, {1, flagRST}, {1, flagSYN}, {1, flagACK}}, []uint64{2, 2}},
		"a SYN sent again":        {[]step{{0, flagSYN}, {1, flagSYN}}, []uint64{2}},
		"active for half an hour": {slices.Repeat([]step{{10 * time.Second, flagACK}}, 181), []uint64{180, 1}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var got []uint64
			a := newAssembler(Timeouts{}, func(f *Flow) { got = append(got, f.Packets) })
			now := at("2024-01-02 00:00:00")
			for _, s := range tc.steps {
				now += s.after.Microseconds()
				f := testFlow()
				f.Proto, f.TCPFlags, f.Packets, f.Start, f.End = protoTCP, s.flags, 1, now, now
				a.add(&f)
			}
			a.finish()
			if !slices.Equal(got, tc.want) {
				t.Errorf("packets %d, want %d", got, tc.want)
			}
		})
	}
}

// oneFrame returns a capture of one frame.
func oneFrame(link uint32, frame []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	for _, n := range []uint32{0, 0, 65535, link, 1_704_164_645, 678_901, uint32(len(frame)), uint32(len(frame))} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return append(b, frame...)
}

func TestPacketsOfAllKinds(t *testing.T) {
	ip4 := "\x45\x08\x00\x20\x00\x00\x00\x00\x40\x11\x00\x00\xc0\x00\x02\x01\xc6\x33\x64\x07" + "\x00\x35\xcf\x08\x00\x0c\x00\x00...."
	ip6 := "\x60\x80\x00\x00\x00\x14\x3c\x40" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02" + "\x11\x00\x00\x00\x00\x00\x00\x00" + "\x00\x35\xcf\x08\x00\x0c\x00\x00...."
	const ethernet = "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01"
	udp := func(f *Flow) { f.Proto, f.SrcPort, f.DstPort = 17, 53, 53000 }
	at := "2024-01-02 03:04:05.678901"
	tests := map[string]struct {
		link  uint32
		frame string
		want  *Flow // nil for none
		bad   int64
	}{
		"Ethernet":          {1, ethernet + "\x08\x00" + ip4, ptr(flowOf(at, at, "192.0.2.1", "198.51.100.7", 0, 0, 1, 32, udp, tos(8))), 0},
		"a VLAN in a VLAN":  {1, ethernet + "\x81\x00\x00\x05\x81\x00\x00\x06\x08\x00" + ip4, ptr(flowOf(at, at, "192.0.2.1", "198.51.100.7", 0, 0, 1, 32, udp, tos(8))), 0},
		"raw IPv6, options": {101, ip6, ptr(flowOf(at, at, "2001:db8::1", "2001:db8::2", 0, 0, 1, 60, udp, tos(8))), 0},
		"loopback":          {0, "\x02\x00\x00\x00" + ip4, ptr(flowOf(at, at, "192.0.2.1", "198.51.100.7", 0, 0, 1, 32, udp, tos(8))), 0},
		"a later fragment": {101, strings.Replace(ip4, "\x00\x20\x00\x00\x00\x00", "\x00\x20\x00\x00\x00\x05", 1),
			ptr(flowOf(at, at, "192.0.2.1", "198.51.100.7", 0, 0, 1, 32, proto(17), tos(8))), 0},
		"ARP":             {1, ethernet + "\x08\x06" + strings.Repeat("\x00", 28), nil, 0},
		"cut in IP":       {1, ethernet + "\x08\x00" + ip4[:19], nil, 1},
		"cut in Ethernet": {1, ethernet[:5], nil, 1},
		"IP version 5":    {101, "\x55" + ip4[1:], nil, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, s, err := readFlows(IngestOptions{Inputs: []string{"-"}, Stdin: bytes.NewReader(oneFrame(tc.link, []byte(tc.frame))), MaxBad: BadLimit{Share: 1}})
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == nil && (len(got) > 0 || s.Bad != tc.bad || s.NotIP != 1-tc.bad) {
				t.Errorf("flows %+v, summary %+v, want none and %d damaged", got, s, tc.bad)
			}
			if tc.want != nil && (len(got) != 1 || got[0] != *tc.want) {
				t.Errorf("flows %+v, want %+v", got, *tc.want)
			}
		})
	}
}

func ptr(f Flow) *Flow { return &f }

func tos(value uint8) func(*Flow) { return func(f *Flow) { f.ToS = value } }

func TestPcapFaults(t *testing.T) {
	whole, err := os.ReadFile(samples + "packets.pcap")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		content []byte
		message string
	}{
		"magic only":          {whole[:4], "after 0 packets"},
		"cut in a packet":     {whole[:len(whole)-10], "after 14 packets"},
		"a link type unknown": {oneFrame(105, []byte("x")), "link type"},
		"pcapng, magic only":  {[]byte("\x0a\x0d\x0d\x0a"), "after 0 packets"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			write(t, path, string(tc.content))
			_, _, err := readFlows(IngestOptions{Inputs: []string{path}})
			if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("%v, want ErrInput with %q", err, tc.message)
			}
		})
	}
}

// Whatever a capture holds: no panic, only flows that can be kept, every packet counted once.
func FuzzPcap(f *testing.F) {
	whole, err := os.ReadFile(samples + "packets.pcap")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	next, err := os.ReadFile(samples + "packets.pcapng")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(next)
	f.Add([]byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x1c\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, content []byte) { fuzzPackets(t, "pcap", content) })
}

func fuzzPackets(t *testing.T, format string, content []byte) {
	flows, s, err := readFlows(IngestOptions{
		Inputs: []string{"-"}, Stdin: bytes.NewReader(content), Format: format, MaxBad: BadLimit{Share: 1},
	})
	for i := range flows {
		if err := flows[i].check(); err != nil {
			t.Fatalf("a flow that cannot be kept: %v", err)
		}
		if reason := checkCounters(flows[i].Packets, flows[i].Bytes); reason != "" {
			t.Fatalf("%+v: %s", flows[i], reason)
		}
	}
	if err == nil && s.Lines != s.Records+s.NotIP+s.Bad+s.OtherLines {
		t.Fatalf("counts do not add up: %+v", s)
	}
}

// What softflowd exported of the sample's packets, as files of messages and as a capture of all three exports.
func TestReadsWhatSoftflowdExported(t *testing.T) {
	want, _, err := readFlows(IngestOptions{Inputs: []string{samples + "packets.pcap"}})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		file, format string
		six          bool // whether IPv6 is in it
		times        int
	}{
		"NetFlow v5":           {"softflowd-netflow5.bin", "auto", false, 1},
		"NetFlow v9":           {"softflowd-netflow9.bin", "auto", true, 1},
		"IPFIX":                {"softflowd-ipfix.bin", "auto", true, 1},
		"a capture of exports": {"exports.pcap", "netflow", true, 3},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, s, err := readFlows(IngestOptions{Inputs: []string{samples + tc.file}, Format: tc.format})
			if err != nil || s.Bad > 0 {
				t.Fatalf("%v, refused %v", err, s.BadLines)
			}
			byKey := make(map[string][]Flow)
			for _, f := range got {
				byKey[key(&f)] = append(byKey[key(&f)], f)
			}
			for _, w := range want {
				flows := byKey[key(&w)]
				delete(byKey, key(&w))
				if w.SrcAddr.Is6() && !tc.six && len(flows) == 0 {
					continue
				}
				if len(flows) < tc.times-1 || len(flows) == 0 {
					t.Errorf("%s: %d flows, want %d", key(&w), len(flows), tc.times)
				}
				for _, f := range flows {
					if f.Packets != w.Packets || f.Bytes != w.Bytes || f.TCPFlags != w.TCPFlags || abs(f.End-f.Start-conversation(want, &w)) > 2000 {
						t.Errorf("got %+v, want but for the time %+v", f, w)
					}
				}
			}
			if len(byKey) > 0 {
				t.Errorf("flows that were not in the packets: %v", byKey)
			}
		})
	}
}

// conversation returns how long a flow and its answer took together: softflowd gives both the same times.
func conversation(flows []Flow, f *Flow) int64 {
	start, end := f.Start, f.End
	for _, g := range flows {
		if g.SrcAddr == f.DstAddr && g.DstAddr == f.SrcAddr && g.SrcPort == f.DstPort && g.DstPort == f.SrcPort && !isICMP(f.Proto) {
			start, end = min(start, g.Start), max(end, g.End)
		}
	}
	return end - start
}

func abs(n int64) int64 { return max(n, -n) }

// Times in NetFlow count from the exporter's start in 32 bits of ms, which wrap every 49.7 days.
func TestExportClock(t *testing.T) {
	sent := at("2024-01-02 03:04:05")
	for name, tc := range map[string]struct {
		uptime, time uint32
		want         int64
	}{
		"a minute before the message":   {3_600_000, 3_540_000, -60_000},
		"at the exporter's start":       {3_600_000, 0, -3_600_000},
		"before the counter wrapped":    {1000, 0xffff_fc18, -2000},
		"a little after, clocks differ": {1000, 1500, 500},
	} {
		c := exportClock{seconds: sent / 1e6, micros: 250_000, uptime: tc.uptime}
		if got := c.at(tc.time) - sent - 250_000; got != tc.want*1000 {
			t.Errorf("%s: %d µs, want %d ms", name, got, tc.want)
		}
	}
}

// Elements that softflowd does not send.
func TestFillBiflow(t *testing.T) {
	field := func(element uint16, bytes ...byte) netflow.DataField {
		return netflow.DataField{Type: element, Value: bytes}
	}
	back := func(element uint16, bytes ...byte) netflow.DataField {
		return netflow.DataField{Type: element, PenProvided: true, Pen: reversePEN, Value: bytes}
	}
	addresses := []netflow.DataField{field(8, 192, 0, 2, 1), field(12, 198, 51, 100, 7)}
	clock := exportClock{seconds: at("2024-01-02 03:04:05") / 1e6}
	tests := map[string]struct {
		fields []netflow.DataField
		want   []Flow
		reason Reason
	}{
		"both directions, ms and a duration": {
			append(addresses, field(4, 6), field(7, 0x9c, 0x40), field(11, 1, 0xbb), field(2, 10), field(1, 4, 0xb0), back(2, 8), back(1, 0xf, 0xa0),
				field(6, 0, 27), back(6, 19), field(152, 0, 0, 1, 0x8c, 0xc8, 0x20, 0xdb, 0x2e), field(161, 5, 0xdc)),
			[]Flow{
				flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:04:07.178", "192.0.2.1", "198.51.100.7", 40000, 443, 10, 1200, flags(27, 0)),
				flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:04:07.178", "198.51.100.7", "192.0.2.1", 443, 40000, 8, 4000, flags(19, 0)),
			}, "",
		},
		"ICMP, total counters, µs before the message": {
			append(addresses, field(4, 1), field(176, 3), field(177, 1), field(86, 1), field(85, 84), field(158, 0, 0x0f, 0x42, 0x40), field(159, 0, 7, 0xa1, 0x20)),
			[]Flow{flowOf("2024-01-02 03:04:04", "2024-01-02 03:04:04.5", "192.0.2.1", "198.51.100.7", 0, 769, 1, 84, proto(1))}, "",
		},
		"NTP's fractions": {
			append(addresses, field(4, 17), field(2, 1), field(1, 84), field(154, 0xe9, 0x3d, 0xfb, 0xa5, 0x80, 0, 0, 0), field(157, 0xe9, 0x3d, 0xfb, 0xa6, 0, 0, 0, 0)),
			[]Flow{flowOf("2024-01-02 03:04:05.5", "2024-01-02 03:04:06", "192.0.2.1", "198.51.100.7", 0, 0, 1, 84, proto(17))}, "",
		},
		"no addresses":   {[]netflow.DataField{field(4, 17)}, nil, notIP},
		"too many bytes": {append(addresses, field(4, 17), field(2, 1), field(1, 1, 0, 0, 0, 0, 0, 0, 0)), nil, badBytes},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var b biflow
			reason := fillBiflow(&b, tc.fields, clock)
			var got []Flow
			if reason == "" {
				if !b.setTimes() {
					t.Fatal("no times")
				}
				got = b.appendFlows(nil, BiflowSplit)
			}
			for i := range got {
				got[i].Host = got[i].SrcAddr
			}
			if reason != tc.reason || !slices.Equal(got, tc.want) {
				t.Errorf("reason %q\n got %+v\nwant %+v", reason, got, tc.want)
			}
		})
	}
}

// Templates with fields of no bytes would let a small message hold records without end.
func TestNetflowFaults(t *testing.T) {
	header := func(length byte) string { return "\x00\x0a\x00" + string(rune(length)) + strings.Repeat("\x00", 12) }
	tests := map[string]string{
		"a field of no bytes":           header(32) + "\x00\x02\x00\x0c\x01\x00\x00\x01\x00\x08\x00\x00" + "\x01\x00\x00\x04",
		"options of no bytes":           header(38) + "\x00\x03\x00\x0e\x01\x00\x00\x01\x00\x01\x00\x08\x00\x00" + "\x01\x00\x00\x08....",
		"a set shorter than its header": header(20) + "\x00\x02\x00\x01",
		"a template that never came":    header(24) + "\x01\x00\x00\x08....",
	}
	for name, message := range tests {
		t.Run(name, func(t *testing.T) {
			flows, s, err := readFlows(IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(message), MaxBad: BadLimit{Share: 1}})
			if len(flows) > 0 || err != nil || s.Bad != 1 || s.Lines != 1 {
				t.Errorf("flows %v, %v, summary %+v, want none and the message refused", flows, err, s)
			}
		})
	}
}

// pcapOf is a packet capture of IP packets without a link layer, a second apart.
func pcapOf(packets ...[]byte) []byte {
	b := []byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x65\x00\x00\x00")
	for i, p := range packets {
		for _, n := range []int{1_700_000_000 + i, 0, len(p), len(p)} {
			b = binary.LittleEndian.AppendUint32(b, uint32(n))
		}
		b = append(b, p...)
	}
	return b
}

// packet4 is a packet from 10.0.0.1 to 10.0.0.2 whose header says that it is length bytes long.
func packet4(length int, proto byte, payload []byte) []byte {
	return append([]byte{0x45, 0, byte(length >> 8), byte(length), 0, 0, 0, 0, 64, proto, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}, payload...)
}

func udpPacket(port uint16, payload []byte) []byte {
	u := []byte{byte(port >> 8), byte(port), 8, 7, byte((8 + len(payload)) >> 8), byte(8 + len(payload)), 0, 0}
	return packet4(28+len(payload), protoUDP, append(u, payload...))
}

// In IPFIX every session has templates of its own, also two of one address (RFC 7011, section 8); NetFlow v9 knows an address
// and a source alone (RFC 3954, section 5.1), whatever port a message comes from.
func TestExportersOfOneAddress(t *testing.T) {
	const sent = 1_700_000_000
	fields := func(source, destination uint16) []uint16 {
		return []uint16{source, 4, destination, 4, 4, 1, 2, 4, 1, 4, 150, 4, 151, 4}
	}
	record := ipfixSet(257, uint32(0x0a000001), uint32(0x08080808), uint8(17), uint32(3), uint32(300), uint32(sent-2), uint32(sent-1))
	read := func(packets ...[]byte) []Flow {
		flows, s, err := readFlows(IngestOptions{Inputs: []string{"-"}, Format: "netflow", Stdin: bytes.NewReader(pcapOf(packets...))})
		if err != nil || s.Bad > 0 {
			t.Fatalf("refused %v, %v", s.BadByReason, err)
		}
		return flows
	}
	template := func(source, destination uint16) []byte {
		return ipfixMessage(sent, ipfixSet(2, uint16(257), uint16(7), fields(source, destination)))
	}
	flows := read(udpPacket(1111, template(8, 12)), udpPacket(2222, template(12, 8)),
		udpPacket(1111, ipfixMessage(sent, record)), udpPacket(2222, ipfixMessage(sent, record)))
	if len(flows) != 2 || flows[0].SrcAddr != flows[1].DstAddr || flows[0].SrcAddr.String() != "10.0.0.1" {
		t.Errorf("%+v, want each read by its session's template", flows)
	}
	packets := [][]byte{udpPacket(1111, netflow9Message(sent, ipfixSet(0, uint16(257), uint16(7), fields(8, 12))))}
	for port := range uint16(2 * maxExporters) {
		packets = append(packets, udpPacket(2000+port, netflow9Message(sent, record)))
	}
	if flows := read(packets...); len(flows) != 2*maxExporters {
		t.Errorf("%d flows of NetFlow v9, want %d: their template came from another port", len(flows), 2*maxExporters)
	}
}

// Packets among the exports that hold no message are not looked at, however they are damaged.
func TestPacketsThatAreNoExports(t *testing.T) {
	six := make([]byte, 60)
	six[0], six[5], six[6] = 0x60, 4, protoUDP
	message := netflow9Message(1_700_000_000, ipfixSet(0, uint16(257), uint16(1), []uint16{8, 4}))
	text := pcapOf(packet4(24, protoUDP, make([]byte, 26)), six, udpPacket(69, []byte("\x00\x05\x00\x01File not found\x00")), udpPacket(1111, message))
	flows, s, err := readFlows(IngestOptions{Inputs: []string{"-"}, Format: "netflow", Stdin: bytes.NewReader(text)})
	if err != nil || len(flows) > 0 || s.Bad > 0 {
		t.Errorf("%+v, refused %v, %v, want nothing", flows, s.BadByReason, err)
	}
}

// A capture that ends in a packet is damaged, also where nothing but its header is left of that.
func TestCutPcap(t *testing.T) {
	for name, format := range map[string]string{"packets.pcap": "", "exports.pcap": "netflow"} {
		whole, err := os.ReadFile(samples + name)
		if err != nil {
			t.Fatal(err)
		}
		ends := map[int]bool{24: true}
		for at := 24; at < len(whole); {
			at += 16 + int(binary.LittleEndian.Uint32(whole[at+8:]))
			ends[at] = true
		}
		for n := 24; n < len(whole); n++ {
			_, _, err := readFlows(IngestOptions{
				Inputs: []string{"-"}, Format: format, Stdin: bytes.NewReader(whole[:n]), MaxBad: BadLimit{Share: 1},
			})
			if (err == nil) != ends[n] {
				t.Fatalf("%s: %d bytes of %d: %v, want an error where a packet is cut", name, n, len(whole), err)
			}
		}
	}
}

// A capture on the host that sends has packets before the network card cuts them up: their headers tell no length.
func TestPacketsBeforeTheyAreCutUp(t *testing.T) {
	six := make([]byte, 40+5000)
	six[0], six[6] = 0x60, protoTCP
	for _, tc := range []struct {
		packet []byte
		onWire int
		bytes  uint64 // 0 if it is damaged
	}{
		{packet4(0, protoTCP, make([]byte, 3000)), 3020, 3020},
		{packet4(0, protoTCP, make([]byte, 44)), 3020, 3020},
		{packet4(0, protoTCP, nil), 70_000, 0},
		{packet4(0, protoICMP, make([]byte, 3000)), 3020, 0},
		{six, 5040, 5040},
		{six[:60], 5040, 5040},
	} {
		var f Flow
		if ok := parsePacket(tc.packet, tc.onWire, &f); ok != (tc.bytes > 0) || ok && f.Bytes != tc.bytes {
			t.Errorf("%d bytes on the wire: %v, %d bytes, want %d", tc.onWire, ok, f.Bytes, tc.bytes)
		}
	}
}

func FuzzNetflow(f *testing.F) {
	for _, name := range []string{"softflowd-netflow5.bin", "softflowd-netflow9.bin", "softflowd-ipfix.bin", "exports.pcap"} {
		content, err := os.ReadFile(samples + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) { fuzzPackets(t, "netflow", content) })
}
