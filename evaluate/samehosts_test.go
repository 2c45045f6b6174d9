package evaluate

import (
	"math"
	"testing"
)

// The exact probabilities are those of scipy's ks_2samp(method="exact"), for samples without ties.
func TestKolmogorovP(t *testing.T) {
	tests := map[string]struct {
		d     float64
		m, n  int
		exact float64
	}{
		"sixty hosts each, near":           {0.1, 60, 60, 0.9284},
		"sixty hosts each, far":            {0.3, 60, 60, 0.0087},
		"seventy hosts against nine":       {0.4, 70, 9, 0.1154},
		"six hosts against five":           {1, 6, 5, 0.0043},
		"a set against itself":             {0, 40, 40, 1},
		"large samples, nothing in common": {1, 5000, 5000, 0},
	}
	for name, tc := range tests {
		if got := kolmogorovP(tc.d, tc.m, tc.n); math.Abs(got-tc.exact) > 0.03 {
			t.Errorf("%s: got %.4f, want %.4f within 0.03", name, got, tc.exact)
		}
	}
}
