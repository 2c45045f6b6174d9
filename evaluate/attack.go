package evaluate

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat"

	"stan/evaluate/internal/cores"
)

// Attacks on privacy look for what a synthetic set tells of the training rows and does not tell of other real rows. Each is
// run three ways: on the synthetic set, and, to learn what real hosts tell of each other, on one half of real's hosts in
// the place of the synthetic set with the other half as the rows that nobody trained on, and with the halves exchanged.

// attack is one of them.
type attack struct {
	name, title string
	unit        Unit
	tolerance
	membership bool // the figure is an AUC of training rows against others
	run        func(train, others, synthetic points, random *rand.Rand) estimate
}

var attacks = []attack{nearestAttack, densityAttack, singlingAttack}

// attackSplits is how often real's hosts are split in halves for the floor of an attack.
const attackSplits = 6

func attackResults(s *sampled) []Result {
	if s.train == nil {
		return nil
	}
	train, real, synthetic := pointsOf(s.byContent[0], s.seed), pointsOf(s.byContent[1], s.seed), pointsOf(s.byContent[2], s.seed)
	var results, membership []Result
	for i := range attacks {
		a := &attacks[i]
		r := a.take(train, real, synthetic, s.seed)
		if results = append(results, r); a.membership {
			membership = append(membership, r)
		}
	}
	if len(s.scores.train) > 0 {
		r := membershipByLikelihood(s.scores.train, s.scores.real, s.seed)
		results, membership = append(results, r), append(membership, r)
	}
	if len(membership) > 0 {
		results = append(results, strongest(membership))
	}
	return results
}

func (a *attack) take(train, real, synthetic points, seed uint64) Result {
	pairs := [][2]points{{real, synthetic}}
	random := rand.New(rand.NewPCG(seed, 4))
	for range attackSplits {
		one, other := real.split(random)
		pairs = append(pairs, [2]points{one, other}, [2]points{other, one})
	}
	found := make([]estimate, len(pairs))
	cores.Each(len(pairs), func(i int) {
		found[i] = a.run(train, pairs[i][0], pairs[i][1], rand.New(rand.NewPCG(seed, uint64(i))))
	})
	var atChance, apart []float64
	for _, e := range found[1:] {
		if !math.IsNaN(e.value) {
			atChance = append(atChance, e.value)
		}
	}
	base := stat.Mean(atChance, nil)
	for _, x := range atChance {
		apart = append(apart, math.Abs(x-base))
	}
	floor := floorFigures(apart)
	difference, limit := max(found[0].value-base, 0), floor.limit(a.tolerance)
	verdict := judge(difference, limit, a.tolerance)
	if math.IsNaN(base) && !math.IsNaN(found[0].value) {
		verdict = NoFloor
	}
	return Result{Name: a.name, Family: familyPrivacy, Title: a.title, Unit: a.unit, Real: Figure(base),
		Synthetic: Figure(found[0].value), OtherReal: Figure(math.NaN()), DifferenceUnit: a.unit, Difference: Figure(difference),
		Floor: floor, Limit: Figure(limit), Verdict: verdict,
		Interval: &Interval{Figure(found[0].low), Figure(found[0].high)}}
}

// scoresByHost returns what score makes of the points, host by host.
func scoresByHost(p points, score func(*point) float64) [][]float64 {
	var all [][]float64
	for _, host := range p.hosts() {
		scores := make([]float64, len(host))
		for i, x := range host {
			scores[i] = score(x)
		}
		all = append(all, scores)
	}
	return all
}
