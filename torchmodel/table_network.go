package torchmodel

import (
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/nn"
)

// TableNetwork is the default architecture on tables: what of Network is not about flows. The trunk reads the rows before,
// and the columns are drawn in order, each given those before it in the row.
type TableNetwork struct {
	nn.Module
	Rows    *RowEmbedding
	Trunk   *Trunk
	Context *nn.LinearModule  // D to H
	Dropout *nn.DropoutModule // of what the heads know of the past

	Inputs  torch.Tensor // [inputs, H], what each drawn class adds to the state
	Numbers torch.Tensor // [columns, H], what each drawn number adds

	Values  []*ValueHead // of the continuous columns, in order
	Classes []*ClassHead // of the discrete columns, in order

	layout tableLayout
	config Config
}

// tableLayout is where a table's columns stand in the network.
type tableLayout struct {
	columns    []TableColumn
	offsets    []int64 // of each column's classes in the tables of inputs
	inputs     int64
	heads      []int // place of each column's head in Values or Classes
	continuous int
}

func newTableLayout(s *TableSchema) tableLayout {
	l := tableLayout{columns: s.Columns}
	discrete := 0
	for i := range s.Columns {
		c := &s.Columns[i]
		l.offsets = append(l.offsets, l.inputs)
		l.inputs += int64(c.classes())
		if c.Discrete() {
			l.heads = append(l.heads, discrete)
			discrete++
		} else {
			l.heads = append(l.heads, l.continuous)
			l.continuous++
		}
	}
	return l
}

// newTableNetwork makes a network with fresh weights.
func newTableNetwork(c Config, s *TableSchema) *TableNetwork {
	l := newTableLayout(s)
	d, h, columns := int64(c.Width), int64(c.Hidden), int64(len(s.Columns))
	n := &TableNetwork{
		Rows:    newRowEmbedding(l.inputs, columns, d),
		Trunk:   newTrunk(d, c.Layers),
		Context: nn.Linear(d, h, true),
		Dropout: nn.Dropout(c.Dropout),
		Inputs:  newTable(l.inputs, h, 0.3),
		Numbers: newTable(columns, h, 0.3),
		layout:  l, config: c,
	}
	for i := range s.Columns {
		if c := &s.Columns[i]; c.Discrete() {
			n.Classes = append(n.Classes, newClassHead(h, h, int64(c.Classes)))
		} else {
			n.Values = append(n.Values, newValueHead(h, h, len(c.Atoms), n.config.Mixtures, 0))
		}
	}
	n.Init(n)
	return n
}

// leastTableWeights bounds the number of a network's weights from below.
func leastTableWeights(c Config, s *TableSchema) int64 {
	l := newTableLayout(s)
	d, h := int64(c.Width), int64(c.Hidden)
	n := (l.inputs+int64(len(s.Columns)))*(d+h) + int64(c.Layers)*4*d*d
	for i := range s.Columns {
		n += h*h + int64(s.Columns[i].classes())*h
	}
	return n
}

// add extends the state s [N, H] by a drawn column: input [N] names its row of the table of inputs, number [N, 1] is its
// normal number, 0 for a discrete column.
func (n *TableNetwork) add(s torch.Tensor, column int, input, number torch.Tensor) torch.Tensor {
	s = torch.Add(s, torch.Embedding(n.Inputs, input), 1)
	if n.layout.columns[column].Discrete() {
		return s
	}
	return torch.Add(s, torch.Mul(number, n.Numbers.Narrow(0, int64(column), 1).Join(s)), 1)
}

// begin makes the state that the first head reads, from the trunk's output [N, D] after the row before.
func (n *TableNetwork) begin(trunk torch.Tensor, rng *torch.RNG) torch.Tensor {
	return n.Dropout.ForwardBy(rng, n.Context.Forward(trunk))
}

// Forward returns the likelihood of a batch, the place of a value inside its bin included. It draws what it drops from rng, or
// from libtorch's generator for nil.
func (n *TableNetwork) Forward(b *tableBatch, rng *torch.RNG) likelihood {
	out := likelihood{heads: make([]torch.Tensor, len(n.layout.columns))}
	shape := b.valid.Shape()
	x := n.Rows.Forward(b.bag, b.numeric).Reshape(shape[0], shape[1], -1)
	trunk := n.Trunk.Forward(x, b.valid).Reshape(shape[0]*shape[1], -1)
	s := n.begin(torch.IndexSelect(trunk, 0, b.position.AddScalar(-1)), rng)
	bag, numeric := torch.IndexSelect(b.bag, 0, b.position), torch.IndexSelect(b.numeric, 0, b.position)
	for i, c := range n.layout.columns {
		target := b.target.Select(1, int64(i))
		if c.Discrete() {
			out.heads[i] = classNLL(n.Classes[n.layout.heads[i]].Forward(s), target)
		} else {
			v := int64(n.layout.heads[i])
			out.heads[i] = n.Values[v].NLL(s, torch.Tensor{}, target, b.mixed[v], b.bounds.Select(1, 2*v), b.bounds.Select(1, 2*v+1), b.weight)
		}
		out.heads[i] = out.heads[i].AddScalar(b.rest[i])
		s = n.add(s, i, bag.Select(1, int64(i)), numeric.Narrow(1, int64(i), 1))
	}
	out.rows = b.rows()
	return out
}
