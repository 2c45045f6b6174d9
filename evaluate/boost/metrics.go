package boost

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"
)

// AUC returns the probability that a row of the positive class scores above one of the other class, ties counting half
// (the area under the ROC curve, Mann-Whitney's U over the number of pairs). It is NaN where a class has no row.
func AUC(scores []float64, positive []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	sorted, classes := make([]float64, len(order)), make([]bool, len(order))
	positives := 0
	for i, at := range order {
		sorted[i], classes[i] = scores[at], positive[at]
		if classes[i] {
			positives++
		}
	}
	if positives == 0 || positives == len(order) {
		return math.NaN()
	}
	hits, falseAlarms, _ := stat.ROC(nil, sorted, classes, nil)
	return integrate.Trapezoidal(falseAlarms, hits)
}

// MacroF1 returns the mean over classes, of those that occur in either, of the harmonic mean of precision and recall. It
// is NaN without rows.
func MacroF1(predicted, actual []int) float64 {
	type tally struct{ both, predicted, actual int }
	classes := make(map[int]*tally)
	of := func(class int) *tally {
		if classes[class] == nil {
			classes[class] = new(tally)
		}
		return classes[class]
	}
	for i, class := range actual {
		of(class).actual++
		of(predicted[i]).predicted++
		if predicted[i] == class {
			of(class).both++
		}
	}
	var f1 []float64
	for _, t := range classes {
		f1 = append(f1, 2*float64(t.both)/float64(t.predicted+t.actual))
	}
	slices.Sort(f1) // a sum that does not depend on the order of a map
	return stat.Mean(f1, nil)
}

// MSE returns the mean squared error, NaN without rows.
func MSE(predicted, actual []float64) float64 {
	total := 0.
	for i := range actual {
		total += (predicted[i] - actual[i]) * (predicted[i] - actual[i])
	}
	return total / float64(len(actual))
}
