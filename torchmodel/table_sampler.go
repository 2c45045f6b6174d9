package torchmodel

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset/table"
)

// tableLanes is the number of entities that a sampler draws side by side; matrices have this many rows also where fewer are
// left, so that no rounding depends on how many there are.
const tableLanes = 64

// tableSampler draws a table's rows from the network: the same modules as in training, one row at a time.
type tableSampler struct {
	net    *TableNetwork
	device torch.Device
}

// openTableNetwork makes the network of a loaded model.
func openTableNetwork(m *Model, device torch.Device) (tableModel, error) {
	c, s := *m.Manifest.Config, m.Manifest.Table
	// Nothing is made in the size that a file claims before it has as many numbers.
	if least, numbers := leastTableWeights(c, s), int64(m.Weights()); least > numbers {
		return nil, fmt.Errorf("%d numbers, want at least %d for this config and table", numbers, least)
	}
	n, err := loaded(m, device, func() *TableNetwork { return newTableNetwork(c, s) })
	return &tableSampler{n, device}, err
}

func (t *tableSampler) free() { t.net.Free() }

func (t *tableSampler) nll(ctx context.Context, rows *table.Table) (map[string]float64, error) {
	heads, _, err := tableNLL(ctx, t.net, newTableRows(rows), t.device)
	if err = cmp.Or(err, context.Cause(ctx)); err != nil {
		return nil, err
	}
	out := map[string]float64{}
	for i, x := range heads {
		out[t.net.layout.columns[i].Name] = x
	}
	return out, nil
}

func (t *tableSampler) sample(ctx context.Context, seed uint64, first int, rows []int) (values []float64, err error) {
	for from := 0; from < len(rows) && err == nil; from += tableLanes {
		torch.NoGrad(func() {
			var part []float64
			part, err = t.block(ctx, seed, first+from, rows[from:min(from+tableLanes, len(rows))])
			values = append(values, part...)
		})
	}
	return values, err
}

// block draws up to tableLanes entities in lock-step.
func (t *tableSampler) block(ctx context.Context, seed uint64, first int, rows []int) ([]float64, error) {
	n, l := t.net, t.net.layout
	columns, most := len(l.columns), 0
	out := make([][]float64, len(rows))
	lanes := make([]*rand.Rand, tableLanes) // those without an entity draw too, and nobody looks
	for i := range lanes {
		lanes[i] = rand.New(rand.NewPCG(seed, uint64(first+i)+1<<42))
	}
	for i, r := range rows {
		out[i], most = make([]float64, 0, r*columns), max(most, r)
	}
	scope := torch.NewScope()
	defer scope.Close()
	state := n.Trunk.newState(tableLanes, int64(n.config.Width), t.device)
	defer state.free()
	last := scope.Adopt(torch.Zeros([]int64{tableLanes, int64(n.config.Width)}, torch.Float, t.device))
	row := make([][]float64, tableLanes)
	for step := range most {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		for i := range row {
			row[i] = row[i][:0]
		}
		torch.With(func(scope *torch.Scope) {
			t.step(scope, state, step, last, lanes, row)
		})
		for i, r := range rows {
			if step < r {
				out[i] = append(out[i], row[i]...)
			}
		}
	}
	var all []float64
	for _, values := range out {
		all = append(all, values...)
	}
	return all, nil
}

// step draws one row of every lane. Its tensors belong to scope; last [W, D] is the trunk's output after the row before.
func (t *tableSampler) step(scope *torch.Scope, state *trunkState, step int, last torch.Tensor, lanes []*rand.Rand, row [][]float64) {
	n, l := t.net, t.net.layout
	columns := len(l.columns)
	bag, numeric := make([]int64, len(lanes)*columns), make([]float32, len(lanes)*columns)
	s := n.begin(scope.Adopt(last.Narrow(0, 0, tableLanes)), nil)
	for c := range l.columns {
		column := &l.columns[c]
		draw := t.drawer(s, c)
		input, number := make([]int64, len(lanes)), make([]float32, len(lanes))
		for i, r := range lanes {
			x := draw(i, r)
			row[i] = append(row[i], x)
			input[i] = l.offsets[c] + int64(column.class(x))
			if !column.Discrete() {
				number[i] = float32(column.normal(x))
			}
			bag[i*columns+c], numeric[i*columns+c] = input[i], number[i]
		}
		s = n.add(s, c, t.on(scope, torch.FromInt64(input)), t.on(scope, torch.FromFloat32(number, tableLanes, 1)))
	}
	x := n.Rows.Forward(t.on(scope, torch.FromInt64(bag, tableLanes, int64(columns))), t.on(scope, torch.FromFloat32(numeric, tableLanes, int64(columns))))
	last.CopyI(n.Trunk.Step(state, step, x))
}

// on moves a tensor of the host to the sampler's device, in scope.
func (t *tableSampler) on(scope *torch.Scope, x torch.Tensor) torch.Tensor {
	scope.Adopt(x)
	if t.device.IsCUDA() {
		return scope.Adopt(x.To(t.device))
	}
	return x
}

// drawer evaluates a column's head and returns what draws lane i's value.
func (t *tableSampler) drawer(s torch.Tensor, column int) func(i int, r *rand.Rand) float64 {
	c, head := &t.net.layout.columns[column], t.net.layout.heads[column]
	if c.Discrete() {
		logits := t.net.Classes[head].Forward(s).Float32s()
		return func(i int, r *rand.Rand) float64 { return float64(drawClass(logits[i*c.Classes:(i+1)*c.Classes], r)) }
	}
	exact, mixture := t.net.Values[head].Forward(s, torch.Tensor{})
	logits, parameters := exact.Float32s(), mixture.Float32s()
	m := t.net.config.Mixtures
	return func(i int, r *rand.Rand) float64 {
		if class := drawClass(logits[i*c.classes():(i+1)*c.classes()], r); class < len(c.Atoms) {
			return c.Atoms[class]
		}
		return drawValue(c, parameters[i*3*m:(i+1)*3*m], r)
	}
}

// drawClass draws a class by its logits.
func drawClass(logits []float32, r *rand.Rand) int {
	top := slices.Max(logits)
	var sum float64
	for _, x := range logits {
		sum += math.Exp(float64(x - top))
	}
	u := r.Float64() * sum
	for i, x := range logits {
		if u -= math.Exp(float64(x - top)); u < 0 {
			return i
		}
	}
	return slices.Index(logits, top)
}

// redraws is how often a value outside the training table's range is drawn again, as the paper does.
const redraws = 10

// drawValue draws from a mixture: logits, means and log standard deviations of its Gaussians.
func drawValue(c *TableColumn, mixture []float32, r *rand.Rand) float64 {
	m := len(mixture) / 3
	x := 0.0
	for range redraws {
		k := drawClass(mixture[:m], r)
		x = c.value(float64(mixture[m+k]) + math.Exp(float64(mixture[2*m+k]))*r.NormFloat64())
		if x >= c.Low && x <= c.High {
			return x
		}
	}
	return min(max(x, c.Low), c.High) // NaN stays NaN, and is refused where rows are written
}
