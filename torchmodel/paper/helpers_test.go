package paper

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"stan/dataset/table"
)

// threeColumns are one of each kind: continuous, few classes, many classes.
func threeColumns() []Column {
	return []Column{
		{table.Column{Name: "x"}, -2, 2},
		{Column: table.Column{Name: "k", Classes: 3}},
		{Column: table.Column{Name: "m", Classes: 40}},
	}
}

// simulated is the paper's data, in sequences of so many rows: x_t = 0.9 x_{t-1} + 0.1 e, y_t = 0.9 x_t + 0.1 e.
func simulated(seed uint64, sequences, rows int) *table.Table {
	r := rand.New(rand.NewPCG(seed, 0))
	t := &table.Table{Columns: []table.Column{{Name: "x"}, {Name: "y"}}, Starts: []int{0}}
	for s := range sequences {
		x := 0.1 / math.Sqrt(1-0.81) * r.NormFloat64()
		for i := range rows {
			x = 0.9*x + 0.1*r.NormFloat64()
			t.Times = append(t.Times, int64(i))
			t.Values = append(t.Values, x, 0.9*x+0.1*r.NormFloat64())
		}
		t.Entities, t.Starts = append(t.Entities, fmt.Sprint(s)), append(t.Starts, t.Rows())
	}
	return t
}

// ranged are a table's columns with their ranges.
func ranged(t *table.Table) []Column {
	out := make([]Column, len(t.Columns))
	for c := range out {
		out[c] = Column{t.Columns[c], math.Inf(1), math.Inf(-1)}
		for i := range t.Rows() {
			out[c].Low, out[c].High = min(out[c].Low, t.Row(i)[c]), max(out[c].High, t.Row(i)[c])
		}
	}
	return out
}

// drawn are sequences of so many rows each.
func drawn(t *testing.T, m Model, seed uint64, first, sequences, rows int) *table.Table {
	t.Helper()
	n := len(m.columns())
	values := make([][]float64, sequences)
	next := 0
	err := Sample(context.Background(), m, seed, func() (int, bool) {
		next++
		return first + next - 1, next <= sequences
	}, func(s int, row []float64) (bool, error) {
		values[s-first] = append(values[s-first], row...)
		return len(values[s-first]) < rows*n, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out := &table.Table{Starts: []int{0}}
	for _, c := range m.columns() {
		out.Columns = append(out.Columns, c.Column)
	}
	for s, v := range values {
		out.Entities, out.Values = append(out.Entities, fmt.Sprint(s)), append(out.Values, v...)
		out.Times = append(out.Times, make([]int64, rows)...)
		out.Starts = append(out.Starts, out.Rows())
	}
	if err := out.Validate(); err != nil {
		t.Fatal(err)
	}
	return out
}

// slopes are the regressions that the paper judges by: y on x in the row, x on the x of the row before.
func slopes(t *table.Table) (row, time float64) {
	slope := func(pairs func(yield func(x, y float64))) float64 {
		var n, sx, sy, sxx, sxy float64
		pairs(func(x, y float64) { n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y })
		return (sxy - sx*sy/n) / (sxx - sx*sx/n)
	}
	row = slope(func(yield func(x, y float64)) {
		for i := range t.Rows() {
			yield(t.Row(i)[0], t.Row(i)[1])
		}
	})
	time = slope(func(yield func(x, y float64)) {
		for e := range t.Entities {
			for i := t.Starts[e] + 1; i < t.Starts[e+1]; i++ {
				yield(t.Row(i - 1)[0], t.Row(i)[0])
			}
		}
	})
	return row, time
}
