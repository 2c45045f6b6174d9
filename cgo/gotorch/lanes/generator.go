package lanes

import (
	"unsafe"

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
	Plan        torch.Tensor // [W, plan inputs]
	TupleBag    torch.Tensor // [W, tuples, inputs of a candidate] int64
	TupleMask   torch.Tensor // [W, tuples]
	PeerBag     torch.Tensor // [W, peers, inputs of a candidate] int64
	PeerMask    torch.Tensor // [W, peers]
	SizeBag     torch.Tensor // [W, repeats, inputs of a size] int64
	SizeNumeric torch.Tensor // [W, repeats, continuous inputs of a size]
	SizeMask    torch.Tensor // [W, repeats]
	AnsweredBag torch.Tensor // [W, answered] int64, size of the flow that the row answers
	Answered    torch.Tensor // [W, answered], where its packets and bytes lie on their axes
	LastedBag   torch.Tensor // [W, lasted] int64, durations that the row's is likely to be near to
	Lasted      torch.Tensor // [W, lasted], where they lie on the axis of durations
	ChosenRow   torch.Tensor // [W] int64 into W*(tuples+peers)
	ChosenBag   torch.Tensor // [W, inputs of a candidate] int64
	Chosen      torch.Tensor // [W, 1]
	Input       torch.Tensor // [W] int64, row of the input table of the attribute just drawn
	Joint       torch.Tensor // [W, 2] int64, kind of flow, and its packets among those of the kind, as far as drawn
	Number      torch.Tensor // [W, 1], its continuous input
	Bag         torch.Tensor // [W, discrete inputs] int64, of the finished row
	Numeric     torch.Tensor // [W, continuous inputs]
	Memory      torch.Tensor // [2, W] int64 into W*(tuples+peers), where the finished row is remembered
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
		&o.Plan, &o.TupleBag, &o.TupleMask, &o.PeerBag, &o.PeerMask, &o.SizeBag, &o.SizeNumeric, &o.SizeMask,
		&o.AnsweredBag, &o.Answered, &o.LastedBag, &o.Lasted, &o.ChosenRow, &o.ChosenBag, &o.Chosen, &o.Input, &o.Joint, &o.Number, &o.Bag, &o.Numeric, &o.Memory,
	} {
		f.T = hs[i]
	}
	return o
}

// Assignment gives a lane a host: its plans (stan::Plan), one a day, and its span [Start, End) in µs. It ends after Quota rows,
// repeating the last plan day by day; below 0 there is no bound but the span.
type Assignment[Plan any] struct {
	Lane, Host        int
	Plans             []Plan
	Start, End, Quota int64
}

// Assign gives lanes, each once, a host, between two blocks.
func Assign[Plan any](g *Generator, list []Assignment[Plan]) error {
	size := SizesOf().PlanBytes
	all := make([]libtorch.Assignment, len(list))
	for i, a := range list {
		all[i] = libtorch.Assignment{
			Lane: a.Lane, Host: a.Host, Days: len(a.Plans), Plans: raw("generator assign", a.Plans, size),
			Start: a.Start, End: a.End, Quota: a.Quota,
		}
	}
	return typed(g.g.Assign(all))
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

// Active tells whether any lane has a host that goes on.
func (g *Generator) Active() bool {
	active, err := g.g.Active()
	torch.Check(err)
	return active
}

// Drawn is what the lanes of a generator drew in a block, as Collect has copied it to the host. The slices are memory of the
// scope that NewDrawnNoCopy was given, pinned where the generator is on CUDA.
type Drawn[Row any] struct {
	Rows   []Row   // [Block, Width]
	Hosts  []int32 // [Block, Width] of each row, -1 for none
	Active []int32 // [Width] 1 where the lane's host goes on, 0 where it has ended or there is none

	rows, hosts, active torch.Tensor
}

// NewDrawnNoCopy makes the memory that Collect fills; no lane is active in it yet.
func NewDrawnNoCopy[Row any](scope *torch.Scope, g *Generator) *Drawn[Row] {
	hs, err := g.g.HostTensors(scope.Pool())
	torch.Check(err)
	d := &Drawn[Row]{rows: torch.Tensor{T: hs[0]}, hosts: torch.Tensor{T: hs[1]}, active: torch.Tensor{T: hs[2]}}
	n := g.Block * g.Width
	checkSize[Row]("generator rows", SizesOf().RowBytes)
	d.Rows = unsafe.Slice((*Row)(d.rows.DataPtrNoCopy()), n)
	d.Hosts = unsafe.Slice((*int32)(d.hosts.DataPtrNoCopy()), n)
	d.Active = unsafe.Slice((*int32)(d.active.DataPtrNoCopy()), g.Width)
	return d
}

// Collect copies what the lanes of g drew to d, which was made for it. It waits for the device.
func Collect[Row any](g *Generator, d *Drawn[Row]) error {
	return typed(g.g.Collect(d.rows.T, d.hosts.T, d.active.T))
}
