package evaluate

import (
	"math"
	"testing"
)

func TestLogBinsAreExactBelow128AndASixteenthWideAbove(t *testing.T) {
	last := -1
	rising := []uint64{0, 1, 127, 128, 135, 136, 255, 256, 271, 272, 1 << 20, 1<<20 + 1<<16, 1 << 63, math.MaxUint64}
	for _, v := range rising {
		bin := logBin(v)
		if v <= 128 && bin != int(v) {
			t.Errorf("logBin(%d): got %d, want a bin of its own", v, bin)
		}
		if v > 128 && v&(v-1) == 0 { // a doubling later, 16 bins later
			if before := logBin(v / 2); bin != before+octaveBins {
				t.Errorf("logBin(%d): got %d, want %d, as logBin(%d) is %d", v, bin, before+octaveBins, v/2, before)
			}
		}
		if bin < last || bin >= logBins {
			t.Errorf("logBin(%d): got %d, want %d to %d", v, bin, last, logBins-1)
		}
		last = bin
	}
	if a, b := logBin(128), logBin(135); a != b {
		t.Errorf("128 and 135: bins %d and %d, want the same", a, b)
	}
}

func TestTheMiddleOfALogarithmicBin(t *testing.T) {
	for v, want := range map[uint64]float64{0: 0, 127: 127, 128: 131.5, 135: 131.5, 255: 251.5, 256: 263.5, 1 << 40: 1<<40 + (1<<36-1)/2.} {
		if got := logBinMiddle(logBin(v)); got != want {
			t.Errorf("bin of %d: got middle %g, want %g", v, got, want)
		}
	}
}

func TestEqualBinKeepsOutliersInTheEndBins(t *testing.T) {
	for x, want := range map[float64]int{-1: 0, 0: 0, 0.5: 152, 0.9999: 303, 1: 303, 7: 303,
		math.Inf(1): 303, math.Inf(-1): 0} {
		if got := equalBin(x, paperBinCount); got != want {
			t.Errorf("equalBin(%g): got %d, want %d", x, got, want)
		}
	}
	if got := equalBin(math.NaN(), paperBinCount); got != 0 {
		t.Errorf("equalBin(NaN): got %d, want 0", got)
	}
}

func TestJensenShannon(t *testing.T) {
	tests := map[string]struct {
		a, b      []uint64
		smoothing float64
		want      float64
	}{
		"equal shares":      {[]uint64{1, 2, 3}, []uint64{10, 20, 30}, 0, 0},
		"nothing in common": {[]uint64{5, 0}, []uint64{0, 9}, 0, 1},
		"half in common":    {[]uint64{1, 1, 0}, []uint64{0, 1, 1}, 0, 0.5},
		// scipy: jensenshannon([2,1],[1,2],2)**2
		"smoothed, nothing in common":   {[]uint64{1, 0}, []uint64{0, 1}, 1, 0.0817041659455104},
		"an empty histogram is no data": {[]uint64{0, 0}, []uint64{1, 1}, 1, math.NaN()},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, turned := jensenShannon(tc.a, tc.b, tc.smoothing), jensenShannon(tc.b, tc.a, tc.smoothing)
			if math.IsNaN(got) != math.IsNaN(tc.want) || math.Abs(got-tc.want) > 1e-15 {
				t.Errorf("got %.16g, want %.16g", got, tc.want)
			}
			if math.Abs(got-turned) > 1e-15 {
				t.Errorf("arguments exchanged: got %.16g and %.16g, want the same", got, turned)
			}
		})
	}
}
