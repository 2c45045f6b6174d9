package evaluate

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	data "stan/dataset/table"
)

// Bins of a table's columns.
const (
	pairColumns = 12 // most columns whose pairs are measured
	coarseBins  = 16 // of a column in a pair
)

// tableBins are the bins of each column, fitted to the real table: those of its own histogram, the paper's for a continuous
// column, and coarse ones for pairs.
type tableBins struct {
	columns []data.Column
	low     []float64 // of a continuous column
	high    []float64
	mean    []float64   // taken off before squares are summed
	edges   [][]float64 // between the coarse bins of a continuous column, each of about as many real rows
}

func newTableBins(t *data.Table) *tableBins {
	b := &tableBins{columns: t.Columns}
	for c, column := range t.Columns {
		if column.Discrete() {
			b.low, b.high, b.mean, b.edges = append(b.low, 0), append(b.high, 0), append(b.mean, 0), append(b.edges, nil)
			continue
		}
		values := make([]float64, t.Rows())
		for i := range values {
			values[i] = t.Row(i)[c]
		}
		slices.Sort(values)
		var edges []float64
		for k := 1; k < coarseBins; k++ {
			edges = append(edges, values[k*len(values)/coarseBins])
		}
		b.low, b.high = append(b.low, values[0]), append(b.high, values[len(values)-1])
		b.mean, b.edges = append(b.mean, stat.Mean(values, nil)), append(b.edges, slices.Compact(edges))
	}
	return b
}

// fine is the bin of a value in its column's histogram.
func (b *tableBins) fine(c int, x float64) int {
	if b.columns[c].Discrete() {
		return int(x)
	}
	if b.high[c] == b.low[c] {
		switch {
		case x < b.low[c]:
			return 0
		case x == b.low[c]:
			return 1
		}
		return 2
	}
	return equalBin((x-b.low[c])/(b.high[c]-b.low[c]), paperBinCount)
}

func (b *tableBins) fineBins(c int) int {
	if b.columns[c].Discrete() {
		return b.columns[c].Classes
	}
	return paperBinCount
}

// coarse is the bin of a value in the tables of pairs.
func (b *tableBins) coarse(c int, x float64) int {
	if n := b.columns[c].Classes; n > coarseBins {
		return int(x) * coarseBins / n
	} else if n > 0 {
		return int(x)
	}
	i, found := slices.BinarySearch(b.edges[c], x)
	if found {
		i++
	}
	return i
}

// moments are the sums that a regression of y on x follows from.
type moments struct{ n, x, y, xx, xy, yy float64 }

func (m *moments) add(x, y float64) {
	m.n, m.x, m.y, m.xx, m.xy, m.yy = m.n+1, m.x+x, m.y+y, m.xx+x*x, m.xy+x*y, m.yy+y*y
}

func (m *moments) join(o *moments) {
	m.n, m.x, m.y, m.xx, m.xy, m.yy = m.n+o.n, m.x+o.x, m.y+o.y, m.xx+o.xx, m.xy+o.xy, m.yy+o.yy
}

// slope is the coefficient of x in the regression of y on x, NaN where x does not vary.
func (m *moments) slope() float64 {
	sxx := m.xx - m.x*m.x/m.n
	if !(sxx > 0) {
		return math.NaN()
	}
	return (m.xy - m.x*m.y/m.n) / sxx
}

// mse is the mean square of what the regression leaves.
func (m *moments) mse() float64 {
	syy, sxy := m.yy-m.y*m.y/m.n, m.xy-m.x*m.y/m.n
	return max((syy-m.slope()*sxy)/m.n, 0)
}

// spread is the ratio of the standard deviations of y and x.
func (m *moments) spread() float64 { return math.Sqrt((m.yy - m.y*m.y/m.n) / (m.xx - m.x*m.x/m.n)) }

// columnPair is two columns whose dependence is measured, in a row or from row to row.
type columnPair struct {
	x, y int
	lag  bool // x is of the row before
}

// columnPairs are those of the first columns: in a row each later on each earlier one, with the row before all on all.
func columnPairs(columns int) []columnPair {
	var pairs []columnPair
	n := min(columns, pairColumns)
	for x := range n {
		for y := x + 1; y < n; y++ {
			pairs = append(pairs, columnPair{x, y, false})
		}
	}
	for x := range n {
		for y := range n {
			pairs = append(pairs, columnPair{x, y, true})
		}
	}
	return pairs
}

// tableCounts is what is counted of some entities; counts of several add up.
type tableCounts struct {
	fine    [][]uint64 // by column and bin
	moments []moments  // by pair, of two continuous columns
	joint   [][][]float64
	copied  tableCopied
}

func newTableCounts(b *tableBins, pairs []columnPair) *tableCounts {
	n := &tableCounts{fine: make([][]uint64, len(b.columns)), moments: make([]moments, len(pairs)), joint: make([][][]float64, len(pairs))}
	for c := range n.fine {
		n.fine[c] = make([]uint64, b.fineBins(c))
	}
	for i, p := range pairs {
		if !p.linear(b.columns) {
			n.joint[i] = make([][]float64, coarseBins)
			for a := range n.joint[i] {
				n.joint[i][a] = make([]float64, coarseBins)
			}
		}
	}
	return n
}

// add counts one entity.
func (n *tableCounts) add(b *tableBins, pairs []columnPair, t *data.Table, entity int) {
	for i := t.Starts[entity]; i < t.Starts[entity+1]; i++ {
		row := t.Row(i)
		for c, x := range row {
			n.fine[c][b.fine(c, x)]++
		}
		for k, p := range pairs {
			from := row
			if p.lag {
				if i == t.Starts[entity] {
					continue
				}
				from = t.Row(i - 1)
			}
			if n.joint[k] == nil {
				n.moments[k].add(from[p.x]-b.mean[p.x], row[p.y]-b.mean[p.y])
			} else {
				n.joint[k][b.coarse(p.x, from[p.x])][b.coarse(p.y, row[p.y])]++
			}
		}
	}
}

func (n *tableCounts) join(o *tableCounts) {
	n.copied.join(&o.copied)
	for c := range n.fine {
		for i, x := range o.fine[c] {
			n.fine[c][i] += x
		}
	}
	for k := range n.moments {
		n.moments[k].join(&o.moments[k])
		for a := range n.joint[k] {
			for i, x := range o.joint[k][a] {
				n.joint[k][a][i] += x
			}
		}
	}
}
