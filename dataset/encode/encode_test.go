package encode_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"stan/dataset"
	"stan/dataset/encode"
)

var internal = []netip.Prefix{netip.MustParsePrefix("42.219.0.0/16")}

// source is where the real flows of the tests lie; benchmarks and experiments may name a larger folder.
func source() string {
	if dir := os.Getenv("STAN_TEST_FLOWS"); dir != "" {
		return dir
	}
	return "../../testdata/flows"
}

// realFlows are real flows, host by host, with the time of the earliest.
func realFlows(t testing.TB) (flows []dataset.Flow, first int64) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "flows")
	if _, _, err := dataset.Ingest(context.Background(), dataset.IngestOptions{
		Inputs: []string{source()}, Output: dir, Internal: internal}); err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for batch, err := range set.Batches(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		flows = append(flows, batch...)
	}
	first, _ = set.Span()
	return flows, first
}

// batches gives flows in pieces of n.
func batches(flows []dataset.Flow, n int) iter.Seq2[[]dataset.Flow, error] {
	return func(yield func([]dataset.Flow, error) bool) {
		for part := range slices.Chunk(flows, n) {
			if !yield(part, nil) {
				return
			}
		}
	}
}

func fit(t testing.TB, flows []dataset.Flow, first int64, minHosts int) *encode.Vocabulary {
	t.Helper()
	v, err := encode.Fit(batches(flows, 1000), encode.FitOptions{MinHosts: minHosts, Internal: internal, First: first})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	return v
}

// encodeAll encodes flows host by host.
func encodeAll(v *encode.Vocabulary, flows []dataset.Flow, first int64) []encode.Row {
	e := encode.NewEncoder(v, first)
	var rows []encode.Row
	for i := range flows {
		if i == 0 || flows[i].Host != flows[i-1].Host {
			e.Begin(&flows[i])
		}
		rows = e.Encode(rows, flows[i:i+1])
	}
	return rows
}

func TestRowHasTheLayoutOfTheKernels(t *testing.T) {
	if got := unsafe.Sizeof(encode.Row{}); got != 96 {
		t.Errorf("a row has %d bytes, want the 96 of stan::Row", got)
	}
}

// A label of one host is not learned, and its flows do not pass for those of another label; it is told.
func TestRareLabelsBecomeNoLabel(t *testing.T) {
	flows, first := realFlows(t)
	hosts := map[netip.Addr]int{}
	for i := range flows {
		if _, seen := hosts[flows[i].Host]; !seen {
			hosts[flows[i].Host] = len(hosts)
		}
		flows[i].Label = "background"
		switch {
		case i%10 == 0:
			flows[i].Label = "attack"
		case i%11 == 0 && hosts[flows[i].Host] == 1:
			flows[i].Label = "anomaly"
		}
	}
	var notes []string
	v, err := encode.Fit(batches(flows, 1000), encode.FitOptions{MinHosts: 2, Internal: internal, First: first,
		Note: func(message string, attrs ...any) { notes = append(notes, fmt.Sprint(message, attrs)) }})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"background", "attack", ""}; !slices.Equal(v.Labels, want) {
		t.Errorf("labels %q, want %q: the commonest first, then none", v.Labels, want)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "anomaly") {
		t.Errorf("notes %q, want one that names the label of one host", notes)
	}
	for i, row := range encodeAll(v, flows, first) {
		want := flows[i].Label
		if want == "anomaly" {
			want = ""
		}
		if got := v.Decode(&row, flows[i].Host).Label; got != want {
			t.Fatalf("flow %d of label %q became one of %q, want %q", i, flows[i].Label, got, want)
		}
	}
}

// Decoding what was encoded must give the flow back, but for a label that too few hosts have shown, and for the numbers that
// some exporters put where other protocols than TCP, UDP and ICMP have no ports (UGR'16: the halves of ESP's SPI).
func TestRealFlowsSurviveEncoding(t *testing.T) {
	flows, first := realFlows(t)
	v := fit(t, flows, first, 2)
	rows := encodeAll(v, flows, first)
	for i := range rows {
		got, want := v.Decode(&rows[i], flows[i].Host), flows[i]
		if !slices.Contains(v.Labels, want.Label) {
			want.Label = got.Label
		}
		if want.Proto != 1 && want.Proto != 6 && want.Proto != 17 {
			want.SrcPort, want.DstPort = 0, 0
		}
		if got != want {
			t.Fatalf("flow %d: got %+v, want %+v", i, got, want)
		}
	}
}

// Sums of gaps lead from the start of the day to the last flow.
func TestGapsAddUpToTheClock(t *testing.T) {
	flows, first := realFlows(t)
	v := fit(t, flows, first, 2)
	rows := encodeAll(v, flows, first)
	clock := int64(0)
	for i := range rows {
		if i == 0 || flows[i].Host != flows[i-1].Host {
			clock = encode.StreamStart(flows[i].End, first)
		}
		clock += rows[i].Gap * v.Gap.Tick
		if d := flows[i].End - clock; d < 0 || d >= v.Gap.Tick {
			t.Fatalf("row %d: the gaps lead to %d, the flow ends at %d", i, clock, flows[i].End)
		}
	}
}

// No value that a single host has shown may be in the model.
func TestVocabularyHoldsNoValueOfOneHost(t *testing.T) {
	flows, first := realFlows(t)
	v := fit(t, flows, first, 2)
	hosts := map[string]map[netip.Addr]bool{}
	saw := func(kind string, value any, host netip.Addr) {
		key, _ := json.Marshal([]any{kind, value})
		if hosts[string(key)] == nil {
			hosts[string(key)] = map[netip.Addr]bool{}
		}
		hosts[string(key)][host] = true
	}
	for i := range flows {
		f := &flows[i]
		saw("bytes", int64(f.Bytes), f.Host)
		saw("packets", int64(f.Packets), f.Host)
		saw("duration", (f.End-f.Start)/v.Duration.Tick, f.Host)
		saw("flags", int(f.TCPFlags), f.Host)
		saw("tos", int(f.ToS), f.Host)
		saw("label", f.Label, f.Host)
		for _, bits := range []int{32, 24, 16} {
			p, _ := f.Remote().Prefix(bits)
			saw("place", p, f.Host)
		}
		saw("port", int(f.SrcPort), f.Host)
		saw("port", int(f.DstPort), f.Host)
	}
	check := func(kind string, value any) {
		key, _ := json.Marshal([]any{kind, value})
		if n := len(hosts[string(key)]); n < 2 {
			t.Errorf("%s %v is in the vocabulary and was seen at %d hosts, want at least 2", kind, value, n)
		}
	}
	for _, x := range v.Bytes.Exact {
		check("bytes", x)
	}
	for _, x := range v.Packets.Exact {
		check("packets", x)
	}
	for _, x := range v.Duration.Exact {
		check("duration", x)
	}
	for _, x := range v.Flags {
		check("flags", x)
	}
	for _, x := range v.ToS {
		check("tos", x)
	}
	for _, x := range v.Labels {
		if x != "" { // stands for those of one host
			check("label", x)
		}
	}
	for _, x := range v.Ports {
		check("port", x)
	}
	for _, p := range v.Places[1 : len(v.Places)-2] {
		check("place", p)
	}
}

// Without atoms every size and time is one of the mixture, whose centre is then that of all of them.
func TestVocabularyWithoutAtoms(t *testing.T) {
	flows, first := realFlows(t)
	v, err := encode.Fit(batches(flows, 1000), encode.FitOptions{MinHosts: 2, Internal: internal, First: first, NoAtoms: true})
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for _, r := range encodeAll(v, flows, first) {
		if r.GapAtom != 0 || r.DurationAtom != 0 || r.PacketsAtom != 0 || r.BytesAtom != 0 {
			t.Fatalf("%+v has an exact value, want none", r)
		}
		sum += math.Log(float64(r.Bytes) + 1)
	}
	if want := sum / float64(len(flows)); math.Abs(v.Bytes.Centre-want) > 1e-9 {
		t.Errorf("bytes are centred at %g, want the mean of all flows, %g", v.Bytes.Centre, want)
	}
	full := fit(t, flows, first, 2)
	v.Gap, v.Duration, v.Packets, v.Bytes = full.Gap, full.Duration, full.Packets, full.Bytes
	if !reflect.DeepEqual(v, full) {
		t.Error("the rest of the vocabulary differs from the one with atoms")
	}
}

func TestVocabularySurvivesJSON(t *testing.T) {
	flows, first := realFlows(t)
	v := fit(t, flows, first, 2)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var got encode.Vocabulary
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&got, v) {
		t.Error("a vocabulary differs after JSON")
	}
}

// Every port lies in exactly one class, and the ports of a bin are those without a class of their own.
func TestPortClassesPartitionThePorts(t *testing.T) {
	flows, first := realFlows(t)
	v := fit(t, flows, first, 2)
	class := v.PortClass()
	ports, start := v.Bins()
	seen := make([]int, 65536)
	for bin := range len(start) - 1 {
		for _, p := range ports[start[bin]:start[bin+1]] {
			seen[p]++
			if got, want := int(class[p]), v.FirstBin()+bin; got != want {
				t.Fatalf("port %d: class %d, want that of its bin, %d", p, got, want)
			}
		}
	}
	for i, p := range v.Ports {
		seen[p]++
		if got := int(class[p]); got != 1+i {
			t.Fatalf("port %d: class %d, want %d", p, got, 1+i)
		}
	}
	for p, n := range seen {
		if n != 1 {
			t.Fatalf("port %d lies in %d classes, want 1", p, n)
		}
	}
}

func TestOddFlows(t *testing.T) {
	host := netip.MustParseAddr("42.219.1.2")
	flow := func(change func(*dataset.Flow)) dataset.Flow {
		f := dataset.Flow{
			Host: host, Start: 1_460_332_800_000_000, End: 1_460_332_801_000_000, SrcAddr: host, DstAddr: netip.MustParseAddr("8.8.8.8"),
			SrcPort: 1000, DstPort: 53, Proto: 17, Packets: 1, Bytes: 60, Label: "background",
		}
		change(&f)
		return f
	}
	for name, f := range map[string]dataset.Flow{
		"IPv6":      flow(func(f *dataset.Flow) { f.DstAddr = netip.MustParseAddr("2001:db8::1") }),
		"to itself": flow(func(f *dataset.Flow) { f.DstAddr = host }),
		"ICMPv6": flow(func(f *dataset.Flow) {
			f.Proto, f.SrcPort, f.DstPort, f.DstAddr = 58, 0, 128<<8, netip.MustParseAddr("2001:db8::1")
		}),
		"other internal host": flow(func(f *dataset.Flow) { f.DstAddr = netip.MustParseAddr("42.219.7.7") }),
		"unknown protocol":    flow(func(f *dataset.Flow) { f.Proto, f.SrcPort, f.DstPort = 253, 0, 0 }),
		"ICMP inwards": flow(func(f *dataset.Flow) {
			f.Proto, f.SrcAddr, f.DstAddr, f.SrcPort, f.DstPort = 1, f.DstAddr, host, 0, 771
		}),
		"port 0 over TCP":      flow(func(f *dataset.Flow) { f.Proto, f.SrcPort = 6, 0 }),
		"a terabyte":           flow(func(f *dataset.Flow) { f.Packets, f.Bytes = 1<<30, 1<<40 }),
		"before 1970":          flow(func(f *dataset.Flow) { f.Start, f.End = -5_000_000, -4_000_000 }),
		"a duration of a year": flow(func(f *dataset.Flow) { f.Start -= 365 * 86400 * 1_000_000 }),
	} {
		t.Run(name, func(t *testing.T) {
			v := fit(t, []dataset.Flow{f}, f.Start, 1)
			row := encodeAll(v, []dataset.Flow{f}, f.Start)[0]
			if got := v.Decode(&row, host); got != f {
				t.Errorf("got %+v, want %+v", got, f)
			}
		})
	}
}

func TestDamagedVocabulariesAreRefused(t *testing.T) {
	flows, first := realFlows(t)
	good, _ := json.Marshal(fit(t, flows, first, 2))
	for name, damage := range map[string]func(*encode.Vocabulary){
		"a tick of 0":             func(v *encode.Vocabulary) { v.Gap.Tick = 0 },
		"exact values fall":       func(v *encode.Vocabulary) { v.Bytes.Exact = []int64{5, 4} },
		"a negative scale":        func(v *encode.Vocabulary) { v.Bytes.Scale = -1 },
		"protocol 300":            func(v *encode.Vocabulary) { v.Protos[0] = 300 },
		"flags twice":             func(v *encode.Vocabulary) { v.Flags[1] = v.Flags[0] },
		"flags without protocols": func(v *encode.Vocabulary) { v.FlagsProtos = nil },
		"port 70000":              func(v *encode.Vocabulary) { v.Ports[0] = 70000 },
		"twenty-five services":    func(v *encode.Vocabulary) { v.ServicePort = v.Ports[:25] },
		"no label":                func(v *encode.Vocabulary) { v.Labels = nil },
		"any IPv4 and any IPv6 address are missing": func(v *encode.Vocabulary) { v.Places = v.Places[:len(v.Places)-2] },
		"no internal network":                       func(v *encode.Vocabulary) { v.Internal = nil },
		"a place with bits below it":                func(v *encode.Vocabulary) { v.Places[1] = netip.MustParsePrefix("1.2.3.4/8") },
		"more place inputs than real":               func(v *encode.Vocabulary) { v.PlaceInputs = len(v.Places) + 1 },
		"an MTU of 1":                               func(v *encode.Vocabulary) { v.MTU = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			var v encode.Vocabulary
			if err := json.Unmarshal(good, &v); err != nil {
				t.Fatal(err)
			}
			damage(&v)
			if err := v.Validate(); err == nil {
				t.Error("the vocabulary was accepted")
			}
		})
	}
}
