package evaluate

import (
	"math"
	"math/bits"

	"gonum.org/v1/gonum/stat"
)

// Logarithmic bins for counts and times: each value below exactBins has a bin of its own, above it each doubling is cut
// into octaveBins equal parts, so that a bin is at most 1/16 of its lower end wide.
const (
	exactBins  = 128
	octaveBins = 16
	exactBits  = 7 // 2^7 = exactBins
	logBins    = exactBins + (64-exactBits)*octaveBins
)

// logBin returns the logarithmic bin of v.
func logBin(v uint64) int {
	if v < exactBins {
		return int(v)
	}
	octave := bits.Len64(v) - 1
	part := int(v>>(octave-4)) % octaveBins // the four bits after the leading one
	return exactBins + (octave-exactBits)*octaveBins + part
}

// logBinMiddle returns the mean of the smallest and the largest value of a logarithmic bin.
func logBinMiddle(bin int) float64 {
	if bin < exactBins {
		return float64(bin)
	}
	octave, part := exactBits+(bin-exactBins)/octaveBins, (bin-exactBins)%octaveBins
	width := math.Ldexp(1, octave-4)
	return float64(octaveBins+part)*width + (width-1)/2
}

// equalBin returns which of n equal bins of [0, 1] holds x; values outside, and NaN, go to the nearest end.
func equalBin(x float64, n int) int {
	if !(x > 0) {
		return 0
	}
	return int(min(x*float64(n), float64(n-1)))
}

// jensenShannon returns the Jensen-Shannon divergence, base 2, of two histograms with the same bins: 0 where the shares
// are equal, 1 where no bin is used by both. smoothing is added to every bin's count (Laplace: 1). It is NaN when a
// histogram is empty.
func jensenShannon(a, b []uint64, smoothing float64) float64 {
	p, q := shares(a, smoothing), shares(b, smoothing)
	if p == nil || q == nil {
		return math.NaN()
	}
	return min(max(stat.JensenShannon(p, q)/math.Ln2, 0), 1) // rounding may leave [0, 1] by 1e-16
}

// shares returns the histogram divided by its sum, nil if it is empty.
func shares(counts []uint64, smoothing float64) []float64 {
	var total uint64
	for _, c := range counts {
		total += c
	}
	if total == 0 {
		return nil
	}
	p := make([]float64, len(counts))
	whole := float64(total) + smoothing*float64(len(counts))
	for i, c := range counts {
		p[i] = (float64(c) + smoothing) / whole
	}
	return p
}
