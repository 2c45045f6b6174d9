package gotorch

import "github.com/wangkuiyi/gotorch/libtorch"

// IndexSelect takes the slices of a along dim that index [n] names.
func (a Tensor) IndexSelect(dim int64, index Tensor) Tensor {
	return Must(libtorch.IndexSelect(a.T, dim, index.T))
}

// IndexSelect takes the slices of a along dim that index [n] names.
func IndexSelect(a Tensor, dim int64, index Tensor) Tensor { return a.IndexSelect(dim, index) }

// Gather takes, for each place of index, the element of a there, with index's value as coordinate along dim.
func (a Tensor) Gather(dim int64, index Tensor) Tensor {
	return Must(libtorch.Gather(a.T, dim, index.T))
}

// Scatter is a copy of a, with src written where Gather would read. Where index repeats a place, any of them wins.
func (a Tensor) Scatter(dim int64, index, src Tensor) Tensor {
	return Must(libtorch.Scatter(a.T, dim, index.T, src.T))
}

// IndexAdd is a copy of a, with the slices of src added at index along dim.
func (a Tensor) IndexAdd(dim int64, index, src Tensor) Tensor {
	return Must(libtorch.IndexAdd(a.T, dim, index.T, src.T, 1))
}

// IndexAddI adds the slices of src to a at index along dim and returns a.
func (a Tensor) IndexAddI(dim int64, index, src Tensor) Tensor {
	Check(libtorch.IndexAddI(a.T, dim, index.T, src.T, 1))
	return a
}

// IndexCopyI overwrites a at index along dim by the slices of src and returns a.
func (a Tensor) IndexCopyI(dim int64, index, src Tensor) Tensor {
	Check(libtorch.IndexCopyI(a.T, dim, index.T, src.T))
	return a
}

// IndexFillI sets the slices of a at index along dim to value and returns a.
func (a Tensor) IndexFillI(dim int64, index Tensor, value float64) Tensor {
	Check(libtorch.IndexFillI(a.T, dim, index.T, value))
	return a
}

// NonZero is [n, dims] int64: the coordinates of each element that is not zero. On CUDA it waits for the device.
func (a Tensor) NonZero() Tensor { return Must(libtorch.NonZero(a.T)) }

// OneHot adds a last dimension of length classes: 1 at the class, 0 elsewhere, int64.
func (a Tensor) OneHot(classes int64) Tensor { return Must(libtorch.OneHot(a.T, classes)) }

// Embedding takes the rows of weight [V, D] that index, of any shape, names: index's shape and D.
func Embedding(weight, index Tensor) Tensor { return Must(libtorch.Embedding(weight.T, index.T)) }

// EmbeddingBagSum sums the rows of one table that belong to one row.
//
//	weight [V, D] float32
//	index  [R, n] int64    rows of weight
//	result [R, D]          sum over n of weight[index[r, n]]
func EmbeddingBagSum(weight, index Tensor) Tensor {
	return Must(libtorch.EmbeddingBagSum(weight.T, index.T))
}
