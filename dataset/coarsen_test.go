package dataset

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCoarsening(t *testing.T) {
	flow := func(edits ...func(*Flow)) Flow {
		return flowOf("2024-01-02 03:04:05.678", "2024-01-02 03:05:07.178", "192.0.2.1", "198.51.100.7", 40000, 443, 10, 1200, edits...)
	}
	times := func(start, end int64) func(*Flow) { return func(f *Flow) { f.Start, f.End = start, end } }
	ports := func(source, destination uint16) func(*Flow) {
		return func(f *Flow) { f.SrcPort, f.DstPort = source, destination }
	}
	tests := map[string]struct {
		c        Coarsening
		in, want Flow
	}{
		"nothing":         {Coarsening{}, flow(), flow()},
		"a high port":     {Coarsening{PortsFrom: 1024}, flow(), flow(ports(1024, 443))},
		"at the bound":    {Coarsening{PortsFrom: 443}, flow(), flow(ports(443, 443))},
		"ICMP has none":   {Coarsening{PortsFrom: 1024}, flow(proto(1), ports(0, 2048)), flow(proto(1), ports(0, 2048))},
		"nor has ICMPv6":  {Coarsening{PortsFrom: 1024}, flow(proto(58), ports(0, 32768)), flow(proto(58), ports(0, 32768))},
		"to the minute":   {Coarsening{Time: time.Minute}, flow(), flow(times(at("2024-01-02 03:03:58.5"), at("2024-01-02 03:05:00")))},
		"to 10 ms":        {Coarsening{Time: 10 * time.Millisecond}, flow(), flow(times(at("2024-01-02 03:04:05.67"), at("2024-01-02 03:05:07.17")))},
		"on the minute":   {Coarsening{Time: time.Minute}, flow(times(0, 60e6)), flow(times(0, 60e6))},
		"not before 1970": {Coarsening{Time: time.Minute}, flow(times(1e6, 119e6)), flow(times(0, 60e6))},
	}
	for name, tc := range tests {
		got := tc.in
		tc.c.apply(&got)
		if got != tc.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, tc.want)
		}
	}
	for _, c := range []Coarsening{{PortsFrom: -1}, {PortsFrom: 65536}, {Time: -time.Second}, {Time: 25 * time.Hour}, {Time: time.Microsecond}} {
		if c.Validate() == nil {
			t.Errorf("%+v is allowed", c)
		}
	}
}

// A folder keeps the order that the exact times give, tells none of them, and says what was done.
func TestIngestCoarsens(t *testing.T) {
	flows := randomFlows(31, 3_000)
	text := written(t, FormatUGR16, flows)
	in := func() IngestOptions {
		return IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(text)}
	}
	exact, _, err := ingest(t, in())
	if err != nil {
		t.Fatal(err)
	}
	o := in()
	o.Coarsening = Coarsening{PortsFrom: 1024, Time: time.Minute}
	coarse, m, err := ingest(t, o)
	if err != nil {
		t.Fatal(err)
	}
	want := readAll(t, exact)
	first, last := want[0].Start, int64(0)
	for i := range want {
		o.Coarsening.apply(&want[i])
		first, last = min(first, want[i].Start), max(last, want[i].End)
	}
	if got := readAll(t, coarse); !slices.Equal(got, want) {
		t.Errorf("%d rows, want the %d of exact times, in their order", len(got), len(want))
	}
	if m.First.UnixMicro() != first || m.Last.UnixMicro() != last {
		t.Errorf("manifest from %v to %v, want %v to %v", m.First, m.Last, time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC())
	}
	if want := "ports from 1024 on are 1024, ends are multiples of 1m0s"; m.Ingest.Coarsening != want {
		t.Errorf("manifest says %q, want %q", m.Ingest.Coarsening, want)
	}
}

func TestConvertCoarsens(t *testing.T) {
	flows := randomFlows(31, 500)
	folder, _ := build(t, flows, BuildOptions{Internal: internal})
	c := Coarsening{PortsFrom: 1024, Time: time.Minute}
	for name, o := range map[string]IngestOptions{
		"a capture": {Inputs: []string{"-"}, Stdin: strings.NewReader(written(t, FormatUGR16, flows))},
		"a folder":  {Inputs: []string{folder}},
	} {
		o.Coarsening = c
		var out bytes.Buffer
		if _, err := Convert(context.Background(), ConvertOptions{Read: o, Output: StandardInput, Stdout: &out, To: FormatUGR16}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, _ := parseText(t, out.String(), BiflowSplit)
		if len(got) != len(flows) {
			t.Fatalf("%s: %d flows, want %d", name, len(got), len(flows))
		}
		for _, f := range got {
			before := f
			if c.apply(&f); f != before {
				t.Fatalf("%s: %+v is not coarse", name, before)
			}
		}
	}
}
