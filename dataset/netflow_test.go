package dataset

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"
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
// uptime. Without it they tell no time, and a record with no other time is refused.
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
			for name, tc := range map[string]struct {
				messages    [][]byte
				read, wrong int
			}{
				"options before": {[][]byte{
					ipfixMessage(exported, optionsTemplate, flowTemplate(257), options), ipfixMessage(exported, flow, flow)}, 2, 0},
				"options after the first flow": {[][]byte{
					ipfixMessage(exported, optionsTemplate, flowTemplate(257), flow, options), ipfixMessage(exported, flow)}, 1, 1},
				"beside the flow": {[][]byte{
					ipfixMessage(exported, flowTemplate(258, 160, 8), ipfixSet(258, append(slices.Clone(values), uint64(began))...))}, 1, 0},
				"a restart is told": {[][]byte{
					ipfixMessage(exported, optionsTemplate, flowTemplate(257), ipfixSet(256, uint32(7), uint64(began-77_000))),
					ipfixMessage(exported, options, flow)}, 1, 0},
				"nowhere": {[][]byte{ipfixMessage(exported, flowTemplate(257), flow)}, 0, 1},
				"nowhere, with a time of its own": {[][]byte{ipfixMessage(exported, flowTemplate(258, 152, 8, 153, 8), ipfixSet(258,
					append(slices.Clone(values), uint64(exported*1000-10_500), uint64(exported*1000-2000))...))}, 1, 0},
			} {
				flows, s, err := readFlows(IngestOptions{
					Inputs: []string{"-"}, Stdin: bytes.NewReader(slices.Concat(tc.messages...)), MaxBad: BadLimit{Share: 1},
				})
				if err != nil && tc.read > 0 || len(flows) != tc.read || int(s.BadByReason[badTime]) != tc.wrong {
					t.Errorf("%s: %d flows, refused %v, %v, want %d, and %d for their time", name, len(flows), s.BadByReason, err, tc.read, tc.wrong)
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
