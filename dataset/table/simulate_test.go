package table

import (
	"math"
	"reflect"
	"testing"

	"gonum.org/v1/gonum/stat"
)

func TestSimulatedDataFollowTheirFormula(t *testing.T) {
	const rows = 100_000
	s := Simulate(rows, 1)
	if err := s.Validate(); err != nil || s.Rows() != rows {
		t.Fatalf("%d rows, %v, want %d", s.Rows(), err, rows)
	}
	var x, y, now, before, noise []float64
	for e := range s.Entities {
		for i := s.Starts[e]; i < s.Starts[e+1]; i++ {
			row := s.Row(i)
			x, y = append(x, row[0]), append(y, row[1])
			noise = append(noise, row[1]-SimulatedCoefficient*row[0])
			if i > s.Starts[e] {
				now, before = append(now, row[0]), append(before, s.Row(i - 1)[0])
			}
		}
	}
	_, same := stat.LinearRegression(x, y, nil, false)
	_, lag := stat.LinearRegression(before, now, nil, false)
	for name, tc := range map[string]struct{ got, want, tolerance float64 }{
		// Standard deviations of a coefficient: noise over spread of x and root of the rows, 0.1/(0.23*316) = 0.0014.
		"y on x":           {same, 0.9, 0.006},
		"x on x before":    {lag, 0.9, 0.006},
		"noise of y":       {stat.StdDev(noise, nil), 0.1, 0.001},
		"spread of x":      {stat.StdDev(x, nil), 0.1 / math.Sqrt(1-0.81), 0.01}, // rows that resemble each other: some 5000 of their own
		"middle of x":      {stat.Mean(x, nil), 0, 0.015},
		"spread at starts": {stat.StdDev(starts(s), nil), 0.1 / math.Sqrt(1-0.81), 0.08}, // of 100 series
	} {
		if math.Abs(tc.got-tc.want) > tc.tolerance {
			t.Errorf("%s: %.4f, want %.4f within %g", name, tc.got, tc.want, tc.tolerance)
		}
	}
}

// starts are the first x of each series.
func starts(t *Table) []float64 {
	var x []float64
	for e := range t.Entities {
		x = append(x, t.Row(t.Starts[e])[0])
	}
	return x
}

func TestSimulatedSeriesDependOnTheSeedAlone(t *testing.T) {
	long, short := Simulate(2500, 3), Simulate(1500, 3)
	if got, want := short.Values, long.Values[:2*1500]; !reflect.DeepEqual(got, want) {
		t.Error("fewer rows are not the beginning of more")
	}
	if reflect.DeepEqual(Simulate(1500, 4), short) {
		t.Error("another seed gives the same rows")
	}
	if got := len(long.Entities); got != 3 {
		t.Errorf("2500 rows are %d series, want 3", got)
	}
}
