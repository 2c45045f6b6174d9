package torchmodel

import (
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/nn"
	F "github.com/wangkuiyi/gotorch/nn/functional"
)

// Head is a drawn attribute of a row, in the order of drawing. The numbers are those of cgo/shim/lanes/heads.h.
type Head int

// The heads of a flow.
const (
	Gap Head = iota
	Label
	Conversation
	Peer
	Region // of the place
	Place
	Direction
	Protocol
	LocalPort
	RemotePort
	Flags
	ToS
	Repeat // of packets and bytes, as a flow before had them
	Packets
	Bytes
	Duration
	Heads
)

var headNames = [Heads]string{
	"gap", "label", "conversation", "peer", "region", "place", "direction", "protocol", "local_port", "remote_port", "flags", "tos", "repeat",
	"packets", "bytes", "duration",
}

func (h Head) String() string { return headNames[h] }

// ignore is the target of an attribute that is not drawn.
const ignore = -100

// ClassHead is a softmax head: a hidden layer, then a logit for each class.
type ClassHead struct {
	nn.Module
	Hidden  *nn.LinearModule
	Classes *nn.LinearModule
}

func newClassHead(in, width, classes int64) *ClassHead {
	c := &ClassHead{Hidden: nn.Linear(in, width, true), Classes: nn.Linear(width, classes, true)}
	c.Init(c)
	return c
}

// Forward maps states [N, H] to logits [N, classes].
func (c *ClassHead) Forward(s torch.Tensor) torch.Tensor {
	return c.Classes.Forward(c.Hidden.Forward(s).Gelu())
}

// ValueHead is the head of a continuous attribute: a softmax over its frequent exact values and "none of them", and for
// those a mixture of M Gaussians in y = (ln(v+1) - centre) / scale (Bishop, Mixture Density Networks, 1994). The last A of
// them lie around given values near which the attribute is likely to be: their means are the network's and these, added up.
type ValueHead struct {
	nn.Module
	Hidden  *nn.LinearModule
	Exact   *nn.LinearModule
	Mixture *nn.LinearModule // [3M]: logits, means, log standard deviations
}

func newValueHead(in, width int64, exact, mixtures, around int) *ValueHead {
	v := &ValueHead{
		Hidden: nn.Linear(in, width, true), Exact: nn.Linear(width, int64(exact)+1, true),
		Mixture: nn.Linear(width, 3*int64(mixtures), true),
	}
	v.Init(v)
	spreadMeans(v.Mixture.Bias, mixtures, around)
	return v
}

// spreadMeans starts the Gaussians side by side, so that they do not all learn the same, and those around values at these.
func spreadMeans(bias torch.Tensor, mixtures, around int) {
	b := make([]float32, 3*mixtures)
	free := mixtures - around
	for k := range mixtures {
		if k < free {
			b[mixtures+k] = -2 + 4*(float32(k)+0.5)/float32(free)
		}
		b[2*mixtures+k] = -1
	}
	bias.CopyFromFloat32(b)
}

// The range of a Gaussian's log standard deviation: narrower ones than e^-7 of the scale would be exact values in disguise.
const minLogSD, maxLogSD = -7, 3

// mixture maps hidden states [N, hidden] to parameters [N, 3M], around values [N, A] or none.
func (v *ValueHead) mixture(h, around torch.Tensor) torch.Tensor {
	p := v.Mixture.Forward(h)
	m := p.Shape()[1] / 3
	parts := []torch.Tensor{p.Narrow(1, 0, 2*m)}
	if around.T != nil {
		a := around.Shape()[1]
		parts = []torch.Tensor{p.Narrow(1, 0, 2*m-a), torch.Add(p.Narrow(1, 2*m-a, a), around, 1)}
	}
	return torch.Cat(append(parts, p.Narrow(1, 2*m, m).Clamp(minLogSD, maxLogSD)), 1)
}

// Forward maps states [N, H] and the values around which Gaussians lie, [N, A] or none, to the logits of the exact values [N, exact+1]
// and the mixture's parameters [N, 3M].
func (v *ValueHead) Forward(s, around torch.Tensor) (exact, mixture torch.Tensor) {
	h := v.Hidden.Forward(s).Gelu()
	return v.Exact.Forward(h), v.mixture(h, around)
}

// NLL returns the negative log-likelihood of each of N states' values, with Gaussians around as in Forward: of its class in exact [N]
// and, for the rows listed in mixed, of the bin [lower, upper] that it lies in. Both are sums over rows, weighted by weight [N].
func (v *ValueHead) NLL(s, around, class, mixed, lower, upper, weight torch.Tensor) torch.Tensor {
	h := v.Hidden.Forward(s).Gelu()
	nll := classNLL(v.Exact.Forward(h), class)
	if around.T != nil {
		around = torch.IndexSelect(around, 0, mixed)
	}
	p := v.mixture(torch.IndexSelect(h, 0, mixed), around)
	m := p.Shape()[1] / 3
	bins := F.MixtureBinNLL(p.Narrow(1, 0, m), p.Narrow(1, m, m),
		p.Narrow(1, 2*m, m), torch.IndexSelect(lower, 0, mixed), torch.IndexSelect(upper, 0, mixed))
	return torch.Add(nll, torch.Sum(torch.Mul(bins, torch.IndexSelect(weight, 0, mixed))), 1)
}

// classNLL is the summed negative log-likelihood of classes [N] under logits [N, C]; rows of class ignore count nothing.
func classNLL(logits, class torch.Tensor) torch.Tensor {
	return F.CrossEntropy(logits, class, torch.Tensor{}, ignore, "sum")
}
