package torchmodel

import (
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/nn"
	"github.com/wangkuiyi/gotorch/nn/initializer"
)

// RowEmbedding turns a row into D channels: the sum of its discrete inputs' rows of one table, and a linear map of its
// continuous inputs.
type RowEmbedding struct {
	nn.Module
	Table   torch.Tensor // [inputs, D]
	Numeric *nn.LinearModule
}

func newRowEmbedding(inputs, numeric, width int64) *RowEmbedding {
	e := &RowEmbedding{Table: newTable(inputs, width, 0.3), Numeric: nn.Linear(numeric, width, true)}
	e.Init(e)
	return e
}

// newTable makes a table of learned vectors, normal with the given standard deviation.
func newTable(rows, width int64, sd float64) torch.Tensor {
	t := torch.Empty([]int64{rows, width}, true)
	initializer.Normal(&t, 0, sd)
	return t
}

// Forward embeds rows: bag [N, discrete inputs] int64 and numeric [N, continuous inputs] to [N, D].
func (e *RowEmbedding) Forward(bag, numeric torch.Tensor) torch.Tensor {
	return torch.Add(torch.EmbeddingBagSum(e.Table, bag), e.Numeric.Forward(numeric), 1)
}
