package page

import (
	"html/template"
	"math"

	"stan/evaluate"
)

// limitsShown is the difference, in limits, at which the scale of limits ends.
const limitsShown = 16

// limits draws how many limits a difference is, on a logarithmic scale: 1 is as far as other real hosts go.
func limits(m *evaluate.Result) template.HTML {
	const width, height = 132., 16.
	excess := m.Excess()
	if math.IsNaN(excess) {
		return ""
	}
	d := newCanvas(width, height, evaluate.LogRatio.DifferenceText(evaluate.Figure(math.Log(excess)))+" the limit")
	x := func(v float64) float64 {
		return math.Log2(1+min(v, limitsShown)) / math.Log2(1+limitsShown) * (width - 12)
	}
	d.rect("within", 0, 4, x(1), height-8)
	d.rect("beside", x(1), 4, x(evaluate.NearLimits)-x(1), height-8)
	d.rect("beyond", x(evaluate.NearLimits), 4, x(limitsShown)-x(evaluate.NearLimits)+6, height-8)
	d.circle("dot "+verdictClass(m.Verdict), max(x(excess), 4), height/2, 4.5)
	return d.finish()
}

// verdictClass names the style of a verdict.
func verdictClass(v evaluate.Verdict) string {
	switch v {
	case evaluate.AsReal:
		return "as-real"
	case evaluate.Near:
		return "near"
	case evaluate.Apart:
		return "apart"
	default:
		return "untold"
	}
}
