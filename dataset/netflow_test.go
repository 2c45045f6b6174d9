package dataset

import (
	"bytes"
	"encoding/binary"
	"math"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/netsampler/goflow2/v2/decoders/netflow"
)

// ipfixSet is a set of an IPFIX message: its number, and numbers of the size of their type.
func ipfixSet(id uint16, values ...any) []byte {
	var body bytes.Buffer
	for _, v := range values {
		if err := binary.Write(&body, binary.BigEndian, v); err != nil {
			panic(err) // all have a size
		}
	}
	return append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, id), uint16(4+body.Len())), body.Bytes()...)
}

// ipfixMessage is a message of observation domain 7, exported at seconds since 1970.
func ipfixMessage(seconds int64, sets ...[]byte) []byte {
	body := slices.Concat(sets...)
	b := binary.BigEndian.AppendUint16(nil, 10)
	b = binary.BigEndian.AppendUint16(b, uint16(16+len(body)))
	b = binary.BigEndian.AppendUint32(b, uint32(seconds))
	b = binary.BigEndian.AppendUint32(b, 0)
	return append(binary.BigEndian.AppendUint32(b, 7), body...)
}

// Elements 21 and 22 of IPFIX count from element 160, which stands in an options record or beside them: no header has an
// uptime. Without it they tell no time, and a record that has not its times otherwise is refused.
func TestIPFIXTimesSinceTheExportersStart(t *testing.T) {
	const exported = 1_700_000_000
	optionsTemplate := ipfixSet(3, uint16(256), uint16(2), uint16(1), uint16(149), uint16(4), uint16(160), uint16(8))
	const flowFields = 7
	flowTemplate := func(id uint16, more ...uint16) []byte {
		fields := append([]uint16{8, 4, 12, 4, 4, 1, 2, 4, 1, 4, 22, 4, 21, 4}, more...)
		return ipfixSet(2, id, uint16(flowFields+len(more)/2), fields)
	}
	for name, uptime := range map[string]time.Duration{
		"an hour": time.Hour, "three days": 72 * time.Hour, "thirty days": 30 * 24 * time.Hour, "more than a count holds": 80 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			began := exported*1000 - uptime.Milliseconds()
			since := func(before time.Duration) uint32 { return uint32(exported*1000 - before.Milliseconds() - began) }
			values := []any{
				uint32(0x0a000001), uint32(0x08080808), uint8(17), uint32(3), uint32(300), since(10500 * time.Millisecond), since(2 * time.Second),
			}
			flow := ipfixSet(257, values...)
			options := ipfixSet(256, uint32(7), uint64(began))
			const tenBefore, twoBefore = uint64(exported*1000 - 10_500), uint64(exported*1000 - 2000)
			templates := slices.Concat(optionsTemplate, flowTemplate(257), flowTemplate(258, 160, 8), flowTemplate(259, 152, 8, 153, 8),
				flowTemplate(260, 152, 8), flowTemplate(261, 161, 4), flowTemplate(262, 153, 8, 161, 4))
			beside := func(id uint16, more ...any) []byte { return ipfixSet(id, append(slices.Clone(values), more...)...) }
			told := func(began int64) []byte { return ipfixSet(256, uint32(7), uint64(began)) }
			for name, tc := range map[string]struct {
				messages    [][]byte // behind the templates
				read, wrong int
			}{
				"options before":                  {[][]byte{ipfixMessage(exported, options), ipfixMessage(exported, flow, flow)}, 2, 0},
				"options behind in the message":   {[][]byte{ipfixMessage(exported, flow, options), ipfixMessage(exported, flow)}, 2, 0},
				"options in a later message":      {[][]byte{ipfixMessage(exported, flow), ipfixMessage(exported, options), ipfixMessage(exported, flow)}, 1, 1},
				"beside the times":                {[][]byte{ipfixMessage(exported, beside(258, uint64(began)))}, 1, 0},
				"beside the times of one before":  {[][]byte{ipfixMessage(exported, beside(258, uint64(began)), flow), ipfixMessage(exported, flow)}, 3, 0},
				"beside the times and in options": {[][]byte{ipfixMessage(exported, told(began-77_000), beside(258, uint64(began)))}, 1, 0},
				"a restart":                       {[][]byte{ipfixMessage(exported, told(began-77_000)), ipfixMessage(exported, options, flow)}, 1, 0},
				"as 0":                            {[][]byte{ipfixMessage(exported, told(0), flow)}, 0, 1},
				"as 0 after all":                  {[][]byte{ipfixMessage(exported, options), ipfixMessage(exported, told(0), flow)}, 1, 0},
				"beyond all time":                 {[][]byte{ipfixMessage(exported, told(-1), flow)}, 0, 1},
				"nowhere":                         {[][]byte{ipfixMessage(exported, flow)}, 0, 1},
				"nowhere, absolute times":         {[][]byte{ipfixMessage(exported, beside(259, tenBefore, twoBefore))}, 1, 0},
				"nowhere, an absolute start":      {[][]byte{ipfixMessage(exported, beside(260, tenBefore))}, 0, 1},
				"nowhere, a duration":             {[][]byte{ipfixMessage(exported, beside(261, uint32(8500)))}, 0, 1},
				"nowhere, a duration to an end":   {[][]byte{ipfixMessage(exported, beside(262, twoBefore, uint32(8500)))}, 1, 0},
			} {
				messages := append([][]byte{ipfixMessage(exported, templates)}, tc.messages...)
				flows, s, err := readFlows(IngestOptions{
					Inputs: []string{"-"}, Stdin: bytes.NewReader(slices.Concat(messages...)), MaxBad: BadLimit{Share: 1},
				})
				if err != nil && tc.read > 0 || len(flows) != tc.read || int(s.Bad) != tc.wrong || int(s.BadByReason[noSystemInit]) != tc.wrong {
					t.Errorf("%s: %d flows, refused %v, %v, want %d, and %d for their start", name, len(flows), s.BadByReason, err, tc.read, tc.wrong)
				}
				for _, f := range flows {
					if f.Start != exported*1e6-10_500_000 || f.End != exported*1e6-2_000_000 {
						t.Errorf("%s: from %v to %v, want 10.5 s to 2 s before the message", name, time.UnixMicro(f.Start).UTC(), time.UnixMicro(f.End).UTC())
					}
				}
			}
		})
	}
}

// What one observation domain says of its start is not another's, what is kept is bounded, and what cannot be is no start.
func TestExporterKeepsStarts(t *testing.T) {
	const sent = 1_700_000_000
	e := &exporter{started: make(map[uint32]uint64)}
	learn := func(domain uint32, began uint64) {
		e.learnStart(&netflow.IPFIXPacket{ExportTime: sent, ObservationDomainId: domain}, []netflow.DataField{
			{Type: systemInit, Value: binary.BigEndian.AppendUint64(nil, began)}})
	}
	for domain := range uint32(2 * maxDomains) {
		learn(domain, (sent-10)*1000+uint64(domain%10))
	}
	learn(3, (sent-5)*1000)  // a restart
	learn(4, (sent+61)*1000) // behind the message
	learn(5, 1)              // a clock that had not been set
	learn(6, math.MaxUint64) // no time at all
	e.learnStart(&netflow.IPFIXPacket{ExportTime: sent, ObservationDomainId: 7}, []netflow.DataField{
		{Type: systemInit, Value: binary.BigEndian.AppendUint32(nil, sent-20)}}) // seconds in four bytes
	want := map[uint32]uint64{2: (sent-10)*1000 + 2, 3: (sent - 5) * 1000, 4: (sent-10)*1000 + 4, 5: (sent-10)*1000 + 5,
		6: (sent-10)*1000 + 6, 7: (sent-10)*1000 + 7}
	for domain, began := range want {
		if e.started[domain] != began {
			t.Errorf("domain %d began at %d, want %d", domain, e.started[domain], began)
		}
	}
	if len(e.started) != maxDomains {
		t.Errorf("%d starts, want %d", len(e.started), maxDomains)
	}
}

// netflow9Message is a message of source 7 whose exporter had been up for 100 s.
func netflow9Message(seconds uint32, sets ...[]byte) []byte {
	head := []uint16{9, uint16(len(sets))}
	b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, head[0]), head[1])
	for _, n := range []uint32{100_000, seconds, 0, 7} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return append(b, slices.Concat(sets...)...)
}

// What a collector got and wrote down holds messages of all versions, in any order.
func TestMessagesOfAllVersions(t *testing.T) {
	nine := netflow9Message(1_700_000_000, ipfixSet(0, uint16(257), uint16(7), []uint16{8, 4, 12, 4, 4, 1, 2, 4, 1, 4, 22, 4, 21, 4}),
		ipfixSet(257, uint32(0x0a000001), uint32(0x08080808), uint8(17), uint32(3), uint32(300), uint32(1000), uint32(2000)))
	five, err := os.ReadFile(samples + "softflowd-netflow5.bin")
	if err != nil {
		t.Fatal(err)
	}
	ipfix := bytes.Join(ipfixMessages(t, randomFlows(5, 10)), nil)
	parts := map[string][]byte{"5": five, "9": nine, "IPFIX": ipfix}
	read := func(text []byte) int {
		flows, s, err := readFlows(IngestOptions{Inputs: []string{"-"}, Stdin: bytes.NewReader(text)})
		if err != nil || s.Bad != 0 {
			t.Fatalf("%d refused, %v", s.Bad, err)
		}
		return len(flows)
	}
	for first, a := range parts {
		for second, b := range parts {
			if got, want := read(slices.Concat(a, b)), read(a)+read(b); got != want {
				t.Errorf("%s before %s: %d flows, want %d", first, second, got, want)
			}
		}
	}
}

// Templates have elements that say the same in two ways, of which one holds.
func TestElementsThatSayTheSame(t *testing.T) {
	const now = 1_700_000_000
	start, end := uint64(now*1000-5000), uint64(now*1000-1000)
	four := []any{uint32(0x0a000001), uint32(0x08080808)}
	none := []any{[4]byte{}, [4]byte{}}
	six := []any{netip.MustParseAddr("2001:db8::1").As16(), netip.MustParseAddr("2001:db8::2").As16()}
	noSix := []any{[16]byte{}, [16]byte{}}
	times := []any{uint8(17), start, end}
	counts := []any{uint64(3), uint64(300)}
	timesAre, countsAre := []uint16{4, 1, 152, 8, 153, 8}, []uint16{2, 8, 1, 8}
	for name, tc := range map[string]struct {
		fields []uint16
		values []any
		source string // "" where the record is refused
	}{
		"IPv4 before no IPv6": {slices.Concat([]uint16{8, 4, 12, 4, 27, 16, 28, 16}, timesAre, countsAre), slices.Concat(four, noSix, times, counts), "10.0.0.1"},
		"no IPv6 before IPv4": {slices.Concat([]uint16{27, 16, 28, 16, 8, 4, 12, 4}, timesAre, countsAre), slices.Concat(noSix, four, times, counts), "10.0.0.1"},
		"IPv6 before no IPv4": {slices.Concat([]uint16{27, 16, 28, 16, 8, 4, 12, 4}, timesAre, countsAre), slices.Concat(six, none, times, counts), "2001:db8::1"},
		"deltas before totals": {slices.Concat([]uint16{8, 4, 12, 4}, timesAre, countsAre, []uint16{86, 8, 85, 8}),
			slices.Concat(four, times, counts, []any{uint64(3000), uint64(300_000)}), "10.0.0.1"},
		"totals before deltas": {slices.Concat([]uint16{8, 4, 12, 4}, timesAre, []uint16{86, 8, 85, 8}, countsAre),
			slices.Concat(four, times, []any{uint64(3000), uint64(300_000)}, counts), "10.0.0.1"},
		"totals":        {slices.Concat([]uint16{8, 4, 12, 4}, timesAre, []uint16{86, 8, 85, 8}), slices.Concat(four, times, counts), "10.0.0.1"},
		"a start alone": {slices.Concat([]uint16{8, 4, 12, 4, 4, 1, 152, 8}, countsAre), slices.Concat(four, times[:2], counts), ""},
	} {
		message := ipfixMessage(now, ipfixSet(2, uint16(257), uint16(len(tc.fields)/2), tc.fields), ipfixSet(257, tc.values...))
		flows, s, err := readFlows(IngestOptions{Inputs: []string{"-"}, Stdin: bytes.NewReader(message), MaxBad: BadLimit{Share: 1}})
		if tc.source == "" {
			if len(flows) != 0 || s.BadByReason[badTime] != 1 {
				t.Errorf("%s: %+v, refused %v, want it refused", name, flows, s.BadByReason)
			}
			continue
		}
		if err != nil || len(flows) != 1 || flows[0].SrcAddr.String() != tc.source || flows[0].Packets != 3 || flows[0].Bytes != 300 {
			t.Errorf("%s: %+v, %v, want 3 packets, 300 bytes from %s", name, flows, err, tc.source)
		}
	}
}

// A template is withdrawn by its number, and all by the number of their set (RFC 7011, section 8.1).
func TestTemplatesAreWithdrawn(t *testing.T) {
	for _, withdrawn := range []uint16{257, 2} {
		known := make(templates)
		for _, id := range []uint16{257, 258} {
			if err := known.AddTemplate(10, 7, id, netflow.TemplateRecord{Fields: []netflow.Field{{Type: 8, Length: 4}}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := known.AddTemplate(10, 7, withdrawn, netflow.TemplateRecord{}); err != nil {
			t.Fatal(err)
		}
		if want := map[uint16]int{257: 1, 2: 0}[withdrawn]; len(known) != want {
			t.Errorf("%d withdrawn: %d templates left, want %d", withdrawn, len(known), want)
		}
	}
}
