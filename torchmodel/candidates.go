package torchmodel

import (
	"math"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/nn"
)

// Candidates scores the entries of a list of recent rows, and "none of them": each entry by its last row's key and by what
// is known of it (age in rows and in time, count, rank), against a query made of the state.
type Candidates struct {
	nn.Module
	About torch.Tensor // [inputs, K]
	Query *nn.LinearModule
	None  *nn.LinearModule
}

func newCandidates(inputs, key, in int64) *Candidates {
	c := &Candidates{About: newTable(inputs, key, 0.3), Query: nn.Linear(in, key, true), None: nn.Linear(in, 1, true)}
	c.Init(c)
	return c
}

// Forward returns logits [N, L+1] for states s [N, H], keys [N, L, K], bags [N, L, inputs of a candidate] int64, and mask
// [N, L], which is 0 for a used entry and very low for another.
func (c *Candidates) Forward(s, keys, bag, mask torch.Tensor) torch.Tensor {
	shape := keys.Shape()
	n, l, k := shape[0], shape[1], shape[2]
	about := torch.EmbeddingBagSum(c.About, bag.Reshape(n*l, -1))
	fit := torch.Relu(torch.Add(keys, about.Reshape(n, l, k), 1))
	query := c.Query.Forward(s).Reshape(n, k, 1)
	scores := torch.Bmm(fit, query).Reshape(n, l).MulScalar(1 / math.Sqrt(float64(k)))
	return torch.Cat([]torch.Tensor{torch.Add(scores, mask, 1), c.None.Forward(s)}, 1)
}
