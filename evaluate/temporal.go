package evaluate

import (
	"math"
	"math/bits"
	"math/cmplx"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// temporalTally holds what follows from the order of a host's rows in time.
type temporalTally struct {
	bytes acfTally                // of ln(1 + bytes)
	gaps  acfTally                // of ln(1 + gap in seconds)
	hours [hoursPerDay]float64    // sum over hosts of the share of the host's flows in each hour of the day
	ranks [hoursPerDay]float64    // sum over hosts of the rank of each hour among the host's hours, by flows
	tied  [ties * tiedBins]uint64 // rows by tie to the row before and by gap
}

// How a row hangs together with the row before it.
const (
	tieReverse      = iota // the same five-tuple, other direction
	tieConversation        // the same five-tuple and direction
	tieRemote              // the same remote address
	tieNone
	ties
)

// tiedBins is the number of doublings of the gap in ms that are told apart: up to 2^39 ms, 17 years.
const tiedBins = 40

// tieOf returns the tie of r to the row before it.
func tieOf(r, before *row) int {
	switch {
	case r.remote != before.remote:
		return tieNone
	case r.conversation() != before.conversation():
		return tieRemote
	case r.out == before.out:
		return tieConversation
	default:
		return tieReverse
	}
}

func (t *temporalTally) add(other *temporalTally) {
	t.bytes.add(&other.bytes)
	t.gaps.add(&other.gaps)
	for h, share := range other.hours {
		t.hours[h] += share
		t.ranks[h] += other.ranks[h]
	}
	for i, n := range other.tied {
		t.tied[i] += n
	}
}

// temporalObserver follows the host whose rows are being read.
type temporalObserver struct {
	bytes, gaps acf
	hours       [hoursPerDay]int64
	rows        int64
}

func (o *temporalObserver) row(r, before *row, t *temporalTally) {
	o.hours[r.hour()]++
	o.rows++
	o.bytes.add(math.Log1p(float64(r.Bytes)))
	if !r.first {
		o.gaps.add(math.Log1p(float64(max(r.gap, 0)) / 1e6))
		t.tied[tieOf(r, before)*tiedBins+min(bits.Len64(millis(r.gap)), tiedBins-1)]++
	}
}

func (o *temporalObserver) end(t *temporalTally) {
	t.bytes.host(&o.bytes)
	t.gaps.host(&o.gaps)
	for h, n := range o.hours {
		t.hours[h] += float64(n) / float64(o.rows)
		t.ranks[h] += rank(n, o.hours[:])
	}
	*o = temporalObserver{}
}

func temporalMeasures() []measure {
	bytes := acfMeasure("acf_bytes", "autocorrelation of ln bytes *",
		func(s *summary) []float64 { return s.temporal.bytes.mean() })
	gaps := acfMeasure("acf_gaps", "autocorrelation of ln gaps *",
		func(s *summary) []float64 { return s.temporal.gaps.mean() })
	tied := measure{name: "js_gap_tie", title: "gaps of replies, repeats and others", differenceUnit: Bits,
		distance: func(real, other *summary) float64 {
			return jensenShannon(real.temporal.tied[:], other.temporal.tied[:], 0)
		},
		tolerance: jsTolerance}
	hours := measure{name: "hour_profile", title: "hours of the day, 1 - correlation", differenceUnit: Correlation,
		distance: hourDistance, curves: pointCurves("hour of the day (UTC)", "h", 0, Share, hourShares),
		tolerance: correlationTolerance}
	shares := measure{name: hourSharesName, differenceUnit: Share, tolerance: shareTolerance,
		distance: func(real, other *summary) float64 {
			return floats.Distance(hourShares(real), hourShares(other), 1) / 2
		}}
	return slices.Concat([]measure{bytes, gaps, tied, hours, shares}, runMeasures(), sessionMeasures())
}

const hourSharesName = "hour_shares"

// temporalMean returns the mean of seven of the measures.
func temporalMean(measures []measure) measure {
	parts := slices.DeleteFunc(slices.Clone(measures), func(m measure) bool {
		return !slices.Contains([]string{"acf_bytes", "acf_gaps", "repeat_remote_1", "repeat_service_1", "repeat_protocol_1",
			"direction_flips", hourSharesName}, m.name)
	})
	return measure{name: "temporal_mean", title: "mean of seven differences **", differenceUnit: Number,
		distance: meanDistance(parts), tolerance: correlationTolerance, aggregate: true}
}

// acfMeasure returns the measure of an autocorrelation: its value is that at lag 1, its distance the mean over all lags.
func acfMeasure(name, title string, curve func(*summary) []float64) measure {
	value := func(s *summary) float64 {
		r := curve(s)
		if r == nil {
			return math.NaN()
		}
		return r[0]
	}
	distance := func(real, other *summary) float64 {
		a, b := curve(real), curve(other)
		if a == nil || b == nil {
			return math.NaN()
		}
		total := 0.
		for k := range a {
			total += math.Abs(b[k] - a[k])
		}
		return total / float64(len(a))
	}
	return measure{name: name, title: title, value: value, unit: Correlation, distance: distance,
		differenceUnit: Correlation,
		curves:         pointCurves("lag", "flows", 1, Correlation, curve), tolerance: correlationTolerance}
}

// hourShares returns the mean over hosts of the share of a host's flows in each hour of the day: each host counts the
// same, or the profile would be that of the few largest.
func hourShares(s *summary) []float64 {
	profile := make([]float64, hoursPerDay)
	for h, share := range s.temporal.hours {
		profile[h] = share / float64(s.hosts.len())
	}
	return profile
}

// rank returns the place of x among values, counted from 1, the middle one of equal values.
func rank(x int64, values []int64) float64 {
	below, equal := 0, 0
	for _, v := range values {
		if v < x {
			below++
		} else if v == x {
			equal++
		}
	}
	return float64(below) + float64(equal+1)/2
}

// hourDistance returns 1 - the correlation of the two sets' hours of the day, each hour taken at its mean rank within the
// hosts and smoothed to its waves of 24, 12 and 8 hours: 0 alike, 1 unrelated, up to 2. Ranks, since one busy hour of one
// host would else outweigh the habits of many; waves, since the habits of few hosts differ from hour to hour. With 26 of
// UGR'16's hosts in each set a shift by six hours is beyond the limit in 97 % of random splits, beyond twice the limit in
// 54 % (unsmoothed in 96 % and 31 %; with shares in place of ranks in 65 % and 10 %). It is 1 where one set has as many
// flows in every hour, which correlates with nothing, and 0 where both have.
func hourDistance(of, other *summary) float64 {
	a, b := waves(&of.temporal.ranks), waves(&other.temporal.ranks)
	var together, ofA, ofB float64
	for k := range a {
		together += product(a[k], b[k])
		ofA += product(a[k], a[k])
		ofB += product(b[k], b[k])
	}
	const flat = 1e-12
	switch {
	case ofA < flat && ofB < flat:
		return 0
	case ofA < flat || ofB < flat:
		return 1
	}
	return max(1-together/math.Sqrt(ofA*ofB), 0)
}

// waves returns the amplitudes of the waves of 24, 12 and 8 hours in values by hour.
func waves(x *[hoursPerDay]float64) (amplitudes [3]complex128) {
	for hour, v := range x {
		for k := range amplitudes {
			amplitudes[k] += complex(v, 0) * cmplx.Rect(1, 2*math.Pi*float64((k+1)*hour)/hoursPerDay)
		}
	}
	return amplitudes
}

// product returns the scalar product of two amplitudes.
func product(a, b complex128) float64 { return real(a * cmplx.Conj(b)) }
