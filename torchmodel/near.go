package torchmodel

import (
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/nn"
)

// Near tells a head of values that its own is likely to be near to: those of a flow that the row answers, those of its peer's last flows.
type Near struct {
	nn.Module
	Classes torch.Tensor     // [classes of all of them, H]
	Axis    *nn.LinearModule // where they lie on the axis of the head's mixture, to H
}

func newNear(classes, values, h int64) *Near {
	n := &Near{Classes: newTable(classes, h, 0), Axis: nn.Linear(values, h, false)}
	n.Init(n)
	return n
}

// Forward is what k values add to a head's states, [N, H]: their classes in bag [N, k], none of them being one, and y [N, k].
func (n *Near) Forward(bag, y torch.Tensor) torch.Tensor {
	return torch.Add(n.Axis.Forward(y), torch.EmbeddingBagSum(n.Classes, bag), 1)
}
