package lanes

import (
	"fmt"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/libtorch"
)

// Generator is the state of the sampling loop: Width lanes, each with one host's memory, and the last Block rows of each.
type Generator struct {
	g            *libtorch.Generator
	Width, Block int
}

// Outputs is what the steps of a generator leave for the network. The tensors share the generator's memory.
type Outputs struct {
	Plan      torch.Tensor // [W, plan inputs]
	TupleBag  torch.Tensor // [W, tuples, inputs of a candidate] int64
	TupleMask torch.Tensor // [W, tuples]
	PeerBag   torch.Tensor // [W, peers, inputs of a candidate] int64
	PeerMask  torch.Tensor // [W, peers]
	ChosenRow torch.Tensor // [W] int64 into W*(tuples+peers)
	ChosenBag torch.Tensor // [W, inputs of a candidate] int64
	Chosen    torch.Tensor // [W, 1]
	Input     torch.Tensor // [W] int64, row of the input table of the attribute just drawn
	Number    torch.Tensor // [W, 1], its continuous input
	Bag       torch.Tensor // [W, discrete inputs] int64, of the finished row
	Numeric   torch.Tensor // [W, continuous inputs]
	Memory    torch.Tensor // [2, W] int64 into W*(tuples+peers), where the finished row is remembered
}

// NewGenerator makes a generator of width lanes that collects block rows of each, for hosts with the given addresses (4
// words each) and at most maxDays days. The caller frees it, before t.
func NewGenerator(t *Tables, width, maxDays, block int, hosts []uint32, seed uint64) (*Generator, error) {
	g, err := libtorch.NewGenerator(t.t, width, maxDays, block, hosts, seed)
	if err != nil {
		return nil, typed(err)
	}
	return &Generator{g, width, block}, nil
}

// Steer sets how strongly rows are kept to the plan: 1, or 0 (at first) to leave all to the network.
func (g *Generator) Steer(strength float32) { g.g.Steer(strength) }

// Free releases the generator; tensors that Outputs returned keep their memory.
func (g *Generator) Free() { g.g.Free() }

// OutputsNoCopy returns the tensors that every step writes, as handles of scope.
func (g *Generator) OutputsNoCopy(scope *torch.Scope) *Outputs {
	hs, err := g.g.TensorsNoCopy(scope.Pool())
	torch.Check(err)
	o := &Outputs{}
	for i, f := range []*torch.Tensor{
		&o.Plan, &o.TupleBag, &o.TupleMask, &o.PeerBag, &o.PeerMask, &o.ChosenRow, &o.ChosenBag, &o.Chosen, &o.Input, &o.Number,
		&o.Bag, &o.Numeric, &o.Memory,
	} {
		f.T = hs[i]
	}
	return o
}

// Assign gives a lane a host, between two blocks: its plans (stan::Plan), one a day, and its span [start, end) in µs. It ends
// after quota rows, repeating the last plan day by day; below 0 there is no bound but the span.
func Assign[Plan any](g *Generator, lane, host int, plans []Plan, start, end, quota int64) error {
	b := raw("generator assign", plans, SizesOf().PlanBytes)
	return typed(g.g.Assign(lane, host, b, len(plans), start, end, quota))
}

// Begin starts a row in every lane and writes Plan.
func (g *Generator) Begin() { torch.Check(g.g.Begin()) }

// Draw draws an attribute in every lane from logits [W, classes], and mixture [W, 3M] of a continuous one. Both are used
// as scratch.
func (g *Generator) Draw(head int, logits, mixture torch.Tensor) {
	torch.Check(g.g.Draw(head, logits.T, mixture.T))
}

// Finish ends the row of every lane, and writes Bag, Numeric and Memory.
func (g *Generator) Finish() { torch.Check(g.g.Finish()) }

// Collect copies the block's rows [Block, Width], the host of each (-1 for none), and which lanes go on (1) or are idle (0).
func Collect[Row any](g *Generator, rows []Row, hosts, active []int32) error {
	b := raw("generator collect", rows, SizesOf().RowBytes)
	if n := g.Block * g.Width; len(rows) != n || len(hosts) != n || len(active) != g.Width {
		panic(&torch.Error{Op: "generator collect", Err: torch.ErrShape, Msg: fmt.Sprintf(
			"%d rows, %d hosts and %d lanes, want %d, %d and %d", len(rows), len(hosts), len(active), n, n, g.Width)})
	}
	return typed(g.g.Collect(b, hosts, active))
}
