package dataset

import (
	"bytes"
	"testing"
	"time"
)

// fuzzParse parses a text as a capture of one of the formats. What is accepted must be a flow that can be kept, every
// line must be counted once, and every reason explained.
func fuzzParse(t *testing.T, among []*notation, text []byte) []Flow {
	t.Helper()
	l, err := detectLayout(text, among)
	if err != nil || l == nil {
		return nil
	}
	p := &blockParser{biflow: BiflowSplit, zone: time.UTC}
	flows, counts := p.parse(block{name: "fuzz", layout: l, firstLine: 1, text: text})
	for i := range flows {
		if err := flows[i].check(); err != nil {
			t.Fatalf("%q gave a flow that cannot be kept: %v", text, err)
		}
		if reason := checkCounters(flows[i].Packets, flows[i].Bytes); reason != "" || flows[i].Packets == 0 {
			t.Fatalf("%q gave a flow of %d bytes in %d packets", text, flows[i].Bytes, flows[i].Packets)
		}
	}
	if counts.lines != counts.records+counts.bad+counts.other+counts.notIP {
		t.Fatalf("%q: counts do not add up: %+v", text, counts)
	}
	for reason := range counts.byReason {
		if wanted[reason] == "" {
			t.Fatalf("%q: reason %q has no explanation", text, reason)
		}
	}
	return flows
}

// fuzzFormat fuzzes one format: what is read can be written in a format that loses nothing, and reads the same again.
func fuzzFormat(f *testing.F, format *notation) {
	for _, text := range seeds(format) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		flows := fuzzParse(t, []*notation{format}, text)
		if len(flows) == 0 {
			return
		}
		var again bytes.Buffer
		w := newECSWriter(&again)
		if err := w.Write(flows); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		second := fuzzParse(t, []*notation{ecsFormat}, again.Bytes())
		if len(second) != len(flows) {
			t.Fatalf("%q: %d flows written as %q, %d read", text, len(flows), again.Bytes(), len(second))
		}
		for i := range flows {
			if second[i] != flows[i] {
				t.Fatalf("%q:\n got %+v\nwant %+v", text, second[i], flows[i])
			}
		}
	})
}

// seeds are texts of a format: what its writer makes of some flows, and its tests' own.
func seeds(format *notation) []string {
	texts := map[string][]string{
		"argus": {argusHeader + "2011/08/10 09:46:53.058760,20.360268,tcp,147.32.3.93,443,  <?>,147.32.84.59,51790,FPA_FRPA,0,2,133,81929,67597,x\n"},
		"nf-v3": {nfv3Header + "1704164645678,1704164647178,192.0.2.1,40000,198.51.100.7,443,6,91,1200,10,4000,8,31,19,27,1500,0,1,DoS\n"},
		"nfdump": {
			"dstAddr,srcAddr,proto,srcPort,dstPort,inBytes,inPackets,outBytes,outPackets,firstSeen,lastSeen\n" +
				"198.51.100.7,192.0.2.1,6,40000,443,1.2 M,1000,2.5 k,40,1704164645.678,1704164647.178\nSummary\n",
		},
	}[format.name]
	for _, writer := range []*notation{format, nfdump16Format} {
		if writer.newWriter == nil || writer != format && format != nfdumpFormat {
			continue
		}
		var text bytes.Buffer
		w := writer.newWriter(&text)
		w.Write(randomFlows(3, 3))
		w.Close()
		texts = append(texts, text.String())
	}
	return texts
}

func FuzzNfdump(f *testing.F)   { fuzzFormat(f, nfdumpFormat) }
func FuzzZeekTSV(f *testing.F)  { fuzzFormat(f, zeekTSVFormat) }
func FuzzZeekJSON(f *testing.F) { fuzzFormat(f, zeekJSONFormat) }
func FuzzCIDDS(f *testing.F)    { fuzzFormat(f, ciddsFormat) }
func FuzzArgus(f *testing.F)    { fuzzFormat(f, argusFormat) }
func FuzzNFv3(f *testing.F)     { fuzzFormat(f, nfv3Format) }
func FuzzECS(f *testing.F)      { fuzzFormat(f, ecsFormat) }
