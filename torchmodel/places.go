package torchmodel

import (
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/nn"
)

// PlaceHead is the head of a new remote's place, of which there are thousands: a softmax over regions of neighbouring
// places, then one over the places of the region (Goodman, Classes for fast maximum entropy training, 2001). So a row costs
// the square root of their number.
type PlaceHead struct {
	nn.Module
	Hidden  *nn.LinearModule
	Regions *nn.LinearModule
	Weight  torch.Tensor // [regions, places of a region * hidden]
	Bias    torch.Tensor // [regions, places of a region]
}

func newPlaceHead(in, width, regions, size int64) *PlaceHead {
	p := &PlaceHead{
		Hidden: nn.Linear(in, width, true), Regions: nn.Linear(width, regions, true),
		Weight: newTable(regions, size*width, 0.1), Bias: newTable(regions, size, 0),
	}
	p.Init(p)
	return p
}

// within returns the logits [N, places of a region] of the places in each row's region [N], from hidden states [N, width].
func (p *PlaceHead) within(hidden, region torch.Tensor) torch.Tensor {
	shape := hidden.Shape()
	n, width := shape[0], shape[1]
	weight := torch.IndexSelect(p.Weight, 0, region).Reshape(n, -1, width)
	logits := torch.Bmm(weight, hidden.Reshape(n, width, 1)).Reshape(n, -1)
	return torch.Add(logits, torch.IndexSelect(p.Bias, 0, region), 1)
}
