package torchmodel

import (
	"context"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"

	"stan/dataset/table"
)

// slopes are the two regressions of the paper on a table of its simulated data: y on x in the row, x on the x before.
func slopes(t *table.Table) (same, lag float64) {
	var x, y, now, before []float64
	for e := range t.Entities {
		for i := t.Starts[e]; i < t.Starts[e+1]; i++ {
			x, y = append(x, t.Row(i)[0]), append(y, t.Row(i)[1])
			if i > t.Starts[e] {
				now, before = append(now, t.Row(i)[0]), append(before, t.Row(i - 1)[0])
			}
		}
	}
	_, same = stat.LinearRegression(x, y, nil, false)
	_, lag = stat.LinearRegression(before, now, nil, false)
	return same, lag
}

// generateTable draws a table of so many rows.
func generateTable(t testing.TB, m *Model, o GenerateOptions) *table.Table {
	t.Helper()
	out := table.New(m.Manifest.Table.schema())
	if o.Shards == 0 {
		o.Shard, o.Shards = 1, 1
	}
	o.Start = time.Unix(1e9, 0)
	_, err := m.GenerateTable(context.Background(), o, func(part *table.Table) error {
		for e, name := range part.Entities {
			from, to := part.Starts[e], part.Starts[e+1]
			out.Append(name, part.Times[from:to], part.Values[from*len(part.Columns):to*len(part.Columns)])
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSimulatedSlopesAreLearned(t *testing.T) {
	o := tinyOptions()
	o.Config.Width, o.Config.Hidden = 16, 16
	o.Batch, o.Length, o.Epochs, o.LearningRate = 4, 128, 20, 0.01
	start := time.Now()
	m, err := TrainTable(context.Background(), table.Simulate(16_000, 1), nil, t.TempDir(), o, &watcher{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(start), m.Manifest.Training)
	same, lag := slopes(generateTable(t, m, GenerateOptions{Rows: 20_000, Seed: 1}))
	t.Log(time.Since(start), same, lag)
}
