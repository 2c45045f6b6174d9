package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Where the floor comes from.
const (
	FromTrain  = "train"  // real against draws of training hosts
	FromHalves = "halves" // one half of real's hosts against the other
	FromNone   = "none"   // real holds one host and there is no training set
)

// Verdict is a difference in words.
type Verdict string

const (
	AsReal  Verdict = "as real"  // no further from real than other real hosts are
	Near    Verdict = "near"     // up to three times as far
	Apart   Verdict = "apart"    // further
	NoData  Verdict = "no data"  // a set holds nothing to measure, such as gaps where every host has one row
	NoFloor Verdict = "no floor" // there are no other real hosts to compare with

	NotJudged Verdict = "not judged" // a figure that says nothing of the synthetic set
)

// Floor is what a measure shows between real and other real hosts, over the draws.
type Floor struct {
	Mean Figure `json:"mean"`
	SD   Figure `json:"sd"`
	Min  Figure `json:"min"`
	Max  Figure `json:"max"`
}

// pair is one draw: two groups of real hosts that share none.
type pair struct{ real, other *summary }

// halves splits the hosts in two at random, n times. With one group of hosts there is nothing to split.
func halves(groups []*summary, n int, seed uint64) []pair {
	if len(groups) < 2 {
		return nil
	}
	random := rand.New(rand.NewPCG(seed, 1))
	pairs := make([]pair, n)
	for i := range pairs {
		var a, b summary
		for at, g := range random.Perm(len(groups)) {
			if at < len(groups)/2 {
				a.add(groups[g])
			} else {
				b.add(groups[g])
			}
		}
		pairs[i] = pair{&a, &b}
	}
	return pairs
}

// draws deals the groups of real and training hosts at random to two sides of about the hosts that real and the synthetic set
// have, n times. Both sides are drawn, since an odd host may stand on either.
func draws(real, train *counts, syntheticHosts, n int, seed uint64) []pair {
	pool := slices.Concat(real.groups, train.groups)
	left := len(real.groups)
	right := min(groupsFor(syntheticHosts, train), len(pool)-left)
	random := rand.New(rand.NewPCG(seed, 2))
	pairs := make([]pair, n)
	for i := range pairs {
		var a, b summary
		for at, g := range random.Perm(len(pool))[:left+right] {
			if at < left {
				a.add(pool[g])
			} else {
				b.add(pool[g])
			}
		}
		pairs[i] = pair{&a, &b}
	}
	return pairs
}

// groupsFor returns how many of a set's groups hold about as many hosts as wanted, at least one and at most all.
func groupsFor(hosts int, c *counts) int {
	perGroup := float64(len(c.hosts)) / float64(len(c.groups))
	return min(max(int(math.Round(float64(hosts)/perGroup)), 1), len(c.groups))
}

// floorOf returns the floor of m and its limit, mean + 2 standard deviations: about one draw of real hosts in forty lies
// beyond. Draws that cannot be told are left out; it is NaN without any.
func floorOf(m *measure, pairs []pair) (Floor, float64) {
	spread := m.spread
	if spread == nil {
		spread = m.distance
	}
	var d []float64
	for _, p := range pairs {
		if x := spread(p.real, p.other); !math.IsNaN(x) {
			d = append(d, x)
		}
	}
	floor := floorFigures(d)
	return floor, floor.limit(m.tolerance)
}

// floorFigures sums up what a measure shows between groups of real hosts; NaN without any.
func floorFigures(d []float64) Floor {
	if len(d) == 0 {
		nan := Figure(math.NaN())
		return Floor{nan, nan, nan, nan}
	}
	mean, sd := stat.PopMeanStdDev(d, nil)
	return Floor{Figure(mean), Figure(sd), Figure(slices.Min(d)), Figure(slices.Max(d))}
}

// limit is mean + 2 standard deviations, or the tolerance if that is more; NaN without a floor.
func (f Floor) limit(t tolerance) float64 {
	return max(float64(f.Mean+2*f.SD), t.asReal)
}

// NearLimits is how many limits away a set is near at most. A report holds a hundred verdicts, and hosts are few and odd: real
// hosts that lie beyond the limit are to be expected, as docs/calibration.md shows, and none should be called apart.
const NearLimits = 3

// judge puts a difference into words.
func judge(difference, limit float64, t tolerance) Verdict {
	switch {
	case math.IsNaN(difference):
		return NoData
	case math.IsNaN(limit):
		return NoFloor
	case difference <= limit:
		return AsReal
	case difference <= max(NearLimits*limit, t.near):
		return Near
	default:
		return Apart
	}
}
