package evaluate

import "math"

// Earth mover's distance (Wasserstein's, of order 1) between two sets' values of one attribute, on a logarithmic scale: the
// mean of how far values must move for one set to become the other, in ln(1+v). 0.1 stands for a factor of 1.1.
//
// It is taken from the logarithmic histograms, each value at the middle of its bin: at most 1/32 of it away, and exact
// below exactBins. A distance is therefore off by at most 0.03, and by much less unless values lie in each bin otherwise
// in one set than in the other.

// movedAttributes are attributes with an order; unit is what v counts, in those of the histogram.
var movedAttributes = []struct {
	name, title string
	unit        float64
}{
	{"gap", "gap to the flow before, moved by", 1000}, // seconds, as captures often have no finer clock
	{"duration", "duration, moved by", 1},
	{"packets", "packets, moved by", 1},
	{"bytes", "bytes, moved by", 1},
}

// earthMover returns the distance between two histograms, at being the place of a bin, rising; NaN if one is empty.
func earthMover(a, b []uint64, at func(bin int) float64) float64 {
	p, q := shares(a, 0), shares(b, 0)
	if p == nil || q == nil {
		return math.NaN()
	}
	distance, ahead := 0., 0. // ahead is the share that still must move on
	for bin := range len(p) - 1 {
		if ahead += p[bin] - q[bin]; ahead != 0 {
			distance += math.Abs(ahead) * (at(bin+1) - at(bin))
		}
	}
	return distance
}

func distanceMeasures() []measure {
	var all []measure
	for _, a := range movedAttributes {
		i := attributeIndex(a.name)
		at := func(bin int) float64 { return math.Log1p(logBinMiddle(bin) / a.unit) }
		all = append(all, measure{name: "emd_" + a.name, title: a.title, differenceUnit: LogRatio, tolerance: movedTolerance,
			distance: func(real, other *summary) float64 {
				return earthMover(real.attributes.histograms[i], other.attributes.histograms[i], at)
			}})
	}
	return append(all, measure{name: "emd_mean", title: "mean", differenceUnit: LogRatio, tolerance: movedTolerance,
		distance: meanDistance(all), aggregate: true})
}
