package page

import (
	"html/template"

	"stan/evaluate"
)

// task draws how well a model does by the share of synthetic flows that it was trained on; bars are standard deviations
// over seeds.
func task(t evaluate.TaskCurve) template.HTML {
	shares := floats(t.Shares)
	for i := range shares {
		shares[i] *= 100
	}
	return drawLines(t.Name+": "+t.Metric+" by share of synthetic flows", "synthetic flows in training (%)", t.Metric, shares, number,
		[]series{{name: "", class: "synthetic", values: floats(t.Mean), spread: floats(t.SD)}})
}
