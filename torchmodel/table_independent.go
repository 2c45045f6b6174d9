package torchmodel

import (
	"context"
	"fmt"
	"math/rand/v2"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/safetensors"

	"stan/dataset/table"
)

// The independent baseline of tables: every column is drawn by itself from its distribution in the training table. A value
// of a continuous column that is no atom lies in one of marginalBins bins, even in the column's normal numbers.

const marginalBins = 256

// marginals is the baseline's state: a marginal for each column.
type marginals struct {
	schema  *TableSchema
	columns []marginal
}

func newMarginals(s *TableSchema) *marginals {
	b := &marginals{schema: s}
	for i := range s.Columns {
		c := &s.Columns[i]
		var values []float64
		for range c.classes() {
			values = append(values, 1)
		}
		if !c.Discrete() {
			values = values[:len(c.Atoms)]
			from, width := c.bins()
			for bin := range marginalBins {
				lower := from + float64(bin)*width
				x := *c
				x.Tick = 0
				in := x.value(lower+width) - x.value(lower)
				if c.Tick > 0 {
					in = max(in/c.Tick, 1)
				}
				values = append(values, in)
			}
		}
		b.columns = append(b.columns, newMarginal(values))
	}
	return b
}

// bins are where a column's bins begin, and how wide they are.
func (c *TableColumn) bins() (from, width float64) {
	from = c.normal(c.Low)
	return from, max((c.normal(c.High)-from)/marginalBins, leastBin)
}

// place is the class of a value of a column: its class, or the bin after them.
func (b *marginals) place(column int, x float64) int {
	c := &b.schema.Columns[column]
	class := c.class(x)
	if c.Discrete() || class < len(c.Atoms) {
		return class
	}
	from, width := c.bins()
	return len(c.Atoms) + int(min(max((c.normal(x)-from)/width, 0), marginalBins-1))
}

// countMarginals counts the training table.
func countMarginals(s *tableSets) *marginals {
	b := newMarginals(s.schema)
	for i := range s.train.Rows() {
		for c, x := range s.train.Row(i) {
			b.columns[c].add(b.place(c, x))
		}
	}
	return b
}

func (b *marginals) nllOf(t *table.Table) map[string]float64 {
	sums := make([]float64, len(b.columns))
	for i := range t.Rows() {
		for c, x := range t.Row(i) {
			sums[c] += b.columns[c].nll(b.place(c, x))
		}
	}
	out := map[string]float64{}
	for c, sum := range sums {
		out[b.schema.Columns[c].Name] = sum / float64(max(t.Rows(), 1))
	}
	return out
}

func (b *marginals) nll(_ context.Context, t *table.Table) (map[string]float64, error) {
	return b.nllOf(t), nil
}

func (b *marginals) sample(ctx context.Context, seed uint64, first int, rows []int) ([]float64, error) {
	var values []float64
	for i, n := range rows {
		r := rand.New(rand.NewPCG(seed, uint64(first+i)+1<<40))
		for range n {
			for c := range b.columns {
				values = append(values, b.draw(c, r))
			}
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	return values, nil
}

func (b *marginals) draw(column int, r *rand.Rand) float64 {
	c := &b.schema.Columns[column]
	class := b.columns[column].draw(r)
	if c.Discrete() {
		return float64(class)
	}
	if class < len(c.Atoms) {
		return c.Atoms[class]
	}
	from, width := c.bins()
	return min(max(c.value(from+width*(float64(class-len(c.Atoms))+r.Float64())), c.Low), c.High)
}

func (b *marginals) free() {}

func columnCounts(column int) string { return fmt.Sprintf("counts.%d", column) }

// trainMarginals writes the baseline as a model.
func trainMarginals(_ context.Context, s *tableSets, dir string, o TrainOptions, obs Observer) (*Model, error) {
	b := countMarginals(s)
	m := Manifest{Arch: ArchIndependent, Table: s.schema, Training: s.about}
	m.Training.ValidNLL = s.about.BaselineNLL
	obs.Valid(validation(0, int64(s.valid.Rows()), m.Training.ValidNLL))
	var counts []safetensors.Tensor
	for c := range b.columns {
		counts = append(counts, b.columns[c].array(columnCounts(c)))
	}
	return saveModel(dir, m, counts)
}

// openMarginals makes the baseline of a loaded model.
func openMarginals(m *Model, _ torch.Device) (tableModel, error) {
	s := m.Manifest.Table
	if got, want := len(m.arrays), len(s.Columns); got != want {
		return nil, fmt.Errorf("%d tensors, want %d", got, want)
	}
	for i, c := range s.Columns {
		want := c.classes()
		if !c.Discrete() {
			want += marginalBins - 1
		}
		if got := len(m.arrays[columnCounts(i)].Data) / 4; got != want {
			return nil, fmt.Errorf("column %q: %d counts, want %d", c.Name, got, want)
		}
	}
	b := newMarginals(s)
	for c := range b.columns {
		if err := b.columns[c].setCounts(m.arrays[columnCounts(c)].Float32s()); err != nil {
			return nil, fmt.Errorf("column %q: %w", b.schema.Columns[c].Name, err)
		}
	}
	return b, nil
}
