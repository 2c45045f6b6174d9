package torchmodel

import (
	"fmt"
	"maps"
	"slices"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
	"github.com/wangkuiyi/gotorch/nn"

	"stan/dataset/encode"
)

// Network is the default architecture: row embedding, trunk, and a head for each attribute.
type Network struct {
	nn.Module
	Rows   *RowEmbedding
	Memory *nn.LinearModule // D to 2K+V: keys for conversations and for peers, and the value of a remembered row

	Plan        *nn.LinearModule // marks of the plan to P
	Clock       *nn.LinearModule // the clock against the plan to P: few inputs, which the many marks would drown at first
	PlanTrunk   *nn.LinearModule // P to D
	PlanContext *nn.LinearModule // P to H
	Trunk       *Trunk
	Context     *nn.LinearModule  // D to H
	Dropout     *nn.DropoutModule // of what the heads know of the past

	Inputs  torch.Tensor // [inputs, H], what each drawn class adds to the state
	Numbers torch.Tensor // [4, H], what each drawn number adds: gap, duration, packets, bytes

	Joint torch.Tensor // [joint inputs, H], what attributes together add to the state of the heads of repeats, packets and bytes

	Answered *Near // packets and bytes of what the row answers, for the heads of sizes
	Lasted   *Near // what it answers and what its peer's last flows lasted, for the head of duration

	Conversations *Candidates
	Peers         *Candidates
	Sizes         *Candidates
	SizeKeys      *nn.LinearModule // continuous inputs of a size to K
	Chosen        *nn.LinearModule // V to H
	ChosenAbout   torch.Tensor     // [inputs of both lists, and none, H]

	Values  []*ValueHead // gap, duration, packets, bytes
	Places  *PlaceHead
	Classes []*ClassHead // the others, in order, without those that choose among what is remembered

	config Config
}

// repeats scores the sizes that states s [N, H] are offered, and none of them: [N, repeats+1].
func (n *Network) repeats(s, bag, numeric, mask torch.Tensor) torch.Tensor {
	return n.Sizes.Forward(s, n.SizeKeys.Forward(numeric), bag, mask)
}

// The value heads' and class heads' places in Network.Values and Network.Classes.
var (
	valueIndex = map[Head]int{Gap: 0, Duration: 1, Packets: 2, Bytes: 3}
	classIndex = map[Head]int{
		Direction: 0, Protocol: 1, LocalPort: 2, RemotePort: 3, Flags: 4, ToS: 5, Label: 6,
	}
	// aroundOf tells which of the values that an attribute is likely to be near to have a Gaussian around them: packets and bytes of what
	// the row answers, and how long that and the peer's last flows lasted, by places in Batch.Answered and Batch.Lasted.
	aroundOf = map[Head]struct{ first, n int }{Packets: {0, 1}, Bytes: {1, 1}, Duration: {0, 4}}
	// inputOf is the discrete input of a row that a drawn attribute adds to the state.
	inputOf = map[Head]int64{
		Gap: 0, Duration: 1, Packets: 2, Bytes: 3, Direction: 4, Protocol: 5, LocalPort: 6, RemotePort: 7, Flags: 8, ToS: 9,
		Place: 12, Label: 13, Repeat: 14,
	}
)

// layout tells the sizes of the inputs that a vocabulary defines.
type layout struct {
	sizes   lanes.Sizes
	offsets []int64 // of each discrete input in the table
	inputs  int64
	classes [Heads]int64
}

func newLayout(v *encode.Vocabulary) layout {
	l := layout{sizes: lanes.SizesOf()}
	_, buckets := v.PlaceBuckets()
	ports := v.PortClasses()
	for _, n := range []int{
		len(v.Gap.Exact) + 1, len(v.Duration.Exact) + 1, len(v.Packets.Exact) + 1, len(v.Bytes.Exact) + 1, 2,
		len(v.Protos) + 1, ports, ports, len(v.Flags) + 1, len(v.ToS) + 1, l.sizes.Tuples + 1, l.sizes.Peers + 1, buckets,
		len(v.Labels), l.sizes.Repeats + 1,
	} {
		l.offsets = append(l.offsets, l.inputs)
		l.inputs += int64(n)
	}
	l.classes = [Heads]int64{
		Gap: int64(len(v.Gap.Exact)) + 1, Conversation: int64(l.sizes.Tuples) + 1, Peer: int64(l.sizes.Peers) + 1,
		Region: int64((len(v.Places) + l.sizes.Region - 1) / l.sizes.Region),
		Place:  int64(len(v.Places)), Direction: 2, Protocol: int64(len(v.Protos)) + 1,
		LocalPort: int64(l.sizes.Copies + ports), RemotePort: int64(l.sizes.Copies + ports), Flags: int64(len(v.Flags)) + 1,
		ToS: int64(len(v.ToS)) + 1, Duration: int64(len(v.Duration.Exact) + 1 + l.sizes.DurationCopies), Packets: int64(len(v.Packets.Exact)) + 1,
		Bytes: int64(len(v.Bytes.Exact) + 1 + l.sizes.BytesCopies), Label: int64(len(v.Labels)), Repeat: int64(l.sizes.Repeats) + 1,
	}
	return l
}

// answeredRows and lastedRows are the classes that Network.Answered and Network.Lasted tell apart.
func (l *layout) answeredRows(v *encode.Vocabulary) int64 {
	return int64(len(v.Packets.Exact) + 2 + len(v.Bytes.Exact) + 2)
}

func (l *layout) lastedRows(v *encode.Vocabulary) int64 {
	return int64(l.sizes.Lasted * (len(v.Duration.Exact) + 2))
}

// around are the values y [N, k] of which an attribute's Gaussians lie around some: [N, A].
func around(h Head, y torch.Tensor) torch.Tensor {
	of := aroundOf[h]
	return y.Narrow(1, int64(of.first), int64(of.n))
}

// newNetwork makes a network with fresh weights for the classes of v.
func newNetwork(c Config, v *encode.Vocabulary) *Network {
	l := newLayout(v)
	d, h, k, value := int64(c.Width), int64(c.Hidden), int64(c.Key), int64(c.Value)
	tuples, peers := int64(l.sizes.CandidateRows+l.sizes.Tuples), int64(l.sizes.CandidateRows+l.sizes.Peers)
	n := &Network{
		Rows:        newRowEmbedding(l.inputs, int64(l.sizes.Numeric), d),
		Memory:      nn.Linear(d, 2*k+value, true),
		Plan:        nn.Linear(int64(l.sizes.PlanInputs-l.sizes.Clock), int64(c.Plan), true),
		Clock:       nn.Linear(int64(l.sizes.Clock), int64(c.Plan), false),
		PlanTrunk:   nn.Linear(int64(c.Plan), d, false),
		PlanContext: nn.Linear(int64(c.Plan), h, false),
		Trunk:       newTrunk(d, c.Layers),
		Context:     nn.Linear(d, h, true),
		Dropout:     nn.Dropout(c.Dropout),
		Inputs:      newTable(l.inputs, h, 0.3),
		Numbers:     newTable(int64(len(valueIndex)), h, 0.3),

		Joint: newTable(int64(l.sizes.JointRows), h, 0),

		Answered: newNear(l.answeredRows(v), int64(l.sizes.Answered), h),
		Lasted:   newNear(l.lastedRows(v), int64(l.sizes.Lasted), h),

		Conversations: newCandidates(tuples, k, h),
		Peers:         newCandidates(peers, k, h),
		Sizes:         newCandidates(int64(len(v.Packets.Exact)+1+len(v.Bytes.Exact)+1+l.sizes.SizeRows), k, h),
		SizeKeys:      nn.Linear(int64(l.sizes.SizeNumeric), k, true),
		Chosen:        nn.Linear(value, h, true),
		ChosenAbout:   newTable(tuples+peers+1, h, 0.3),
		config:        c,
	}
	n.Values = make([]*ValueHead, len(valueIndex))
	for _, head := range slices.Sorted(maps.Keys(valueIndex)) { // in one order, as each draws its first weights
		near := aroundOf[head].n
		n.Values[valueIndex[head]] = newValueHead(h, h, int(l.classes[head])-1, c.Mixtures+near, near)
	}
	n.Classes = make([]*ClassHead, len(classIndex))
	for _, head := range slices.Sorted(maps.Keys(classIndex)) {
		n.Classes[classIndex[head]] = newClassHead(h, h, l.classes[head])
	}
	n.Places = newPlaceHead(h, int64(c.Place), l.classes[Region], int64(l.sizes.Region))
	n.Init(n)
	return n
}

// add extends the state s [N, H] by a drawn attribute: input [N] names its row of the table, number [N, 1] is used for
// continuous attributes.
func (n *Network) add(s torch.Tensor, head Head, input, number torch.Tensor) torch.Tensor {
	s = torch.Add(s, torch.Embedding(n.Inputs, input), 1)
	if i, ok := valueIndex[head]; ok {
		s = torch.Add(s, torch.Mul(number, n.Numbers.Narrow(0, int64(i), 1).Join(s)), 1)
	}
	return s
}

// joint is the state s [N, H] beside the k-th joint input [N, 2] of its rows: their kind, or their packets among flows of the kind.
// What comes later does not see it, which would know rare flows by heart.
func (n *Network) joint(s, inputs torch.Tensor, k int64) torch.Tensor {
	return torch.Add(s, torch.Embedding(n.Joint, inputs.Select(1, k)), 1)
}

// addChosen extends the state by the chosen conversation or peer: value [N, V] of its last row, what is known of it, and
// chosen [N, 1], 0 where there is none.
func (n *Network) addChosen(s, value, bag, chosen torch.Tensor) torch.Tensor {
	s = torch.Add(s, torch.Mul(n.Chosen.Forward(value), chosen), 1)
	return torch.Add(s, torch.EmbeddingBagSum(n.ChosenAbout, bag), 1)
}

// begin makes the state that the first head reads, from the trunk's output [N, D] and the plan [N, P]. What is dropped in training is
// drawn from rng, or from libtorch's generator for nil.
func (n *Network) begin(trunk, plan torch.Tensor, rng *torch.RNG) torch.Tensor {
	return n.Dropout.ForwardBy(rng, torch.Add(n.Context.Forward(trunk), n.PlanContext.Forward(plan), 1))
}

// plan maps plan inputs [.., marks and clock] to [.., P].
func (n *Network) plan(inputs torch.Tensor) torch.Tensor {
	shape := inputs.Shape()
	last := len(shape) - 1
	marks := n.Plan.Weight.Shape()[1]
	clock := inputs.Narrow(int64(last), marks, shape[last]-marks)
	return torch.Add(n.Plan.Forward(inputs.Narrow(int64(last), 0, marks)), n.Clock.Forward(clock), 1).Gelu()
}

// countWeights is the number of trained weights.
func countWeights(n network) int64 {
	var c int64
	for _, p := range n.Parameters() {
		c += p.Numel()
	}
	return c
}

func (n *Network) String() string { return fmt.Sprintf("stan network, %d weights", countWeights(n)) }
