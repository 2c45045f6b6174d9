package torchmodel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/wangkuiyi/gotorch/safetensors"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// marks is the number of marks in a host's profile, that of cgo/shim/lanes/lane.h.
const marks = 54

// plan is what a host does on one day. Its layout is that of stan::Plan in cgo/shim/lanes/lane.h.
type plan struct {
	Day      int64 // days since 1970 UTC
	Rows     int32
	HourRows [24]int32
	Mean     [marks]float32
}

// profileSize is the number of variables of a profile: the marks' means, ln rows, and how the rows fall to the hours.
const profileSize = marks + 1 + 24

// profileQuantiles is the number of quantiles that stand for a variable's distribution.
const profileQuantiles = 33

// shrinkage pulls the correlations of a profile towards 0: few hosts cannot tell thousands of correlations.
const shrinkage = 0.2

// Profiles is a distribution of host profiles, fitted to the days of the training hosts: a Gaussian copula with the
// variables' own quantiles. It holds no host: new ones are drawn from it.
type Profiles struct {
	quantiles   []float32 // [profileSize, profileQuantiles]
	correlation []float32 // [profileSize, profileSize] of the normal scores
	chol        mat.TriDense
}

func (p *plan) variables() (v [profileSize]float64) {
	for m, x := range p.Mean {
		v[m] = float64(x)
	}
	v[marks] = math.Log(float64(p.Rows))
	for h, n := range p.HourRows {
		v[marks+1+h] = math.Log((float64(n) + 0.5) / (float64(p.Rows) + 12))
	}
	return v
}

// internalMark is the mark of a row whose remote address is internal.
const internalMark = 45 + 2

// whole tells whether the capture saw the host itself: a host that is only the other end of another one's flows has no
// profile to learn from.
func (p *plan) whole() bool { return p.Rows > 0 && p.Mean[internalMark] < 1 }

// fitProfiles fits the distribution to days of training hosts.
func fitProfiles(days []plan) (*Profiles, error) {
	if len(days) == 0 {
		return nil, fmt.Errorf("%w: no day with a flow", ErrData)
	}
	var samples [][profileSize]float64
	for i := range days {
		if days[i].whole() {
			samples = append(samples, days[i].variables())
		}
	}
	if len(samples) == 0 { // hosts that talk to each other alone
		for i := range days {
			samples = append(samples, days[i].variables())
		}
	}
	n := len(samples)
	p := &Profiles{
		quantiles:   make([]float32, profileSize*profileQuantiles),
		correlation: make([]float32, profileSize*profileSize),
	}
	scores := make([][]float64, profileSize)
	column := make([]float64, n)
	for v := range profileSize {
		for i := range samples {
			column[i] = samples[i][v]
		}
		sorted := slices.Sorted(slices.Values(column))
		for q := range profileQuantiles {
			p.quantiles[v*profileQuantiles+q] = float32(interpolate(sorted, float64(q)/(profileQuantiles-1)))
		}
		scores[v] = normalScores(column, sorted)
	}
	for a := range profileSize {
		for b := range profileSize {
			c := 1.0
			if a != b {
				c = (1 - shrinkage) * correlation(scores[a], scores[b])
			}
			p.correlation[a*profileSize+b] = float32(c)
		}
	}
	return p, p.factorise()
}

// normalScores are the standard normal quantiles of the ranks; equal values share the mean of their ranks.
func normalScores(x, sorted []float64) []float64 {
	z := make([]float64, len(x))
	for i, v := range x {
		low, _ := slices.BinarySearch(sorted, v)
		high := low
		for high < len(sorted) && sorted[high] == v {
			high++
		}
		z[i] = distuv.UnitNormal.Quantile((float64(low+high) / 2) / float64(len(x)))
	}
	return z
}

func correlation(a, b []float64) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// interpolate is the quantile of ascending values at p in [0, 1].
func interpolate[F float32 | float64](sorted []F, p float64) float64 {
	x := p * float64(len(sorted)-1)
	i := min(int(x), len(sorted)-1)
	j := min(i+1, len(sorted)-1)
	return float64(sorted[i]) + (x-float64(i))*(float64(sorted[j])-float64(sorted[i]))
}

// readProfiles takes the distribution from a model's arrays.
func readProfiles(arrays map[string]safetensors.Tensor) (*Profiles, error) {
	p := &Profiles{
		quantiles: bytesFloat32(arrays[quantilesName].Data), correlation: bytesFloat32(arrays[correlationName].Data),
	}
	if len(p.quantiles) != profileSize*profileQuantiles || len(p.correlation) != profileSize*profileSize {
		return nil, fmt.Errorf("profile has %d quantiles and %d correlations, want %d and %d", len(p.quantiles),
			len(p.correlation), profileSize*profileQuantiles, profileSize*profileSize)
	}
	for v := range profileSize {
		// Means of marks are of order 1; shares of hours are below 1, their logarithms below 0.
		low, high := -markLimit, markLimit
		switch {
		case v == marks:
			low, high = 0, math.Log(math.MaxInt32)
		case v > marks:
			low, high = -2*math.Log(math.MaxInt32), 0
		}
		q := p.quantiles[v*profileQuantiles : (v+1)*profileQuantiles]
		if least, most := slices.Min(q), slices.Max(q); float64(least) < low || float64(most) > high {
			return nil, fmt.Errorf("profile variable %d has quantiles from %g to %g, want %g to %g", v, least, most, low, high)
		}
	}
	return p, p.factorise()
}

// markLimit is beyond the mean of any mark.
const markLimit = 100.0

// factorise prepares drawing. It fails for what a damaged model file holds.
func (p *Profiles) factorise() error {
	c := mat.NewSymDense(profileSize, nil)
	for a := range profileSize {
		for b := a; b < profileSize; b++ {
			c.SetSym(a, b, float64(p.correlation[a*profileSize+b]))
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(c) {
		return fmt.Errorf("profile correlations are not positive definite")
	}
	chol.LTo(&p.chol)
	return nil
}

// draw draws the profile of a new host.
func (p *Profiles) draw(r *rand.Rand) profile {
	z := mat.NewVecDense(profileSize, nil)
	for i := range profileSize {
		z.SetVec(i, r.NormFloat64())
	}
	var y mat.VecDense
	y.MulVec(&p.chol, z)
	var v [profileSize]float64
	for i := range v {
		v[i] = interpolate(p.quantiles[i*profileQuantiles:(i+1)*profileQuantiles], distuv.UnitNormal.CDF(y.AtVec(i)))
	}
	out := profile{rows: math.Exp(v[marks])}
	for m := range out.mean {
		out.mean[m] = float32(v[m])
	}
	var sum float64
	for h := range out.hours {
		out.hours[h] = max(math.Exp(v[marks+1+h])*(out.rows+12)-0.5, 0)
		sum += out.hours[h]
	}
	for h := range out.hours {
		if sum > 0 {
			out.hours[h] /= sum
		} else {
			out.hours[h] = 1.0 / 24
		}
	}
	return out
}

// profile is the character of one host.
type profile struct {
	mean  [marks]float32
	rows  float64     // a day
	hours [24]float64 // shares of the day's rows
}

// daySpread is the standard deviation of ln rows of one host between its days.
const daySpread = 0.2

// day draws what the host does on a day, of which only the hours in [from, to) µs of it count.
func (p *profile) day(r *rand.Rand, day int64, from, to int64, first bool) plan {
	const hour = 3600 * 1_000_000
	out := plan{Day: day, Mean: p.mean}
	rows := p.rows
	if !first {
		rows *= math.Exp(daySpread * r.NormFloat64())
	}
	for h := range out.HourRows {
		low, high := max(from, int64(h)*hour), min(to, int64(h+1)*hour)
		part := float64(max(high-low, 0)) / hour
		// Rounding up or down by chance keeps quiet hours quiet on average.
		x := rows * p.hours[h] * part
		n := math.Floor(x)
		if r.Float64() < x-n {
			n++
		}
		out.HourRows[h] = int32(min(n, 1<<26))
		out.Rows += out.HourRows[h]
	}
	return out
}
