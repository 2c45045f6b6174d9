package evaluate

import (
	"math"
	"slices"
	"testing"
)

func TestCurvesOfAttributesHoldEveryFlow(t *testing.T) {
	real, train := office(1, 1, 8, 300), office(1, 2, 30, 300)
	report := compare(t, real, spoilt(train), train)
	for name := range shown {
		m := report.Measure("js_" + name)
		c := m.Curves
		if c == nil {
			t.Errorf("%s: no curves", m.Name)
			continue
		}
		for set, values := range map[string][]Figure{"real": c.Real, "synthetic": c.Synthetic, "other real": c.OtherReal} {
			sum := 0.
			for _, v := range values {
				sum += float64(v)
			}
			if math.Abs(sum-1) > 1e-9 { // rounding of some hundred shares
				t.Errorf("%s: the shares of %s sum to %v, want 1", m.Name, set, sum)
			}
			if bins := len(c.At) - 1; len(values) != len(c.Labels) && len(values) != bins {
				t.Errorf("%s: %s has %d values for %d classes or %d bins", m.Name, set, len(values), len(c.Labels), bins)
			}
		}
		if !slices.IsSorted(c.At) {
			t.Errorf("%s: edges %v, want rising", m.Name, c.At)
		}
	}
}

// Edges are the inverse of logBin, or a drawing would show values at wrong places.
func TestLogEdgeIsTheLeastValueOfItsBin(t *testing.T) {
	for bin := range logBins - 1 {
		low, next := uint64(logEdge(bin)), uint64(logEdge(bin+1))
		if logBin(low) != bin || logBin(next-1) != bin || logBin(next) != bin+1 {
			t.Fatalf("bin %d from %d to %d: these are in bins %d, %d, %d", bin, low, next-1, logBin(low), logBin(next-1), logBin(next))
		}
	}
}

func TestRareBinsAtTheEndAreDrawnAsOne(t *testing.T) {
	c := &Curves{At: []Figure{0, 1, 2, 3, 4, 5, 6}}
	values := [][]float64{{0, 0.5, 0.499, 0.0005, 0.0005, 0}, nil}
	c.cutEnds(values)
	if want := []Figure{1, 2, 3, 5}; !slices.Equal(c.At, want) {
		t.Errorf("edges %v, want %v", c.At, want)
	}
	if want := []float64{0.5, 0.499, 0.001}; !slices.Equal(values[0], want) || values[1] != nil {
		t.Errorf("values %v, want %v and none", values, want)
	}
}

func TestPortsAreNamed(t *testing.T) {
	tests := map[string]row{
		"443 HTTPS":      {localPort: 443},
		"81":             {localPort: 81},
		"3389 RDP":       {localPort: 3389},
		"1024 to 32767":  {localPort: 1024},
		"32768 to 49151": {localPort: 49151},
		"49152 to 65535": {localPort: 49152},
	}
	for want, r := range tests {
		r.Proto = protoTCP
		if got := portClass(portBin(&r, r.localPort)); got != want {
			t.Errorf("port %d: got %q, want %q", r.localPort, got, want)
		}
	}
	icmp, gre := row{}, row{}
	icmp.Proto, gre.Proto = protoICMP, 47
	if got := portClass(portBin(&icmp, 0)); got != "ICMP" {
		t.Errorf("ICMP: got %q", got)
	}
	if got := portClass(portBin(&gre, 0)); got != "no ports" {
		t.Errorf("GRE: got %q", got)
	}
}
