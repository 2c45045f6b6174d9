package evaluate

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// Every measure is held to a second implementation: scripts/evaluate_reference.py, on numpy, scipy, scikit-learn and statsmodels.
func TestMeasuresEqualTheReference(t *testing.T) {
	content, err := os.ReadFile("testdata/reference/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Real, Synthetic, Difference map[string]float64
		PValue                      map[string]float64 `json:"p_value"`
	}
	if err := json.Unmarshal(content, &expected); err != nil {
		t.Fatal(err)
	}
	report := compare(t, readFlows(t, "testdata/reference/real.csv"), readFlows(t, "testdata/reference/synthetic.csv"), nil)
	check := func(measure, what string, got Figure, want float64) {
		// The tolerance is that of float64 sums of a thousand terms in another order.
		if d := math.Abs(float64(got) - want); !(d <= 1e-9*max(1, math.Abs(want))) {
			t.Errorf("%s: %s: got %.12g, want %.12g", measure, what, got, want)
		}
	}
	for _, m := range report.Measures {
		if m.Family == familyDiscriminators { // held to scikit-learn in package boost
			continue
		}
		real, hasValue := expected.Real[m.Name]
		difference, hasDifference := expected.Difference[m.Name]
		if !hasValue && !hasDifference {
			t.Errorf("%s: no reference", m.Name)
		}
		if hasValue {
			check(m.Name, "real", m.Real, real)
			check(m.Name, "synthetic", m.Synthetic, expected.Synthetic[m.Name])
		}
		if hasDifference {
			check(m.Name, "difference", m.Difference, difference)
		}
		if p, has := expected.PValue[m.Name]; has != (m.PValue != nil) {
			t.Errorf("%s: a p-value in one of report and reference", m.Name)
		} else if has {
			check(m.Name, "p-value", *m.PValue, p)
		}
		delete(expected.Real, m.Name)
		delete(expected.Difference, m.Name)
	}
	for name := range expected.Real {
		t.Errorf("%s: in the reference only", name)
	}
	for name := range expected.Difference {
		t.Errorf("%s: in the reference only", name)
	}
}
