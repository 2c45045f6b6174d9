package torchmodel

import (
	"math/rand/v2"

	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset/table"
)

// tableBatch is windows of a table's rows: B windows of T positions, of which the first hold what went before, and the S
// rows in them that are scored.
type tableBatch struct {
	bag      torch.Tensor   // [B*T, columns] int64, the rows of the table of inputs
	numeric  torch.Tensor   // [B*T, columns] normal numbers, 0 for a discrete column
	valid    torch.Tensor   // [B, T, 1], 0 where there is no row
	position torch.Tensor   // [S] int64 into B*T
	weight   torch.Tensor   // [S], all 1
	target   torch.Tensor   // [S, columns] int64, classes
	bounds   torch.Tensor   // [S, 2*continuous columns], edges of the value's bin
	mixed    []torch.Tensor // for each continuous column the rows of S that are none of its atoms; one row of nothing if all are
	rest     []float64      // by column, nats of all values inside their bins
	net      *TableNetwork
}

// fields are the batch's tensors.
func (b *tableBatch) fields() []*torch.Tensor {
	f := []*torch.Tensor{&b.bag, &b.numeric, &b.valid, &b.position, &b.weight, &b.target, &b.bounds}
	for i := range b.mixed {
		f = append(f, &b.mixed[i])
	}
	return f
}

// each is the batch of what f makes of every tensor.
func (b *tableBatch) each(f func(torch.Tensor) torch.Tensor) batch {
	c := *b
	c.mixed = append([]torch.Tensor(nil), b.mixed...)
	for _, t := range c.fields() {
		*t = f(*t)
	}
	return &c
}

func (b *tableBatch) rows() torch.Tensor { return torch.Sum(b.weight) }

func (b *tableBatch) score(rng *torch.RNG) likelihood { return b.net.Forward(b, rng) }

// tableWindow is where a window's scored rows begin; cold windows forget all before them.
type tableWindow struct {
	row  int
	cold bool
}

// tableRows cut a table into windows.
type tableRows struct {
	*table.Table
	entity []int32 // of each row
}

func newTableRows(t *table.Table) *tableRows {
	r := &tableRows{t, make([]int32, t.Rows())}
	for e := range t.Entities {
		for i := t.Starts[e]; i < t.Starts[e+1]; i++ {
			r.entity[i] = int32(e)
		}
	}
	return r
}

// windows cuts the entities into windows of length rows: in an order and with offsets that depend on seed and epoch alone,
// some of them cold.
func (t *tableRows) windows(seed int64, epoch, length int) []tableWindow {
	r := rand.New(rand.NewPCG(uint64(seed), uint64(epoch)))
	var w []tableWindow
	for e := range t.Entities {
		if t.Starts[e] == t.Starts[e+1] {
			continue
		}
		for at := t.Starts[e] - r.IntN(length); at < t.Starts[e+1]; at += length {
			w = append(w, tableWindow{max(at, t.Starts[e]), r.Float64() < coldShare})
		}
	}
	r.Shuffle(len(w), func(i, j int) { w[i], w[j] = w[j], w[i] })
	return w
}

// allWindows cuts the entities into windows of length rows, each with all that went before.
func (t *tableRows) allWindows(length int) []tableWindow {
	var w []tableWindow
	for e := range t.Entities {
		for at := t.Starts[e]; at < t.Starts[e+1]; at += length {
			w = append(w, tableWindow{row: at})
		}
	}
	return w
}

// batch makes a batch of windows of length rows, each after the rows that the network sees. Its tensors belong to scope.
func (t *tableRows) batch(scope *torch.Scope, n *TableNetwork, windows []tableWindow, length int) *tableBatch {
	columns, context := len(n.layout.columns), n.config.ReceptiveField()
	span := context + length
	f := tableFill{
		layout: n.layout, bag: make([]int64, len(windows)*span*columns), numeric: make([]float32, len(windows)*span*columns),
		mixed: make([][]int64, n.layout.continuous), rest: make([]float64, columns),
	}
	for i := range f.bag { // where there is no row, the first class of each column: a place in the table of inputs
		f.bag[i] = n.layout.offsets[i%columns]
	}
	valid := make([]float32, len(windows)*span)
	for w, window := range windows {
		from, to := max(window.row-context, t.Starts[t.entity[window.row]]), min(window.row+length, t.Starts[t.entity[window.row]+1])
		if window.cold {
			from = window.row
		}
		for row := from; row < to; row++ {
			position := w*span + context + row - window.row
			valid[position] = 1
			f.input(position, t.Row(row))
			if row >= window.row {
				f.score(position, t.Row(row))
			}
		}
	}
	rows := f.pad()
	b := &tableBatch{rest: f.rest, net: n}
	b.bag = torch.FromInt64(f.bag, int64(len(valid)), int64(columns))
	b.numeric = torch.FromFloat32(f.numeric, int64(len(valid)), int64(columns))
	b.valid = torch.FromFloat32(valid, int64(len(windows)), int64(span), 1)
	b.position = torch.FromInt64(f.position)
	b.weight = torch.FromFloat32(f.weight)
	b.target = torch.FromInt64(f.target, rows, int64(columns))
	b.bounds = torch.FromFloat32(f.bounds, rows, int64(2*n.layout.continuous))
	for _, m := range f.mixed {
		b.mixed = append(b.mixed, torch.FromInt64(m))
	}
	for _, x := range b.fields() {
		scope.Adopt(*x)
	}
	return b
}

// tableFill gathers a batch.
type tableFill struct {
	layout         tableLayout
	bag, position  []int64
	target         []int64
	numeric        []float32
	weight, bounds []float32
	mixed          [][]int64
	rest           []float64
}

// input puts a row where the trunk reads it.
func (f *tableFill) input(position int, row []float64) {
	n := len(row)
	for c, x := range row {
		column := &f.layout.columns[c]
		f.bag[position*n+c] = f.layout.offsets[c] + int64(column.class(x))
		if !column.Discrete() {
			f.numeric[position*n+c] = float32(column.normal(x))
		}
	}
}

// score puts a row among those that are scored.
func (f *tableFill) score(position int, row []float64) {
	scored := int64(len(f.position))
	f.position = append(f.position, int64(position))
	f.weight = append(f.weight, 1)
	for c, x := range row {
		column := &f.layout.columns[c]
		class := column.class(x)
		f.target = append(f.target, int64(class))
		if column.Discrete() {
			continue
		}
		lower, upper := float32(-0.5), float32(0.5) // not read
		if class == len(column.Atoms) {
			from, to, rest := column.bin(x)
			lower, upper = float32(from), float32(to)
			f.rest[c] += rest
			v := f.layout.heads[c]
			f.mixed[v] = append(f.mixed[v], scored)
		}
		f.bounds = append(f.bounds, lower, upper)
	}
}

// pad ends the scored rows by one that counts nothing, so that no list of rows is empty. It returns their number.
func (f *tableFill) pad() int64 {
	last := int64(len(f.position))
	f.position = append(f.position, 1)
	f.weight = append(f.weight, 0)
	for range f.layout.columns {
		f.target = append(f.target, ignore)
	}
	for v := range f.mixed {
		f.mixed[v] = append(f.mixed[v], last)
		f.bounds = append(f.bounds, -0.5, 0.5)
	}
	return last + 1
}
