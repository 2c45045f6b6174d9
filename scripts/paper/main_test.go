package main

import (
	"math"
	"strings"
	"testing"

	"stan/dataset/table"
)

func TestComparison(t *testing.T) {
	tests := map[string]struct {
		scores map[string]float64
		want   []string
	}{
		"a baseline that is worse and one that is not": {
			map[string]float64{"stan": 0.1, "paper": 0.3, "chain": 0.2, "wpgan": 0.4},
			[]string{"**stan** (error 0.1): every baseline is worse (chain 0.2, wpgan 0.4)",
				"**paper** (error 0.3): worse are wpgan 0.4; **not worse: chain 0.2**"},
		},
		"no baseline is worse": {
			map[string]float64{"paper-small": 0.3, "chain": 0.3}, []string{"**paper-small** (error 0.3): **no baseline is worse** (chain 0.3)"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := comparison("error", tc.scores)
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("got %q, want it to say %q", got, want)
				}
			}
			if lines := strings.Count(got, "\n"); lines != len(tc.want) {
				t.Errorf("%d lines, want one of each network with a score", lines)
			}
		})
	}
}

// The regressions see the truth of simulated data, and series as apart: a slope over time does not run from one to the next.
func TestRegressions(t *testing.T) {
	row, time := regressions(table.Simulate(100_000, 3))
	// standard errors: 0.001 of the slopes, 5e-5 of the errors
	for what, d := range map[string]float64{
		"y on x": row.slope - trueSlope, "x on x before": time.slope - trueSlope,
		"error of y": 100 * (row.mse - trueMSE), "error of x": 100 * (time.mse - trueMSE),
		// root of (1 - slope^2) / rows, of both
		"standard error": 100 * (math.Abs(row.standardError-0.001378) + math.Abs(time.standardError-0.001378)),
	} {
		if math.Abs(d) > 0.02 {
			t.Errorf("%s: off by %.4f", what, d)
		}
	}
	apart := table.New(table.Schema{Entity: "series", Time: "time", Columns: []table.Column{{Name: "x"}, {Name: "y"}}})
	apart.Append("a", []int64{0, 1, 2}, []float64{1, 1, 2, 1, 3, 1})
	apart.Append("b", []int64{0, 1, 2}, []float64{-9, 1, -8, 1, -7, 1})
	if _, time := regressions(apart); math.Abs(time.slope-1) > 1e-12 || time.mse > 1e-20 {
		t.Errorf("two series that each rise by 1: slope %g, error %g, want 1 and 0", time.slope, time.mse)
	}
}
