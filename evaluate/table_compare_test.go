package evaluate

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stan/dataset"
	data "stan/dataset/table"
)

// compared compares tables, and fails the test on an error.
func compared(t *testing.T, real, synthetic *data.Table) *TableReport {
	t.Helper()
	r, err := CompareTables(TableSet{Name: "real", Table: real}, TableSet{Name: "synthetic", Table: synthetic}, nil, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTableRegressionsFindTheTruth(t *testing.T) {
	r := compared(t, data.Simulate(100_000, 1), data.Simulate(100_000, 2))
	for name, want := range map[string]float64{
		"slope_y_on_x": 0.9, "mse_y_on_x": 0.01, "slope_x_on_x_before": 0.9, "mse_x_on_x_before": 0.01,
		"slope_y_on_x_before": 0.81, "mse_y_on_x_before": 0.01 + 0.81*0.01,
	} {
		m := r.Measure(name)
		// Three standard deviations of a coefficient over 100,000 rows are 0.004; of a mean square 1.3 % of itself.
		if tolerance := max(0.006, 0.02*want); m == nil || math.Abs(float64(m.Real)-want) > tolerance || math.Abs(float64(m.Synthetic)-want) > tolerance {
			t.Errorf("%s: %+v, want both about %g", name, m, want)
		}
	}
	if r.Verdicts.Apart > 0 {
		t.Errorf("verdicts %+v of one process against itself, want none apart", r.Verdicts)
	}
}

func TestTableFaultsAreFound(t *testing.T) {
	weather := func(seed uint64) *data.Table {
		t := data.New(data.Schema{Entity: "e", Time: "t", Columns: []data.Column{{Name: "x"}, {Name: "c", Classes: 3}}})
		for e := range 40 {
			r := rand.New(rand.NewPCG(seed, uint64(e)))
			var times []int64
			var values []float64
			class, x := 0, 0.0
			for i := range 500 {
				if r.Float64() < 0.2 {
					class = r.IntN(3)
				}
				x = 0.8*x + float64(class) + r.NormFloat64()
				times, values = append(times, int64(i)), append(values, x, float64(class))
			}
			t.Append(string(rune('A'+e)), times, values)
		}
		return t
	}
	real := weather(1)
	for name, tc := range map[string]struct {
		change func(*data.Table)
		found  []string // none: nothing is apart
	}{
		"another draw of the same": {func(*data.Table) {}, nil},
		"one column moved": {func(d *data.Table) {
			for i := range d.Rows() {
				d.Row(i)[0] += 3
			}
		}, []string{"js_x"}},
		"classes dealt anew": {func(d *data.Table) {
			r := rand.New(rand.NewPCG(9, 9))
			r.Shuffle(d.Rows(), func(i, j int) { a, b := d.Row(i), d.Row(j); a[1], b[1] = b[1], a[1] })
		}, []string{"information_c_on_x", "information_c_on_c_before"}},
		"rows dealt anew": {func(d *data.Table) {
			r := rand.New(rand.NewPCG(9, 9))
			r.Shuffle(d.Rows(), func(i, j int) {
				a, b := d.Row(i), d.Row(j)
				a[0], a[1], b[0], b[1] = b[0], b[1], a[0], a[1]
			})
		}, []string{"slope_x_on_x_before", "information_c_on_c_before"}},
	} {
		t.Run(name, func(t *testing.T) {
			synthetic := weather(2)
			tc.change(synthetic)
			r := compared(t, real, synthetic)
			if len(tc.found) == 0 && r.Verdicts.Apart > 0 {
				t.Errorf("verdicts %+v, want none apart", r.Verdicts)
			}
			for _, name := range tc.found {
				if m := r.Measure(name); m == nil || m.Verdict != Apart {
					t.Errorf("%s: %+v, want apart", name, m)
				}
			}
		})
	}
}

func TestTableRowsOfTrainingAreFound(t *testing.T) {
	real, train, other := data.Simulate(20_000, 1), data.Simulate(20_000, 2), data.Simulate(20_000, 3)
	copied := data.Simulate(20_000, 4)
	for i := range copied.Rows() / 10 { // every tenth row, no two in a row
		copy(copied.Row(10*i), train.Row(10*i))
	}
	for name, tc := range map[string]struct {
		synthetic   *data.Table
		rows, pairs float64
		alarm       Alarm
	}{
		"another draw":      {other, 0, 0, AlarmNone},
		"a tenth is copied": {copied, 0.1, 0, AlarmRaised},
		"the training rows": {train, 1, 1, AlarmRaised},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := CompareTables(TableSet{Name: "real", Table: real}, TableSet{Name: "synthetic", Table: tc.synthetic},
				&TableSet{Name: "train", Table: train}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			rows, pairs := r.Measure("exact_rows"), r.Measure("copied_pairs")
			if float64(rows.Figure) != tc.rows || float64(pairs.Figure) != tc.pairs || rows.Real != 0 {
				t.Errorf("rows %g, pairs %g, of real %g; want %g, %g, 0", rows.Figure, pairs.Figure, rows.Real, tc.rows, tc.pairs)
			}
			if alarm, _ := r.Privacy(); alarm != tc.alarm {
				t.Errorf("%s, want %s", alarm, tc.alarm)
			}
		})
	}
}

func TestTableMeasuresAreNamed(t *testing.T) {
	schema := data.Schema{Entity: "e", Time: "t", Columns: []data.Column{{Name: "x"}, {Name: "y.z"}, {Name: "c", Classes: 2}}}
	table := data.New(schema)
	for e := range 4 {
		table.Append(string(rune('A'+e)), []int64{0, 1, 2}, []float64{0, 1, 0, 1, 3, 1, 2, float64(e), 0})
	}
	nats := func(*data.Table) (map[string]float64, error) {
		return map[string]float64{"c": 0.5, "y.z": 2, "x": 1, "gap of t": 4}, nil
	}
	set := TableSet{Name: "real", Table: table}
	r, err := CompareTables(set, set, &set, Options{TableLikelihood: nats})
	if err != nil {
		t.Fatal(err)
	}
	var likelihoods, names []string
	for _, m := range r.Measures {
		if m.Family == familyLikelihood {
			likelihoods = append(likelihoods, m.Name)
		}
		if !strings.HasPrefix(m.Name, NLLPrefix) {
			names = append(names, m.Name)
		}
	}
	if want := []string{"nll_gap of t", "nll_x", "nll_y.z", "nll_c", "nll"}; !slices.Equal(likelihoods, want) {
		t.Errorf("likelihoods %q, want %q", likelihoods, want)
	}
	slices.Sort(names)
	if want := TableNames(schema); !slices.Equal(names, slices.Sorted(slices.Values(want))) {
		t.Errorf("measures %q, want %q", names, want)
	}
	if m := r.Measure(nllName); m.Figure != 7.5 || m.OtherReal != 7.5 || m.Verdict != NotJudged {
		t.Errorf("nll %+v, want 7.5 of both, not judged", m)
	}
	if err := r.Check(Bound{Measure: "js_y.z", Op: ">", Value: 0.5}); err != nil {
		t.Error(err)
	}
}

func TestTableCurvesHoldEveryRow(t *testing.T) {
	r := compared(t, data.Simulate(5000, 1), data.Simulate(5000, 2))
	c := r.Measure("js_x").Curves
	if len(c.At) != shownBins+1 || len(c.Real) != shownBins || len(c.Synthetic) != shownBins {
		t.Fatalf("%d edges, %d and %d values, want %d bins", len(c.At), len(c.Real), len(c.Synthetic), shownBins)
	}
	for _, values := range [][]Figure{c.Real, c.Synthetic} {
		sum := 0.
		for _, v := range values {
			sum += float64(v)
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("shares sum to %g, want 1", sum)
		}
	}
}

func TestATableOfOneEntityHasNoVerdicts(t *testing.T) {
	r := compared(t, data.Simulate(500, 1), data.Simulate(3000, 2))
	if r.Floor.From != FromNone || r.Verdicts.NoFloor == 0 || r.Verdicts.Apart > 0 || len(r.Notes) != 1 {
		t.Errorf("floor %+v, verdicts %+v, notes %q, want none but %q, and a note", r.Floor, r.Verdicts, r.Notes, NoFloor)
	}
}

func TestTablesOfOtherColumnsAreRefused(t *testing.T) {
	a := data.Simulate(100, 1)
	b := a.Select(func(int) bool { return true })
	b.Columns = []data.Column{{Name: "x"}, {Name: "z"}}
	for name, tc := range map[string]struct {
		synthetic *data.Table
		message   string
	}{
		"another column": {b, "synthetic: columns [series time x z], want [series time x y]"},
		"no rows":        {data.New(a.Schema()), "synthetic: no rows"},
	} {
		_, err := CompareTables(TableSet{Name: "real", Table: a}, TableSet{Name: "synthetic", Table: tc.synthetic}, nil, Options{})
		if !errors.Is(err, dataset.ErrInput) || !strings.Contains(err.Error(), tc.message) {
			t.Errorf("%s: %v, want %v with %q", name, err, dataset.ErrInput, tc.message)
		}
	}
}
