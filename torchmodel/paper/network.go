package paper

import (
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/nn"
	F "github.com/wangkuiyi/gotorch/nn/functional"
)

// Config is the shape of the networks.
type Config struct {
	CNN      bool // convolve the window, or hand it to the hidden layers as it is
	Hidden   int  // units of each of the fully connected layers
	Layers   int  // fully connected layers before the head
	Mixtures int  // K, Gaussians of a continuous attribute
}

// The paper does not say how wide its fully connected layers are; these are ours.
var (
	Full  = Config{CNN: true, Hidden: 256, Layers: 1, Mixtures: 10}
	Small = Config{Hidden: 128, Layers: 2, Mixtures: 2}
)

// Network is the network of one attribute: mask, convolutions, fully connected layers, and a head.
type Network struct {
	nn.Module
	Convolutions []*nn.Conv2dModule // 3x3: 64, 64, pool, 128, 128, pool
	Hidden       []*nn.LinearModule
	Head         *nn.LinearModule // classes, or 3K: logits, means, log standard deviations of the Gaussians

	seen     int // inputs of the current row that are not masked
	mixtures int // 0 for classes
}

// channels are those of the convolutions; a pool follows every second one.
var channels = []int64{1, 64, 64, 128, 128}

func newNetwork(c Config, l layout, column int) *Network {
	n := &Network{seen: l.offsets[column]}
	height, width, features := int64(window), int64(l.width()), int64(1)
	if c.CNN {
		for i, in := range channels[:len(channels)-1] {
			n.Convolutions = append(n.Convolutions, nn.Conv2d(in, channels[i+1], 3, 1, 1, 1, 1, true, "zeros"))
			features = channels[i+1]
			if i%2 == 1 {
				height, width = (height+1)/2, (width+1)/2
			}
		}
	}
	features *= height * width
	for range c.Layers {
		n.Hidden = append(n.Hidden, nn.Linear(features, int64(c.Hidden), true))
		features = int64(c.Hidden)
	}
	out := l.columns[column].Classes
	if out == 0 {
		n.mixtures = c.Mixtures
		out = 3 * c.Mixtures
	}
	n.Head = nn.Linear(features, int64(out), true)
	n.Init(n)
	if n.mixtures > 0 {
		spreadMeans(n.Head.Bias, n.mixtures)
	}
	return n
}

// spreadMeans starts the Gaussians side by side over 0 to 1, so that they do not all learn the same.
func spreadMeans(bias torch.Tensor, mixtures int) {
	b := make([]float32, 3*mixtures)
	for k := range mixtures {
		b[mixtures+k] = (float32(k) + 0.5) / float32(mixtures)
		b[2*mixtures+k] = -2
	}
	bias.CopyFromFloat32(b)
}

// Forward maps windows [B, 1, W, C] to the head's output [B, classes] or [B, 3K]. Of the last row it sees the columns
// before its own.
func (n *Network) Forward(x torch.Tensor) torch.Tensor {
	h := torch.Mul(x, n.mask(x))
	for i, conv := range n.Convolutions {
		h = conv.Forward(h).Relu()
		if i%2 == 1 {
			// With ceilMode the last row and column stay where their number is odd.
			h = F.MaxPool2d(h, []int64{2}, nil, []int64{0}, []int64{1}, true)
		}
	}
	h = torch.Flatten(h, 1, -1)
	for _, l := range n.Hidden {
		h = l.Forward(h).Relu()
	}
	return n.Head.Forward(h)
}

// mask is [W, C]: 0 for what the network may not see, 1 elsewhere.
func (n *Network) mask(x torch.Tensor) torch.Tensor {
	shape := x.Shape()[2:]
	m := make([]float32, shape[0]*shape[1])
	for i := range m[:(shape[0]-1)*shape[1]+int64(n.seen)] {
		m[i] = 1
	}
	t := torch.FromFloat32(m, shape...).Join(x)
	if x.Device().IsCUDA() {
		t = t.CopyTo(x.Device())
	}
	return t
}

// The range of a Gaussian's log standard deviation; e^-9 is a fortieth of a bin.
const minLogSD, maxLogSD = -9, 1

// mixture splits the output of a continuous attribute's head: logits, means, log standard deviations, [B, K] each.
func (n *Network) mixture(out torch.Tensor) (logits, mean, logSD torch.Tensor) {
	k := int64(n.mixtures)
	return out.Narrow(1, 0, k), out.Narrow(1, k, k), out.Narrow(1, 2*k, k).Clamp(minLogSD, maxLogSD)
}

// nll is the negative log-likelihood [B] of targets, in nats: of a class, or of a bin.
func (n *Network) nll(x torch.Tensor, t target) torch.Tensor {
	out := n.Forward(x)
	if n.mixtures == 0 {
		return F.CrossEntropy(out, t.class, torch.Tensor{}, -100, "none")
	}
	logits, mean, logSD := n.mixture(out)
	return F.MixtureBinNLL(logits, mean, logSD, t.low, t.high)
}

// Networks are the paper's generator: a network for each attribute.
type Networks struct {
	nn.Module
	Columns []*Network

	layout layout
}

// NewNetworks makes networks with fresh weights. The caller frees them.
func NewNetworks(c Config, columns []Column) *Networks {
	n := &Networks{layout: newLayout(columns)}
	for i := range columns {
		n.Columns = append(n.Columns, newNetwork(c, n.layout, i))
	}
	n.Init(n)
	n.Train(false)
	return n
}

// weights is how many numbers the networks of a config have.
func (c Config) weights(columns []Column) int64 {
	l := newLayout(columns)
	var sum int64
	for i := range columns {
		height, width, features := int64(window), int64(l.width()), int64(1)
		if c.CNN {
			for j, in := range channels[:len(channels)-1] {
				features = channels[j+1]
				sum += features * (9*in + 1)
			}
			height, width = (height+3)/4, (width+3)/4
		}
		features *= height * width
		for range c.Layers {
			sum += int64(c.Hidden) * (features + 1)
			features = int64(c.Hidden)
		}
		out := int64(columns[i].Classes)
		if out == 0 {
			out = 3 * int64(c.Mixtures)
		}
		sum += out * (features + 1)
	}
	return sum
}
