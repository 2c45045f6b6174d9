package boost

import (
	"fmt"
	"math"
	"math/rand/v2"

	"stan/evaluate/internal/cores"
)

// Objective is what a model learns.
type Objective int

const (
	Logistic Objective = iota // the probability of label 1 against 0
	Softmax                   // the probability of each class, labels 0, 1 and up
	Squared                   // a number, by least squares
)

// Options tune the training. Zero stands for the default in brackets.
type Options struct {
	Objective Objective
	Classes   int     // of Softmax
	Rounds    int     // trees, for Softmax of each class [100]
	Leaves    int     // of a tree at most [31]
	MinRows   int     // in a leaf at least [20]
	L2        float64 // added to the sum of second derivatives in a leaf [0]
	Rate      float64 // learning rate [0.1]
	Features  float64 // share of the columns that a tree may use, drawn anew for each [1]
	Rows      float64 // share of the rows that a tree learns from, drawn anew for each [1]
	Seed      uint64  // of these draws
}

func (o Options) withDefaults() Options {
	orElse := func(x *float64, otherwise float64) {
		if *x == 0 {
			*x = otherwise
		}
	}
	orElseInt := func(x *int, otherwise int) {
		if *x == 0 {
			*x = otherwise
		}
	}
	orElseInt(&o.Rounds, 100)
	orElseInt(&o.Leaves, 31)
	orElseInt(&o.MinRows, 20)
	orElse(&o.Rate, 0.1)
	orElse(&o.Features, 1)
	orElse(&o.Rows, 1)
	return o
}

func (o *Options) validate() error {
	switch {
	case o.Rounds < 1 || o.Leaves < 2 || o.MinRows < 1:
		return fmt.Errorf("boost: %d rounds, %d leaves, %d rows in a leaf, want at least 1, 2 and 1: %w",
			o.Rounds, o.Leaves, o.MinRows, ErrOptions)
	case !(o.Rate > 0 && o.L2 >= 0):
		return fmt.Errorf("boost: rate %g, L2 %g, want above 0, and 0 or more: %w", o.Rate, o.L2, ErrOptions)
	case !(0 < o.Features && o.Features <= 1 && 0 < o.Rows && o.Rows <= 1):
		return fmt.Errorf("boost: shares of features %g, of rows %g, want above 0, up to 1: %w", o.Features, o.Rows,
			ErrOptions)
	case o.Objective < Logistic || o.Objective > Squared:
		return fmt.Errorf("boost: objective %d: %w", o.Objective, ErrOptions)
	case o.Objective == Softmax && o.Classes < 2:
		return fmt.Errorf("boost: %d classes, want 2 or more: %w", o.Classes, ErrOptions)
	}
	return nil
}

// Model predicts rows of the matrix that it learnt from.
type Model struct {
	objective Objective
	base      []float64 // score before the first tree, by output
	trees     [][]tree  // by round and output
	gain      []float64 // by column
}

// Train learns labels, one for each row of m, from the rows given; nil stands for all of them. A row given twice counts
// twice.
func Train(m *Matrix, rows []int32, labels []float64, o Options) (*Model, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	rows, err := m.choose(rows)
	if err != nil {
		return nil, err
	}
	if len(labels) != m.rows {
		return nil, fmt.Errorf("boost: %d labels, want one for each of %d rows: %w", len(labels), m.rows, ErrData)
	}
	y := make([]float64, len(rows))
	for i, r := range rows {
		y[i] = labels[r]
		if err := o.checkLabel(y[i]); err != nil {
			return nil, fmt.Errorf("boost: row %d: %w", r, err)
		}
	}
	model := &Model{objective: o.Objective, base: baseScores(y, &o), gain: make([]float64, len(m.columns))}
	scores := make([][]float64, len(model.base))
	for k := range scores {
		scores[k] = make([]float64, len(rows))
		for i := range scores[k] {
			scores[k][i] = model.base[k]
		}
	}
	random := rand.New(rand.NewPCG(o.Seed, 0))
	g := newGrower(m, rows, &o)
	slopes := newSlopes(len(rows), len(model.base))
	for range o.Rounds {
		slopes.compute(o.Objective, y, scores)
		trees := make([]tree, len(model.base))
		for k := range trees {
			trees[k] = g.grow(slopes.first[k], slopes.second[k], random, model.gain)
			cores.Chunks(len(rows), func(from, to int) {
				for i := from; i < to; i++ {
					scores[k][i] += trees[k].value(m, rows[i])
				}
			})
		}
		model.trees = append(model.trees, trees)
	}
	return model, nil
}

// choose returns rows, or all where that is nil.
func (m *Matrix) choose(rows []int32) ([]int32, error) {
	if rows == nil {
		rows = make([]int32, m.rows)
		for i := range rows {
			rows[i] = int32(i)
		}
	}
	if len(rows) == 0 || len(rows) > maxRows {
		return nil, fmt.Errorf("boost: %d rows chosen, want 1 to %d: %w", len(rows), maxRows, ErrData)
	}
	for _, r := range rows {
		if r < 0 || int(r) >= m.rows {
			return nil, fmt.Errorf("boost: row %d chosen of %d: %w", r, m.rows, ErrData)
		}
	}
	return rows, nil
}

func (o *Options) checkLabel(y float64) error {
	classes := 2
	switch o.Objective {
	case Squared:
		if math.IsNaN(y) || math.IsInf(y, 0) {
			return fmt.Errorf("label %g, want a number: %w", y, ErrData)
		}
		return nil
	case Softmax:
		classes = o.Classes
	}
	if y != math.Trunc(y) || y < 0 || y >= float64(classes) {
		return fmt.Errorf("label %g, want a class from 0 to %d: %w", y, classes-1, ErrData)
	}
	return nil
}

// Outputs returns the number of figures that Predict has for a row: the classes of Softmax, otherwise 1.
func (m *Model) Outputs() int { return len(m.base) }

// Predict returns the probability of label 1, of each class, or the number, for the rows of x; nil stands for all. Row i
// has the figures from i*Outputs() on. x is the matrix that the model was trained on.
func (m *Model) Predict(x *Matrix, rows []int32) ([]float64, error) {
	rows, err := x.choose(rows)
	if err != nil {
		return nil, err
	}
	if len(x.columns) != len(m.gain) {
		return nil, fmt.Errorf("boost: %d columns, want %d: %w", len(x.columns), len(m.gain), ErrData)
	}
	outputs := len(m.base)
	out := make([]float64, len(rows)*outputs)
	cores.Chunks(len(rows), func(from, to int) {
		for i := from; i < to; i++ {
			copy(out[i*outputs:], m.base)
		}
		for _, trees := range m.trees {
			for k := range trees {
				for i := from; i < to; i++ {
					out[i*outputs+k] += trees[k].value(x, rows[i])
				}
			}
		}
		for i := from; i < to; i++ {
			activate(m.objective, out[i*outputs:(i+1)*outputs])
		}
	})
	return out, nil
}

// Importance returns, for each column, how much the splits on it lowered the loss, as shares that sum to 1; all are 0
// where no tree has a split.
func (m *Model) Importance() []float64 {
	total := 0.
	for _, g := range m.gain {
		total += g
	}
	shares := make([]float64, len(m.gain))
	if total > 0 {
		for i, g := range m.gain {
			shares[i] = g / total
		}
	}
	return shares
}
