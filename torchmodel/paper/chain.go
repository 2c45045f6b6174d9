package paper

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"stan/dataset/table"
)

// Chain is the paper's Bayesian chain (B2): every attribute given the attribute before it in the row and its own value in
// the row before. A continuous attribute has 50 cells, even inside; as a condition two neighbours are one. The law of a cell a
// after b in the row and c in the row before is counted, and where it was seen seldom leans on coarser counts:
//
//	p(a|b,c) = (n(a,b,c) + s(b,c) p(a|c)) / (n(b,c) + s(b,c))
//	p(a|c)   = (n(a,c) + s(c) p(a)) / (n(c) + s(c))
//	p(a)     = (n(a) + 1/2) / (n + cells/2)
//
// where s is the number of different cells seen after b and c, after c (Witten and Bell, 1991), at least 1. The first attribute
// has no b, and p(a|c) is its law; the first row of a sequence has a c of its own.
type Chain struct {
	layout layout
	links  []link
}

const (
	addedCell  = 0.5
	chainCells = 50 // of a continuous attribute
)

// cells is the number of a column's cells in the chain.
func (c *Column) cells() int {
	if c.Discrete() {
		return c.Classes
	}
	return chainCells
}

// cell is the cell that v lies in, or the nearest one.
func (c *Column) cell(v float64) int32 {
	if c.Discrete() {
		return int32(v)
	}
	return int32(min(max(c.scaled(v)*chainCells, 0), chainCells-1))
}

// condition is what the chain knows of a cell when it stands before another one.
func (c *Column) condition(cell int32) int32 {
	if c.Discrete() {
		return cell
	}
	return cell / 2
}

// binShare is the share of a cell that a bin is.
func (c *Column) binShare() float64 {
	if c.Discrete() {
		return 1
	}
	return float64(chainCells) / Bins
}

// inside is a value of a cell.
func (c *Column) inside(cell int32, r *rand.Rand) float64 {
	if c.Discrete() {
		return float64(cell)
	}
	return c.value((float64(cell) + r.Float64()) / chainCells)
}

// link is the law of one attribute.
type link struct {
	cells  int
	all    counts
	after  map[int32]*counts    // by c
	within map[[2]int32]*counts // by b and c; nil for the first attribute
}

// counts are how often each cell was seen, in the order of first sight.
type counts struct {
	total float64
	cell  []int32
	n     []float64
	index map[int32]int // of each cell, once there are more than a glance tells
}

const glance = 16

// find is the index of a cell, -1 if it was not seen.
func (k *counts) find(cell int32) int {
	if len(k.cell) <= glance {
		return slices.Index(k.cell, cell)
	}
	if i, ok := k.index[cell]; ok {
		return i
	}
	return -1
}

func (k *counts) add(cell int32, n float64) {
	k.total += n
	if i := k.find(cell); i >= 0 {
		k.n[i] += n
		return
	}
	k.cell, k.n = append(k.cell, cell), append(k.n, n)
	switch {
	case len(k.cell) == glance+1:
		k.index = map[int32]int{}
		for i, c := range k.cell {
			k.index[c] = i
		}
	case len(k.cell) > glance:
		k.index[cell] = len(k.cell) - 1
	}
}

// of is the count of a cell.
func (k *counts) of(cell int32) float64 {
	if k == nil {
		return 0
	}
	if i := k.find(cell); i >= 0 {
		return k.n[i]
	}
	return 0
}

func (k *counts) sum() float64 {
	if k == nil {
		return 0
	}
	return k.total
}

// lean is s, the weight of the coarser law.
func (k *counts) lean() float64 {
	if k == nil {
		return 1
	}
	return float64(len(k.cell))
}

// draw draws a cell by its count.
func (k *counts) draw(r *rand.Rand) int32 {
	u := r.Float64() * k.total
	for i, n := range k.n {
		if u -= n; u < 0 {
			return k.cell[i]
		}
	}
	return k.cell[len(k.cell)-1]
}

func newChain(columns []Column) *Chain {
	m := &Chain{layout: newLayout(columns), links: make([]link, len(columns))}
	for i := range m.links {
		m.links[i] = link{cells: columns[i].cells(), after: map[int32]*counts{}}
		if i > 0 {
			m.links[i].within = map[[2]int32]*counts{}
		}
	}
	return m
}

// FitChain counts a table.
func FitChain(ctx context.Context, columns []Column, t *table.Table) (*Chain, error) {
	m := newChain(columns)
	return m, m.walk(ctx, t, func(i int, a, b, c int32) { m.links[i].add(a, b, c, 1) })
}

// none is the condition of a row's first value, and of a sequence's first row.
const none = -1

// walk calls f with the cell of each value, and as conditions the value before it in the row and its own in the row before.
func (m *Chain) walk(ctx context.Context, t *table.Table, f func(column int, a, b, c int32)) error {
	columns := m.layout.columns
	before := make([]int32, len(columns))
	for e := range t.Entities {
		for i := range before {
			before[i] = none
		}
		for row := t.Starts[e]; row < t.Starts[e+1]; row++ {
			if row%(1<<16) == 0 && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			b := int32(none)
			for i, v := range t.Row(row) {
				a := columns[i].cell(v)
				f(i, a, b, before[i])
				b = columns[i].condition(a)
				before[i] = b
			}
		}
	}
	return nil
}

func (l *link) add(a, b, c int32, n float64) {
	l.all.add(a, n)
	entry(l.after, c).add(a, n)
	if l.within != nil {
		entry(l.within, [2]int32{b, c}).add(a, n)
	}
}

func entry[K comparable](m map[K]*counts, key K) *counts {
	if m[key] == nil {
		m[key] = &counts{}
	}
	return m[key]
}

// p is the law of a cell.
func (l *link) p(a, b, c int32) float64 {
	p := marginal(&l.all, a, l.cells)
	p = lean(l.after[c], a, p)
	if l.within != nil {
		p = lean(l.within[[2]int32{b, c}], a, p)
	}
	return p
}

// lean mixes counts of a cell with a coarser law of it.
func lean(k *counts, a int32, coarser float64) float64 {
	return (k.of(a) + k.lean()*coarser) / (k.sum() + k.lean())
}

// draw draws from p.
func (l *link) draw(r *rand.Rand, b, c int32) int32 {
	for _, k := range []*counts{l.within[[2]int32{b, c}], l.after[c]} {
		if n := k.sum(); r.Float64()*(n+k.lean()) < n {
			return k.draw(r)
		}
	}
	if r.Float64()*(l.all.total+addedCell*float64(l.cells)) < l.all.total {
		return l.all.draw(r)
	}
	return int32(r.IntN(l.cells))
}

// NLL is the negative log-likelihood of a table's rows by column, in nats a row.
func (m *Chain) NLL(ctx context.Context, t *table.Table) ([]float64, error) {
	out := make([]float64, len(m.links))
	err := m.walk(ctx, t, func(i int, a, b, c int32) { out[i] -= math.Log(m.links[i].p(a, b, c) * m.layout.columns[i].binShare()) })
	for i := range out {
		out[i] /= float64(max(t.Rows(), 1))
	}
	return out, err
}

// MarginalNLL is what the likelihood of valid would be if every attribute were drawn by itself, by p(a) as above: a measure for
// the others' likelihood, of the same classes and bins.
func MarginalNLL(columns []Column, train, valid *table.Table) []float64 {
	all, out := make([]counts, len(columns)), make([]float64, len(columns))
	for row := range train.Rows() {
		for i, v := range train.Row(row) {
			all[i].add(columns[i].cell(v), 1)
		}
	}
	for row := range valid.Rows() {
		for i, v := range valid.Row(row) {
			c := &columns[i]
			out[i] -= math.Log(marginal(&all[i], c.cell(v), c.cells())*c.binShare()) / float64(valid.Rows())
		}
	}
	return out
}

// marginal is p(a).
func marginal(k *counts, a int32, cells int) float64 {
	return (k.of(a) + addedCell) / (k.total + addedCell*float64(cells))
}

// Free does nothing: a chain holds no tensors.
func (m *Chain) Free() {}

func (m *Chain) columns() []Column { return m.layout.columns }

func (m *Chain) lanes() int { return 1 }

func (m *Chain) draw(all []lane) {
	for n := range all {
		a, b := &all[n], int32(none)
		for i := range m.links {
			column, c := &m.layout.columns[i], int32(none)
			if len(a.last) > 0 {
				c = column.condition(column.cell(a.last[i]))
			}
			cell := m.links[i].draw(a.r, b, c)
			a.row[i] = column.inside(cell, a.r)
			b = column.condition(cell)
		}
	}
}

// triples are the counts of a link as rows of a, b, c and count, sorted.
func (l *link) triples() [][4]float32 {
	var out [][4]float32
	list := func(b, c int32, k *counts) {
		for i, a := range k.cell {
			out = append(out, [4]float32{float32(a), float32(b), float32(c), float32(k.n[i])})
		}
	}
	for c, k := range l.after {
		if l.within == nil {
			list(none, c, k)
		}
	}
	for key, k := range l.within {
		list(key[0], key[1], k)
	}
	slices.SortFunc(out, func(x, y [4]float32) int { return slices.Compare(x[:], y[:]) })
	return out
}
