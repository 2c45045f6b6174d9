package evaluate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// memberRows is the least number of scored rows for which a host takes part in the membership attack by likelihood.
const memberRows = 32

// membershipByLikelihood asks of hosts whether the model was trained on them: those whose flows it finds likelier, by the mean
// over their rows. The figure is the AUC of training hosts against others, its floor what a random choice of training hosts
// would give, and its interval over hosts (Yeom et al., CSF 2018: a threshold on the loss).
func membershipByLikelihood(train, others []hostScore, seed uint64) Result {
	random := rand.New(rand.NewPCG(seed, 20))
	members, nonMembers := likelihoods(train), likelihoods(others)
	r := rankHosts(oneEach(members), oneEach(nonMembers))
	found := bootstrap(r.members, r.others, random, r.auc)
	floor := floorFigures(nil)
	if len(members) > 0 && len(nonMembers) > 0 {
		floor = chanceFloor(members, nonMembers, random)
	}
	difference, limit := max(found.value-chanceAUC, 0), floor.limit(leakTolerance)
	return Result{Name: "membership_likelihood_auc", Family: familyPrivacy, Title: "training hosts told by the model", Unit: AUC,
		Real: chanceAUC, Synthetic: Figure(found.value), OtherReal: Figure(math.NaN()), DifferenceUnit: AUC,
		Difference: Figure(difference), Floor: floor, Limit: Figure(limit), Verdict: judge(difference, limit, leakTolerance),
		Interval: &Interval{Figure(found.low), Figure(found.high)}}
}

// likelihoods returns the mean log-likelihood of a row of each host with rows enough.
func likelihoods(scores []hostScore) []float64 {
	var means []float64
	for i := range scores {
		if s := &scores[i]; s.scored >= memberRows {
			means = append(means, -s.perRow())
		}
	}
	return means
}

// strongest returns the membership attack that finds more, under the name that stands for both.
func strongest(attacks []Result) Result {
	r := slices.MaxFunc(attacks, func(a, b Result) int { return cmp.Compare(a.Synthetic, b.Synthetic) })
	r.Name, r.Title, r.aggregate = "membership_auc", "training told from others, at most", true
	return r
}
