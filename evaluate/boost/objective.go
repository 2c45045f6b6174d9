package boost

import (
	"math"

	"stan/evaluate/internal/cores"
)

// baseScores returns the score of each output that is best without any feature. A class that does not occur counts as
// if it had half a row.
func baseScores(y []float64, o *Options) []float64 {
	switch o.Objective {
	case Squared:
		mean := 0.
		for _, v := range y {
			mean += v / float64(len(y))
		}
		return []float64{mean}
	case Logistic:
		counts := classCounts(y, 2)
		return []float64{math.Log(counts[1]) - math.Log(counts[0])}
	default:
		counts := classCounts(y, o.Classes)
		for k := range counts {
			counts[k] = math.Log(counts[k] / float64(len(y)))
		}
		return counts
	}
}

func classCounts(y []float64, classes int) []float64 {
	counts := make([]float64, classes)
	for _, v := range y {
		counts[int(v)]++
	}
	for k := range counts {
		counts[k] = max(counts[k], 0.5)
	}
	return counts
}

// activate turns the scores of one row into what Predict returns.
func activate(objective Objective, scores []float64) {
	switch objective {
	case Logistic:
		scores[0] = sigmoid(scores[0])
	case Softmax:
		softmax(scores)
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func softmax(scores []float64) {
	highest := math.Inf(-1)
	for _, s := range scores {
		highest = max(highest, s)
	}
	total := 0.
	for k := range scores {
		scores[k] = math.Exp(scores[k] - highest)
		total += scores[k]
	}
	for k := range scores {
		scores[k] /= total
	}
}

// slopes holds the first and second derivative of the loss by score, by output and row.
type slopes struct{ first, second [][]float64 }

func newSlopes(rows, outputs int) *slopes {
	s := &slopes{first: make([][]float64, outputs), second: make([][]float64, outputs)}
	for k := range outputs {
		s.first[k], s.second[k] = make([]float64, rows), make([]float64, rows)
	}
	return s
}

func (s *slopes) compute(objective Objective, y []float64, scores [][]float64) {
	cores.Chunks(len(y), func(from, to int) {
		row := make([]float64, len(scores))
		for i := from; i < to; i++ {
			for k := range scores {
				row[k] = scores[k][i]
			}
			activate(objective, row)
			for k, p := range row {
				target := y[i]
				if objective == Softmax {
					target = 0
					if int(y[i]) == k {
						target = 1
					}
				}
				s.first[k][i] = p - target
				s.second[k][i] = 1
				if objective != Squared {
					s.second[k][i] = p * (1 - p)
				}
			}
		}
	})
}
