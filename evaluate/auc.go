package evaluate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// ranked holds scores of hosts on two sides, members of a training set and others.
type ranked struct {
	scores  []rankedScore // ascending
	members int           // hosts of that side; they are numbered from 0 on each side
	others  int
}

type rankedScore struct {
	score  float64
	host   int
	member bool
}

// rankHosts sorts scores that host by host were given to members and to others.
func rankHosts(members, others [][]float64) *ranked {
	r := &ranked{members: len(members), others: len(others)}
	for side, hosts := range [][][]float64{others, members} {
		for host, scores := range hosts {
			for _, x := range scores {
				r.scores = append(r.scores, rankedScore{x, host, side == 1})
			}
		}
	}
	slices.SortStableFunc(r.scores, func(a, b rankedScore) int { return cmp.Compare(a.score, b.score) })
	return r
}

// auc returns the probability that a member's score lies above that of another, ties counting half (Mann and Whitney, 1947):
// NaN if a side is empty. A host counts as often as its weight says.
func (r *ranked) auc(memberWeight, otherWeight []float64) float64 {
	below, above, won := 0., 0., 0. // weights of others seen, of members, of pairs
	for i := 0; i < len(r.scores); {
		others, members := 0., 0.
		j := i
		for ; j < len(r.scores) && r.scores[j].score == r.scores[i].score; j++ {
			if s := &r.scores[j]; s.member {
				members += memberWeight[s.host]
			} else {
				others += otherWeight[s.host]
			}
		}
		won += members * (below + others/2)
		below, above = below+others, above+members
		i = j
	}
	return won / (below * above)
}

// resamples is the number of bootstrap samples behind an interval.
const resamples = 400

// estimate is a figure and its interval of 95 %.
type estimate struct{ value, low, high float64 }

var unknown = estimate{math.NaN(), math.NaN(), math.NaN()}

// bootstrap returns the interval of a statistic over hosts: value is given how often each host of the two sides is drawn
// (Efron and Tibshirani, 1993: percentiles).
func bootstrap(members, others int, random *rand.Rand, value func(memberWeight, otherWeight []float64) float64) estimate {
	a, b := ones(members), ones(others)
	e := estimate{value(a, b), math.NaN(), math.NaN()}
	var drawn []float64
	for range resamples {
		drawWeights(a, random)
		drawWeights(b, random)
		if x := value(a, b); !math.IsNaN(x) {
			drawn = append(drawn, x)
		}
	}
	if len(drawn) > 0 {
		slices.Sort(drawn)
		e.low, e.high = quantile(drawn, 0.025), quantile(drawn, 0.975)
	}
	return e
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// drawWeights draws as many hosts as there are, with replacement.
func drawWeights(weight []float64, random *rand.Rand) {
	clear(weight)
	for range weight {
		weight[random.IntN(len(weight))]++
	}
}

// chanceFloor returns the floor of an AUC: how far from a half it lies where hosts are dealt to the two sides at random.
func chanceFloor(members, others []float64, random *rand.Rand) Floor {
	all := slices.Concat(members, others)
	var far []float64
	for range resamples {
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		r := rankHosts(oneEach(all[:len(members)]), oneEach(all[len(members):]))
		far = append(far, r.auc(ones(len(members)), ones(len(others)))-chanceAUC)
	}
	return floorFigures(far)
}

// oneEach gives each host one score.
func oneEach(scores []float64) [][]float64 {
	hosts := make([][]float64, len(scores))
	for i := range scores {
		hosts[i] = scores[i : i+1]
	}
	return hosts
}
