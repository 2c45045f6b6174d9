package torchmodel

import (
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"

	"stan/dataset/encode"
)

// sampler runs the network row by row on W lanes. Everything that a step reads or writes stays on the device; the host
// sees a block of rows at a time. The same modules as in training do the work, in incremental form.
type sampler struct {
	net    *Network
	gen    *lanes.Generator
	device torch.Device
	scope  *torch.Scope // of what lives as long as the sampler

	trunk  *trunkState
	last   torch.Tensor    // [W, D] the trunk's output after the last row
	memory torch.Tensor    // [W*(tuples+peers), 2K+V] of remembered rows
	graph  torch.CUDAGraph // of a block's steps, on CUDA
	warm   bool            // a block was drawn without it
	ready  bool            // it is captured

	steps  int // rows that each lane draws in a block, at most
	drawn  int // in the one begun last
	out    *lanes.Drawn[encode.Row]
	rows   []encode.Row // [drawn, W] of the block collected last
	hosts  []int32      // [drawn, W]
	active []int32      // [W]

	watch func(h Head, logits, mixture torch.Tensor) // of tests, what each draw is made from; else nil
}

// blockRows is the number of rows that each lane draws between two looks of the host, or the trunk's longest dilation where
// that is more: a block starts at the same place of every ring, as its steps are captured once.
const blockRows = 64

func newSampler(n *Network, t *lanes.Tables, device torch.Device, width, maxDays int, hosts []uint32, seed uint64) (*sampler, error) {
	steps := max(blockRows, int(n.Trunk.dilation(n.config.Layers-1)))
	s := &sampler{
		net: n, device: device, scope: torch.NewScope(), steps: steps, drawn: steps,
	}
	var err error
	if s.gen, err = lanes.NewGenerator(t, width, maxDays, steps, hosts, seed); err != nil {
		s.scope.Close()
		return nil, err
	}
	s.gen.Steer(1)
	size := lanes.SizesOf()
	c := n.config
	zeros := func(rows, columns int) torch.Tensor {
		return s.scope.Adopt(torch.Zeros([]int64{int64(rows), int64(columns)}, torch.Float, device))
	}
	s.trunk = n.Trunk.newState(int64(width), int64(c.Width), device)
	s.last = zeros(width, c.Width)
	s.memory = zeros(width*(size.Tuples+size.Peers), 2*c.Key+c.Value)
	s.out = lanes.NewDrawnNoCopy[encode.Row](s.scope, s.gen)
	s.active = s.out.Active
	return s, nil
}

func (s *sampler) free() {
	_ = torch.Try(s.device.Synchronize) // a block may be under way; the device's failure was told when it was met
	if s.ready {
		s.graph.Close()
	}
	s.trunk.free()
	s.scope.Close()
	s.gen.Free()
}

type assignment = lanes.Assignment[plan]

// assign starts hosts in lanes, with nothing of the lanes' last hosts left.
func (s *sampler) assign(list []assignment) error {
	if len(list) == 0 {
		return nil
	}
	which := make([]int64, len(list))
	for i, a := range list {
		which[i] = int64(a.Lane)
	}
	torch.With(func(scope *torch.Scope) {
		index := scope.Adopt(torch.FromInt64(which)).To(s.device)
		s.trunk.forget(index)
		s.last.IndexFillI(0, index, 0)
		scope.Adopt(s.memory.Reshape(int64(s.gen.Width), -1)).IndexFillI(0, index, 0)
	})
	return lanes.Assign(s.gen, list)
}

// blockLook is the number of rows after which a block on the CPU is looked at: where every host has ended, so does the
// block. Hosts of a short span have a few rows.
const blockLook = 8

// begin begins a block of every lane: on CUDA it is queued, on the CPU drawn when begin returns.
func (s *sampler) begin() {
	draw := func(from, to int) {
		for i := from; i < to; i++ {
			torch.With(func(scope *torch.Scope) { s.step(scope, i) })
		}
	}
	if !s.device.IsCUDA() {
		for s.drawn = 0; s.drawn == 0 || (s.drawn < s.steps && s.gen.Active()); {
			from := s.drawn
			s.drawn = min(from+blockLook, s.steps)
			draw(from, s.drawn)
		}
		return
	}
	// The first block runs as it is, which also warms up libtorch's caches; then it is captured for all that follow.
	if !s.warm {
		draw(0, s.steps)
		s.warm = true
		return
	}
	if !s.ready {
		s.device.Synchronize()
		s.graph = torch.NewCUDAGraph()
		s.graph.Capture(torch.NewCUDAStream(s.device), func() { draw(0, s.steps) })
		s.ready = true
	}
	s.graph.Replay()
}

// collect waits for the block that was begun, and copies it to s.rows, s.hosts and s.active.
func (s *sampler) collect() error {
	if err := lanes.Collect(s.gen, s.out); err != nil {
		return err
	}
	n := s.drawn * s.gen.Width
	s.rows, s.hosts, s.active = s.out.Rows[:n], s.out.Hosts[:n], s.out.Active
	return nil
}

// draw draws an attribute in every lane.
func (s *sampler) draw(h Head, logits, mixture torch.Tensor) {
	if s.watch != nil {
		s.watch(h, logits, mixture)
	}
	s.gen.Draw(int(h), logits, mixture)
}

// step draws one row of every lane, the i-th of a block. Its tensors belong to scope.
func (s *sampler) step(scope *torch.Scope, i int) {
	n, g := s.net, s.gen
	key, value := int64(n.config.Key), int64(n.config.Value)
	size := lanes.SizesOf()
	tuples, peers := int64(size.Tuples), int64(size.Peers)
	out := g.OutputsNoCopy(scope)
	// view makes what is computed from a tensor of the sampler belong to the step.
	view := func(t torch.Tensor) torch.Tensor { return scope.Adopt(t.Narrow(0, 0, t.Shape()[0])) }

	g.Begin()
	plan := n.plan(out.Plan)
	state := n.begin(view(s.last), plan, nil)
	classes := func(h Head) {
		s.draw(h, n.Classes[classIndex[h]].Forward(state), torch.Tensor{})
		state = n.add(state, h, out.Input, out.Number)
	}
	values := func(h Head, from, near torch.Tensor) {
		exact, mixture := n.Values[valueIndex[h]].Forward(from, near)
		s.draw(h, exact, mixture)
		state = n.add(state, h, out.Input, out.Number)
	}
	flat := view(s.memory)
	memory := flat.Reshape(int64(g.Width), tuples+peers, -1)

	values(Gap, state, torch.Tensor{})
	classes(Label)
	keys := memory.Narrow(1, 0, tuples).Narrow(2, 0, key)
	s.draw(Conversation, n.Conversations.Forward(state, keys, out.TupleBag, out.TupleMask), torch.Tensor{})
	keys = memory.Narrow(1, tuples, peers).Narrow(2, key, key)
	s.draw(Peer, n.Peers.Forward(state, keys, out.PeerBag, out.PeerMask), torch.Tensor{})
	chosen := torch.IndexSelect(flat, 0, out.ChosenRow).Narrow(1, 2*key, value)
	state = n.addChosen(state, chosen, out.ChosenBag, out.Chosen)
	hidden := n.Places.Hidden.Forward(state).Gelu()
	s.draw(Region, n.Places.Regions.Forward(hidden), torch.Tensor{})
	s.draw(Place, n.Places.within(hidden, out.Input), torch.Tensor{})
	state = n.add(state, Place, out.Input, out.Number)
	for _, h := range []Head{Direction, Protocol, LocalPort, RemotePort, Flags, ToS} {
		classes(h)
	}
	answered := n.Answered.Forward(out.AnsweredBag, out.Answered)
	known := func(k int64) torch.Tensor { return torch.Add(n.joint(state, out.Joint, k), answered, 1) }
	s.draw(Repeat, n.repeats(known(0), out.SizeBag, out.SizeNumeric, out.SizeMask), torch.Tensor{})
	state = n.add(state, Repeat, out.Input, out.Number)
	values(Packets, known(0), around(Packets, out.Answered))
	values(Bytes, known(1), around(Bytes, out.Answered))
	last := torch.Add(state, n.Lasted.Forward(out.LastedBag, out.Lasted), 1)
	values(Duration, last, around(Duration, out.Lasted))

	g.Finish()
	x := n.Rows.Forward(out.Bag, out.Numeric)
	remembered := n.Memory.Forward(x)
	s.memory.IndexCopyI(0, out.Memory.Reshape(-1), torch.Cat([]torch.Tensor{remembered, remembered}, 0))
	s.last.CopyI(n.Trunk.Step(s.trunk, i, torch.Add(x, n.PlanTrunk.Forward(plan), 1)))
}
