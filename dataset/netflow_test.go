package dataset

import (
	"bytes"
	"encoding/binary"
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

// What one observation domain says of its start is not another's, and what is kept is bounded.
func TestExporterKeepsStarts(t *testing.T) {
	e := &exporter{started: make(map[uint32]uint64)}
	start := func(ms uint64) []netflow.DataField {
		return []netflow.DataField{{Type: systemInit, Value: binary.BigEndian.AppendUint64(nil, ms)}}
	}
	for domain := range uint32(2 * maxDomains) {
		e.learnStart(domain, start(uint64(domain)+1))
	}
	e.learnStart(3, start(9)) // a restart
	e.learnStart(5, nil)
	if len(e.started) != maxDomains || e.started[2] != 3 || e.started[3] != 9 || e.started[5] != 6 {
		t.Errorf("%d starts, of domains 2, 3 and 5 %d, %d and %d, want %d, and 3, 9 and 6",
			len(e.started), e.started[2], e.started[3], e.started[5], maxDomains)
	}
}
