package evaluate

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// Bound is a condition under which a set is refused, such as window_auc>0.8.
type Bound struct {
	Measure string // name of a measure
	Of      string // which figure of it, as JSON names them: real, synthetic, other_real, difference; "": its figure
	Op      string // >, >=, < or <=
	Value   float64
}

// The names of a table's measures hold those of its columns, which may be any text.
var boundText = regexp.MustCompile(`^\s*([^<>=]+?)(?:\.(real|synthetic|other_real|difference))?\s*(>=|<=|>|<)\s*(\S+)\s*$`)

// ParseBound reads a bound written as MEASURE>NUMBER, or MEASURE.difference>NUMBER for another of its figures.
// It returns ErrOptions for anything else; whether there is such a measure is not looked at.
func ParseBound(text string) (Bound, error) {
	parts := boundText.FindStringSubmatch(text)
	if parts == nil {
		return Bound{}, fmt.Errorf("%q, want such as window_auc>0.8 (or >=, <, <=): %w", text, ErrOptions)
	}
	b := Bound{Measure: parts[1], Of: parts[2], Op: parts[3]}
	value, err := strconv.ParseFloat(parts[4], 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return b, fmt.Errorf("%q: %q, want a number: %w", text, parts[4], ErrOptions)
	}
	b.Value = value
	return b, nil
}

// String returns the bound as ParseBound reads it.
func (b Bound) String() string { return b.subject() + b.Op + strconv.FormatFloat(b.Value, 'g', -1, 64) }

func (b Bound) subject() string {
	if b.Of == "" {
		return b.Measure
	}
	return b.Measure + "." + b.Of
}

// Check returns an error that wraps ErrBound, naming measure, value and bound, if r meets the condition b, or lacks the
// figure that b is about; else nil.
func (r *Findings) Check(b Bound) error {
	m := r.Measure(b.Measure)
	if m == nil {
		return fmt.Errorf("%s: %w: %s was not measured", b, ErrBound, b.Measure)
	}
	x := float64(m.pick(b.Of))
	if math.IsNaN(x) {
		return fmt.Errorf("%s: %w: %s has no data", b, ErrBound, b.subject())
	}
	met := false
	switch b.Op {
	case ">":
		met = x > b.Value
	case ">=":
		met = x >= b.Value
	case "<":
		met = x < b.Value
	case "<=":
		met = x <= b.Value
	}
	if !met {
		return nil
	}
	return fmt.Errorf("%s: %w: %s is %.6g", b, ErrBound, b.subject(), x)
}

func (m *Result) pick(of string) Figure {
	switch of {
	case "real":
		return m.Real
	case "synthetic":
		return m.Synthetic
	case "other_real":
		return m.OtherReal
	case "difference":
		return m.Difference
	default:
		return m.Figure
	}
}
