package evaluate

// sampled holds what the families that look at rows work on.
type sampled struct {
	real, synthetic *sample
	train           *sample // nil without a training set
	seed            uint64
}

// sampledFamilies take their measures on samples, in the order of the report.
var sampledFamilies = []func(*sampled) []Result{discriminatorResults}
