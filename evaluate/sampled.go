package evaluate

// sampled holds what the families that look at rows work on.
type sampled struct {
	real, synthetic *sample
	train           *sample    // nil without a training set
	byContent       [3]*sample // the same of train, real and synthetic, for attacks on privacy
	scores          modelScores
	seed            uint64
}

// sampledFamilies take their measures on samples, in the order of the report.
var sampledFamilies = []func(*sampled) []Result{discriminatorResults, attackResults}

// sampledNames lists the measures that they take.
func sampledNames() []string {
	var names []string
	for i := range discriminators {
		names = append(names, discriminators[i].name)
	}
	for i := range tasks {
		names = append(names, tasks[i].measure)
	}
	for i := range attacks {
		names = append(names, attacks[i].name)
	}
	return append(names, "membership_likelihood_auc", "membership_auc", "nll")
}
