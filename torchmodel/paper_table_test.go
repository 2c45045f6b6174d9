package torchmodel

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"stan/dataset/table"
)

// endingContext is one that is cancelled when it has been asked a number of times.
type endingContext struct {
	context.Context
	left *atomic.Int64
}

func endAfter(n int64) endingContext {
	left := new(atomic.Int64)
	left.Store(n)
	return endingContext{context.Background(), left}
}

func (c endingContext) Err() error {
	if c.left.Add(-1) >= 0 {
		return nil
	}
	return context.Canceled
}

// Tables go the whole road too. Entities depend on seed and number alone, have the rows asked for, and values of their columns:
// whole numbers stay whole, and skewed ones stay in their range. The likelihood is in the unit of the independent baseline's.
func TestPaperTables(t *testing.T) {
	rows := table.New(table.Schema{Entity: "who", Time: "when", Columns: []table.Column{
		{Name: "size"}, {Name: "kind", Classes: 4}, {Name: "level"}, {Name: "skewed"},
	}})
	r := rand.New(rand.NewPCG(1, 1))
	for e := range 6 {
		var times []int64
		var values []float64
		for i := range 300 {
			times = append(times, int64(i)*1e6)
			values = append(values, float64(r.IntN(20)), float64(i%4), r.NormFloat64(), math.Exp(3*r.NormFloat64()))
		}
		rows.Append(fmt.Sprint("entity ", e), times, values)
	}
	for _, arch := range paperArchs {
		t.Run(arch, func(t *testing.T) {
			o := paperOptions(arch)
			o.Epochs = 3
			m, err := TrainTable(context.Background(), rows, nil, t.TempDir(), o, &watcher{})
			if err != nil {
				t.Fatal(err)
			}
			model, err := m.openTable(o.Device)
			if err != nil {
				t.Fatal(err)
			}
			defer model.free()
			const columns = 4
			// A signal in the midst of it is an error, and no rows.
			day := GenerateOptions{Rows: 300, Hosts: 6, Shard: 1, Shards: 1, Threads: 1}
			refuse := func(*table.Table) error { t.Error("rows of a generation that was stopped"); return nil }
			if n, err := m.GenerateTable(endAfter(10), day, refuse, nil); n != 0 || !errors.Is(err, context.Canceled) {
				t.Errorf("stopped: %d rows, error %v, want %v", n, err, context.Canceled)
			}
			all, err := model.sample(context.Background(), 5, 0, []int{3, 0, 7, 1, 9, 2})
			if err != nil || len(all) != 22*columns {
				t.Fatalf("%d values, %v, want those of 22 rows", len(all), err)
			}
			part, err := model.sample(context.Background(), 5, 2, []int{7, 1})
			if err != nil || !slices.Equal(part, all[3*columns:11*columns]) {
				t.Errorf("entities 2 and 3 drawn alone differ (%v)", err)
			}
			for i, v := range all {
				c := m.Manifest.Table.Columns[i%columns]
				whole := c.Discrete() || c.Name == "size"
				if whole && v != math.Trunc(v) || v < c.Low || v > c.High {
					t.Errorf("column %q: got %g, want one of its values", c.Name, v)
				}
			}
			about := m.Manifest.Training
			if nll, err := model.nll(context.Background(), rows); err != nil || len(nll) != len(about.ValidNLL) {
				t.Errorf("likelihood %v, %v, want one of each column of %v", nll, err, about.ValidNLL)
			}
			if arch == ArchWPGAN != (about.ValidNLL == nil) {
				t.Errorf("likelihood %v", about.ValidNLL)
			}
			for name, nats := range about.ValidNLL {
				// The columns do not depend on each other, so the baseline is the law; a moment of training comes near it.
				if base := about.BaselineNLL[name]; nats > base+2.5 || name != "kind" && nats < base-0.5 {
					t.Errorf("likelihood of %q: %.2f nats, want some like the baseline's %.2f", name, nats, base)
				}
			}
		})
	}
}
