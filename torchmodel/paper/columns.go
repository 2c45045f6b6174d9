// Package paper holds the networks of the STAN paper (Xu et al., arXiv 2009.12740) and the baselines that it compares them
// with: Networks, one network an attribute; Chain, a Bayesian chain of counts; GAN, a Wasserstein GAN on rows.
//
// All of them learn the rows of a table and draw new rows, one sequence an entity. Flows become such a table in the paper's
// own columns (flows.go). Dimensions: B rows of a batch, W = 6 rows of a window, C inputs of a row, K Gaussians.
package paper

import "stan/dataset/table"

// Column is an attribute, in its place of the factorisation: it is drawn given the columns before it in the row.
type Column struct {
	table.Column
	Low, High float64 // range of a continuous column, which models see as 0 to 1
}

// Bins is the number of bins of a continuous attribute between Low and High: a model's likelihood is that of a value's bin.
const Bins = 200

// scaled is where v lies between Low and High, 0 to 1 inside.
func (c *Column) scaled(v float64) float64 { return (v - c.Low) / c.span() }

// value is the inverse of scaled.
func (c *Column) value(u float64) float64 { return c.Low + u*c.span() }

// span is the range's width, 1 for a constant.
func (c *Column) span() float64 {
	if c.High > c.Low {
		return c.High - c.Low
	}
	return 1
}

// BinWidth is the width of a bin in the column's unit.
func (c *Column) BinWidth() float64 { return c.span() / Bins }

// mostOneHot is the largest number of classes that have an input each; of more, the class's number is one input.
const mostOneHot = 16

func (c *Column) oneHot() bool { return c.Discrete() && c.Classes <= mostOneHot }

// inputs is how many numbers of a network's input the column takes.
func (c *Column) inputs() int {
	if c.oneHot() {
		return c.Classes
	}
	return 1
}

// put writes v's inputs to dst, which holds zeros.
func (c *Column) put(dst []float32, v float64) {
	switch {
	case c.oneHot():
		dst[int(v)] = 1
	case c.Discrete():
		dst[0] = float32(v / float64(c.Classes))
	default:
		dst[0] = float32(c.scaled(v))
	}
}

// layout says where the inputs of each column lie in a row.
type layout struct {
	columns []Column
	offsets []int // len(columns)+1; the last is C
}

func newLayout(columns []Column) layout {
	l := layout{columns: columns, offsets: []int{0}}
	for i := range columns {
		l.offsets = append(l.offsets, l.offsets[i]+columns[i].inputs())
	}
	return l
}

// width is C.
func (l *layout) width() int { return l.offsets[len(l.columns)] }

// put writes column i of a row of inputs.
func (l *layout) put(row []float32, i int, v float64) {
	l.columns[i].put(row[l.offsets[i]:l.offsets[i+1]], v)
}
