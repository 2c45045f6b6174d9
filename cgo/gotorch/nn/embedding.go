package nn

import (
	torch "github.com/wangkuiyi/gotorch"
	F "github.com/wangkuiyi/gotorch/nn/functional"
	"github.com/wangkuiyi/gotorch/nn/initializer"
)

// EmbeddingModule is a table of vectors.
type EmbeddingModule struct {
	Module
	NumEmbeddings int64
	EmbeddingDim  int64
	Weight        torch.Tensor // [NumEmbeddings, EmbeddingDim]
}

// Embedding makes a table of num vectors of dim values, standard normal at first.
func Embedding(num, dim int64) *EmbeddingModule {
	e := &EmbeddingModule{NumEmbeddings: num, EmbeddingDim: dim}
	e.Init(e)
	e.Weight = table(num, dim)
	return e
}

// Forward takes indices [...] to their vectors [..., EmbeddingDim].
func (e *EmbeddingModule) Forward(indices torch.Tensor) torch.Tensor {
	e.initialised()
	return F.Embedding(indices, e.Weight)
}

// EmbeddingBagModule is a table of vectors that are summed.
type EmbeddingBagModule struct {
	Module
	NumEmbeddings int64
	EmbeddingDim  int64
	Weight        torch.Tensor // [NumEmbeddings, EmbeddingDim]
}

// EmbeddingBag makes a table of num vectors of dim values, standard normal at first.
func EmbeddingBag(num, dim int64) *EmbeddingBagModule {
	e := &EmbeddingBagModule{NumEmbeddings: num, EmbeddingDim: dim}
	e.Init(e)
	e.Weight = table(num, dim)
	return e
}

// Forward takes indices [B, N] to the sums of each row's vectors, [B, EmbeddingDim].
func (e *EmbeddingBagModule) Forward(indices torch.Tensor) torch.Tensor {
	e.initialised()
	return F.EmbeddingBag(indices, e.Weight)
}

func table(num, dim int64) torch.Tensor {
	t := torch.Empty([]int64{num, dim}, true)
	initializer.Normal(&t, 0, 1)
	return t
}
