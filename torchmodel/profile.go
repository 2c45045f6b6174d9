package torchmodel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/wangkuiyi/gotorch/safetensors"
	"gonum.org/v1/gonum/stat/distuv"

	"stan/dataset/encode"
)

// marks is the number of marks in a host's profile, that of cgo/shim/lanes/lane.h.
const marks = lowPorts + 28

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
const profileQuantiles = 65

// shrinkage pulls the covariance of a kind of hosts towards the variances of all kinds: few hosts cannot tell thousands of
// covariances.
const shrinkage = 0.15

// Profiles is a distribution of host profiles, fitted to the days of the training hosts: a mixture of Gaussians, one for
// each kind of host, over the variables' normal scores, and the variables' own quantiles. It holds no host: new ones are
// drawn from it.
type Profiles struct {
	quantiles []float32 // [profileSize, profileQuantiles]
	weights   []float32 // [kinds] shares of the hosts
	means     []float32 // [kinds, profileSize] of the normal scores
	factors   []float32 // [kinds, profileSize, profileSize] lower Cholesky factors of the covariances
	bounds    []float32 // [kinds, profileSize, 2] least and most score: a Gaussian's tail must not lead to another kind
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

// whole tells whether the capture saw the host itself: a host that is only the other end of another one's flows has no
// profile to learn from.
func (p *plan) whole() bool { return p.Rows > 0 && p.Mean[internalMark] < 1 }

// fitProfiles fits the distribution to days of training hosts, all that dayDraw chose.
func fitProfiles(days []plan) (*Profiles, error) {
	if len(days) == 0 {
		return nil, fmt.Errorf("%w: no day with a flow", ErrData)
	}
	n := len(days)
	samples := make([][profileSize]float64, n)
	for i := range days {
		samples[i] = days[i].variables()
	}
	p := &Profiles{quantiles: make([]float32, profileSize*profileQuantiles)}
	scores, roles := make([][profileSize]float64, n), make([]role, n)
	for i := range samples {
		roles[i] = roleOf(&samples[i])
	}
	column := make([]float64, n)
	for v := range profileSize {
		for i := range samples {
			column[i] = samples[i][v]
		}
		sorted := slices.Sorted(slices.Values(column))
		for q := range profileQuantiles {
			p.quantiles[v*profileQuantiles+q] = float32(interpolate(sorted, float64(q)/(profileQuantiles-1)))
		}
		score := normalScores
		if v >= ipv6Mark-labelMarks && v <= ipv6Mark {
			score = brokenScores
		}
		for i, z := range score(column, sorted) {
			scores[i][v] = z
		}
	}
	return p, p.fitKinds(scores, roles)
}

// normalScores are the standard normal quantiles of the ranks; equal values share the mean of their ranks.
func normalScores(x, sorted []float64) []float64 {
	z := make([]float64, len(x))
	for i, v := range x {
		low, _ := slices.BinarySearch(sorted, v)
		high := sort.Search(len(sorted), func(i int) bool { return sorted[i] > v })
		z[i] = distuv.UnitNormal.Quantile((float64(low+high) / 2) / float64(len(x)))
	}
	return z
}

// brokenScores are normal scores whose ties are broken at random, the same way each time. So they are standard normal whatever
// the ties (the distributional transform: Rüschendorf, Journal of Statistical Planning and Inference 139, 2009), and a share
// that most hosts have none of is as common among drawn hosts. Tied scores know less of each other.
func brokenScores(x, sorted []float64) []float64 {
	z := make([]float64, len(x))
	taken := map[float64]int{}
	for _, i := range rand.New(rand.NewPCG(uint64(len(x)), 5)).Perm(len(x)) {
		low, _ := slices.BinarySearch(sorted, x[i])
		z[i] = distuv.UnitNormal.Quantile((float64(low+taken[x[i]]) + 0.5) / float64(len(x)))
		taken[x[i]]++
	}
	return z
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
		quantiles: arrays[quantilesName].Float32s(), weights: arrays[kindWeightsName].Float32s(),
		means: arrays[kindMeansName].Float32s(), factors: arrays[kindFactorsName].Float32s(),
		bounds: arrays[kindBoundsName].Float32s(),
	}
	kinds := len(p.weights)
	if len(p.quantiles) != profileSize*profileQuantiles || kinds < 1 || kinds > mostKinds ||
		len(p.means) != kinds*profileSize || len(p.factors) != kinds*profileSize*profileSize ||
		len(p.bounds) != kinds*profileSize*2 {
		return nil, fmt.Errorf("profile has %d quantiles, and %d means, %d factors and %d bounds of %d kinds, want %d, and %d, %d and %d for each of 1 to %d kinds",
			len(p.quantiles), len(p.means), len(p.factors), len(p.bounds), kinds, profileSize*profileQuantiles, profileSize,
			profileSize*profileSize, 2*profileSize, mostKinds)
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
	return p, p.checkKinds()
}

// markLimit is beyond the mean of any mark.
const markLimit = 100.0

// hostPoint is where a host stands among all that a seed gives: both numbers are even over (0, 1).
type hostPoint struct {
	kind float64 // the share of the kinds of hosts before it
	size float64 // the share of hosts of its kind with fewer rows
}

// hostAt is the point of one host. Any first hosts of a seed cover the square evenly (the R2 sequence: M. Roberts, "The
// unreasonable effectiveness of quasirandom sequences", 2018), moved as a whole by the seed: a few dozen hosts drawn
// independently would hold too many of one kind, or one size, by chance.
func hostAt(seed uint64, host int) hostPoint {
	const plastic = 1.32471795724474602596 // x with x³ = x + 1
	r := rand.New(rand.NewPCG(seed, 4))
	at := func(step float64) float64 {
		_, x := math.Modf(r.Float64() + float64(host)*step)
		return min(max(x, 1e-9), 1-1e-9)
	}
	return hostPoint{at(1 / plastic), at(1 / (plastic * plastic))}
}

// draw draws the profile of a new host.
func (p *Profiles) draw(r *rand.Rand, at hostPoint) profile {
	var v [profileSize]float64
	for i, z := range p.drawScores(r, at) {
		v[i] = interpolate(p.quantiles[i*profileQuantiles:(i+1)*profileQuantiles], distuv.UnitNormal.CDF(z))
	}
	out := profile{rows: math.Exp(v[marks])}
	for m := range out.mean {
		out.mean[m] = float32(v[m])
	}
	makePossible(&out.mean)
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

// groups are the sizes of the groups of marks of which a row has one each: protocol, what it repeats, gap, duration, bytes a
// packet, precedence. The order of marks is that of cgo/shim/lanes/lane.h.
var groups = [...]int{4, 5, 6, 7, 7, 8}

// The places of some other marks.
const (
	groupMarks   = 4 + 5 + 6 + 7 + 7 + 8
	labelMarks   = 8 // of the commonest labels but the first
	ipv6Mark     = groupMarks + 2*encode.Services + labelMarks
	lowPorts     = ipv6Mark + 1 // local, remote port below 1024
	noService    = lowPorts + 2 // neither port at a service
	internalMark = lowPorts + 3 // remote address internal
	repeatMark   = marks - 6    // size repeated with bytes of a class, without, bytes copied, bytes new; duration repeated, new
)

// makePossible mends shares that no host can have, as variables are drawn one by one: those of a group sum to 1, those of
// labels and of where sizes and durations come from to 1 at most, a host has one IP version, and ports take no more rows than there are with ports.
func makePossible(mean *[marks]float32) {
	at := 0
	for _, n := range groups {
		if s := sum(mean[at : at+n]); s > 0 {
			scale(mean[at:at+n], 1/s)
		}
		at += n
	}
	mean[ipv6Mark] = float32(math.Round(float64(mean[ipv6Mark])))
	labels := mean[ipv6Mark-labelMarks : ipv6Mark]
	limit(labels, 1)
	limit(mean[repeatMark:repeatMark+4], 1)
	limit(mean[repeatMark+4:], 1)
	withPorts := mean[0] + mean[1] // TCP and UDP
	for side := range 2 {
		limit(mean[groupMarks+side*encode.Services:][:encode.Services], withPorts)
		mean[lowPorts+side] = min(mean[lowPorts+side], withPorts)
	}
	mean[noService] = min(mean[noService], withPorts)
}

// matchServices makes shares agree that were drawn one by one, so that what few hosts have came out too rare. Flows of which a port is
// at a service are all but those of noService: the ports below 1024 and the services above them grow until they are as many, and what
// is still missing has none. Then the services below 1024 add up to the ports there, of which hosts have few others. No share
// grows more than mostGrowth times.
func (p *profile) matchServices(ports []int) {
	const mostGrowth = 4
	low, _ := slices.BinarySearch(ports, 1024)
	withPorts, reached := p.mean[0]+p.mean[1], float32(0)
	for side := range 2 {
		reached += p.mean[lowPorts+side] + sum(p.services(side)[low:])
	}
	if want := withPorts - p.mean[noService]; reached > 0 && reached < want {
		by := min(want/reached, mostGrowth)
		scale(p.mean[lowPorts:lowPorts+2], by)
		for side := range 2 {
			scale(p.services(side)[low:], by)
		}
		p.mean[noService] = withPorts - reached*by
	}
	for side := range 2 {
		services := p.services(side)
		if s := sum(services[:low]); s > 0 {
			scale(services[:low], min(p.mean[lowPorts+side]/s, mostGrowth))
		}
		limit(services, p.mean[0]+p.mean[1])
	}
}

// services are the shares of the services of one side, 0 for local ports.
func (p *profile) services(side int) []float32 {
	return p.mean[groupMarks+side*encode.Services:][:encode.Services]
}

func sum(of []float32) (s float32) {
	for _, x := range of {
		s += x
	}
	return s
}

func scale(of []float32, by float32) {
	for i := range of {
		of[i] *= by
	}
}

// limit scales shares that sum to more than most down to it.
func limit(of []float32, most float32) {
	if s := sum(of); s > most {
		scale(of, most/s)
	}
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
