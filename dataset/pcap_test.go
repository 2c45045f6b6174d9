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
	f.Add([]byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x1c\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, content []byte) {
		flows, s, err := readFlows(IngestOptions{
			Inputs: []string{"-"}, Stdin: bytes.NewReader(content), Format: "pcap", MaxBad: BadLimit{Share: 1},
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
	})
}
