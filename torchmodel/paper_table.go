package torchmodel

import (
	"context"
	"math"
	"slices"

	"stan/dataset/table"
	"stan/torchmodel/paper"
)

// Tables for package paper: its models see the numbers that stand for continuous values, between those of the least and the
// greatest value.

// paperColumns are a table's columns as package paper has them.
func (s *TableSchema) paperColumns() []paper.Column {
	out := make([]paper.Column, len(s.Columns))
	for i := range out {
		c := &s.Columns[i]
		out[i].Column = c.Column
		if !c.Discrete() {
			out[i].Low, out[i].High = c.normal(c.Low), c.normal(c.High)
		}
	}
	return out
}

// mapped is a copy of a table's values, the continuous ones changed by f.
func (s *TableSchema) mapped(values []float64, f func(*TableColumn, float64) float64) []float64 {
	out := slices.Clone(values)
	for i := range out {
		if c := &s.Columns[i%len(s.Columns)]; !c.Discrete() {
			out[i] = f(c, out[i])
		}
	}
	return out
}

// forPaper is a table in the numbers that package paper sees.
func (s *TableSchema) forPaper(t *table.Table) *table.Table {
	out := *t
	out.Values = s.mapped(t.Values, (*TableColumn).normal)
	return &out
}

// paperOffsets are what the likelihood of a value takes besides that of its bin of package paper, mean over a table's rows: a
// bin is even inside, and what the likelihood of a value is, TableColumn.bin says.
func (s *TableSchema) paperOffsets(t *table.Table) []float64 {
	out := make([]float64, len(s.Columns))
	for i, p := range s.paperColumns() {
		for row := range t.Rows() {
			if c := &s.Columns[i]; !c.Discrete() {
				lower, upper, rest := c.bin(t.Row(row)[i])
				out[i] += (max(math.Log(p.BinWidth()/(upper-lower)), 0) + rest) / float64(t.Rows())
			}
		}
	}
	return out
}

func (a paperArch) trainTable(ctx context.Context, s *tableSets, dir string, o TrainOptions, obs Observer) (*Model, error) {
	t := paperSets{s.schema.paperColumns(), s.schema.forPaper(s.train), s.schema.forPaper(s.valid)}
	about := s.about
	arrays, err := a.train(ctx, t, s.schema.paperOffsets(s.valid), &about, o, obs)
	if err != nil {
		return nil, err
	}
	return saveModel(dir, Manifest{Arch: o.Arch, Table: s.schema, Training: about}, arrays)
}

// paperTable draws tables.
type paperTable struct {
	m      paper.Model
	schema *TableSchema
}

func (t paperTable) sample(ctx context.Context, seed uint64, first int, rows []int) ([]float64, error) {
	n := len(t.schema.Columns)
	values := make([][]float64, len(rows))
	next := 0
	take := func() (int, bool) {
		for next < len(rows) && rows[next] == 0 {
			next++
		}
		next++
		return first + next - 1, next <= len(rows)
	}
	err := paper.Sample(ctx, t.m, seed, take, func(entity int, row []float64) (bool, error) {
		i := entity - first
		values[i] = append(values[i], row...)
		return len(values[i]) < rows[i]*n, nil
	})
	return t.schema.mapped(slices.Concat(values...), func(c *TableColumn, y float64) float64 {
		return min(max(c.value(y), c.Low), c.High) // the way there and back rounds
	}), err
}

func (t paperTable) nll(ctx context.Context, rows *table.Table) (map[string]float64, error) {
	nll, err := t.m.NLL(ctx, t.schema.forPaper(rows))
	if nll == nil || err != nil {
		return nil, err
	}
	return byColumn(t.schema.paperColumns(), nll, t.schema.paperOffsets(rows)), nil
}

func (t paperTable) free() { t.m.Free() }
