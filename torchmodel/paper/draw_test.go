package paper

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A draw outside 0 to 1 is drawn again, ten times at most, and then becomes the nearest end.
func TestMixtureStaysInside(t *testing.T) {
	tests := map[string]struct {
		p, mean, sd []float32
		mean1, end  float64 // mean of the draws, and the share of them that are 0 or 1
	}{
		"inside":                       {[]float32{1}, []float32{0.5}, []float32{0.05}, 0.5, 0},
		"two Gaussians, by weight":     {[]float32{0.25, 0.75}, []float32{0.2, 0.6}, []float32{0.01, 0.01}, 0.5, 0},
		"half outside: the other half": {[]float32{1}, []float32{0}, []float32{0.1}, 0.1 * math.Sqrt(2/math.Pi), math.Pow(0.5, 11)},
		"beyond reach: the end":        {[]float32{1}, []float32{7}, []float32{0.1}, 1, 1},
		"one of ten draws inside": {[]float32{0.9, 0.1}, []float32{-3, 0.5}, []float32{0.1, 0.01},
			0.5 * (1 - math.Pow(0.9, 11)), math.Pow(0.9, 11)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 1))
			const n = 20_000
			sum, ends := 0.0, 0.0
			for range n {
				u := mixture(tc.p, tc.mean, tc.sd, r)
				if !(u >= 0 && u <= 1) {
					t.Fatalf("drew %g", u)
				}
				sum += u / n
				if u == 0 || u == 1 {
					ends += 1. / n
				}
			}
			// five standard errors of a share of one half
			if math.Abs(sum-tc.mean1) > 0.018 || math.Abs(ends-tc.end) > 0.018 {
				t.Errorf("mean %.4f with %.4f at the ends, want %.4f and %.4f", sum, ends, tc.mean1, tc.end)
			}
		})
	}
}
