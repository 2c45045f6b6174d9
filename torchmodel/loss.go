package torchmodel

import (
	"math"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
)

// likelihood is the negative log-likelihood of a batch, summed over its rows, in nats.
type likelihood struct {
	heads []torch.Tensor // [], by attribute
	rows  torch.Tensor   // [] number of rows
}

// past runs b's windows through the trunk. It returns memory [B*(E+T), 2K+V] of each row of the batch, plan [B*T, P] and
// the trunk's output [B*T, D].
func (n *Network) past(b *lanes.Batch) (memory, plan, trunk torch.Tensor) {
	shape := b.Valid.Shape()
	chunks, positions := shape[0], shape[1]
	x := n.Rows.Forward(b.Bag, b.Numeric)
	rows := x.Reshape(chunks, -1, int64(n.config.Width))
	rows = rows.Narrow(1, rows.Shape()[1]-positions, positions)
	plan = n.plan(b.Plan)
	trunk = n.Trunk.Forward(torch.Add(rows, n.PlanTrunk.Forward(plan), 1), b.Valid)
	return n.Memory.Forward(x), plan.Reshape(chunks*positions, -1), trunk.Reshape(chunks*positions, -1)
}

// Forward returns the likelihood of a batch: b's windows run through the trunk once, and each head scores the rows whose
// attribute is drawn. What is dropped in training is drawn from rng, or from libtorch's generator for nil.
func (n *Network) Forward(b *lanes.Batch, rng *torch.RNG) likelihood {
	key, value := int64(n.config.Key), int64(n.config.Value)
	out := likelihood{heads: make([]torch.Tensor, Heads)}

	memory, plan, trunk := n.past(b)
	before := b.Position.AddScalar(-1)
	s := n.begin(torch.IndexSelect(trunk, 0, before), torch.IndexSelect(plan, 0, b.Position), rng)
	bag, numeric := torch.IndexSelect(b.Bag, 0, b.Row), torch.IndexSelect(b.Numeric, 0, b.Row)
	input := func(h Head) torch.Tensor { return bag.Select(1, inputOf[h]) }
	target := func(h Head) torch.Tensor { return b.Target.Select(1, int64(h)) }
	add := func(h Head) {
		var number torch.Tensor
		if i, ok := valueIndex[h]; ok {
			number = numeric.Narrow(1, int64(i), 1)
		}
		s = n.add(s, h, input(h), number)
	}
	// values scores a value head on s, the states of the rows that of takes, with Gaussians around the values that may be given.
	values := func(h Head, s, near torch.Tensor, of func(torch.Tensor) torch.Tensor, mixed torch.Tensor) {
		i := int64(valueIndex[h])
		out.heads[h] = n.Values[i].NLL(s, near, of(target(h)), mixed, of(b.Bounds.Select(1, 2*i)), of(b.Bounds.Select(1, 2*i+1)), of(b.Weight))
		add(h)
	}
	every := func(t torch.Tensor) torch.Tensor { return t }
	sized := func(t torch.Tensor) torch.Tensor { return torch.IndexSelect(t, 0, b.Sized) }
	// classes scores a class head on the rows listed in some, on all for no list.
	classes := func(h Head, some torch.Tensor) {
		in, y := s, target(h)
		if some.T != nil {
			in, y = torch.IndexSelect(in, 0, some), torch.IndexSelect(y, 0, some)
		}
		out.heads[h] = classNLL(n.Classes[classIndex[h]].Forward(in), y)
	}
	pick := func(row torch.Tensor, from, width int64) torch.Tensor {
		flat := row.Reshape(-1)
		return torch.IndexSelect(memory.Narrow(1, from, width).Contiguous(), 0, flat)
	}
	var none, all torch.Tensor

	values(Gap, s, none, every, b.GapMix)
	classes(Label, all)
	add(Label)
	keys := pick(b.TupleRow, 0, key).Reshape(b.TupleRow.Shape()[0], -1, key)
	out.heads[Conversation] = classNLL(n.Conversations.Forward(s, keys, b.TupleBag, b.TupleMask), target(Conversation))
	fresh := func(t torch.Tensor) torch.Tensor { return torch.IndexSelect(t, 0, b.Fresh) }
	peerRow := fresh(b.PeerRow)
	keys = pick(peerRow, key, key).Reshape(peerRow.Shape()[0], -1, key)
	out.heads[Peer] = classNLL(n.Peers.Forward(fresh(s), keys, fresh(b.PeerBag), fresh(b.PeerMask)), fresh(target(Peer)))
	s = n.addChosen(s, pick(b.ChosenRow, 2*key, value), b.ChosenBag, b.Chosen)

	hidden := n.Places.Hidden.Forward(torch.IndexSelect(s, 0, b.New)).Gelu()
	region := torch.IndexSelect(target(Region), 0, b.New)
	out.heads[Region] = classNLL(n.Places.Regions.Forward(hidden), region)
	// A padding row has no region: it reads the first one, and counts nothing.
	within := n.Places.within(hidden, region.Clamp(0, math.MaxInt32))
	out.heads[Place] = classNLL(within, torch.IndexSelect(target(Place), 0, b.New))
	add(Place)
	classes(Direction, all)
	add(Direction)
	classes(Protocol, b.Fresh)
	add(Protocol)
	classes(LocalPort, b.LocalPorts)
	add(LocalPort)
	classes(RemotePort, b.RemotePorts)
	add(RemotePort)
	classes(Flags, all)
	add(Flags)
	classes(ToS, all)
	add(ToS)
	answered := n.Answered.Forward(b.AnsweredBag, b.Answered)
	kind := torch.Add(n.joint(s, b.Joint, 0), answered, 1)
	out.heads[Repeat] = classNLL(n.repeats(kind, b.SizeBag, b.SizeNumeric, b.SizeMask), target(Repeat))
	add(Repeat)
	joint, near, answered := sized(b.Joint), sized(b.Answered), sized(answered)
	// known is the state of the rows of a new size, beside a joint input of theirs and what they answer.
	known := func(k int64) torch.Tensor { return torch.Add(n.joint(sized(s), joint, k), answered, 1) }
	values(Packets, known(0), around(Packets, near), sized, b.PacketsMix)
	values(Bytes, known(1), around(Bytes, near), sized, b.BytesMix)
	last := torch.Add(s, n.Lasted.Forward(b.LastedBag, b.Lasted), 1)
	values(Duration, last, around(Duration, b.Lasted), every, b.DurationMix)
	out.rows = torch.Sum(b.Weight)
	return out
}

// perRow is the loss: nats over all attributes for each of rows [], those of the batch that l is of or a part of.
func (l likelihood) perRow(rows torch.Tensor) torch.Tensor {
	return torch.Div(torch.Sum(torch.Stack(l.heads, 0)), rows)
}

// together is the likelihood of a batch of so many rows [] of which each of parts has a share; it has no gradient.
func together(parts []likelihood, rows torch.Tensor) likelihood {
	all := likelihood{rows: rows}
	for _, h := range parts[0].heads {
		all.heads = append(all.heads, h.Detach())
	}
	for _, part := range parts[1:] {
		for h, x := range part.heads {
			all.heads[h] = torch.Add(all.heads[h], x.Detach(), 1)
		}
	}
	return all
}
