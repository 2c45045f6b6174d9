package gotorch

import "github.com/wangkuiyi/gotorch/libtorch"

func handles(ts []Tensor) []*libtorch.Handle {
	hs := make([]*libtorch.Handle, len(ts))
	for i, t := range ts {
		hs[i] = t.T
	}
	return hs
}

// View is a in another shape with the same elements; one size may be -1. It panics with ErrShape where that needs a copy.
func (a Tensor) View(shape ...int64) Tensor { return Must(libtorch.Shape(libtorch.View, a.T, shape)) }

// View is a in another shape with the same elements; one size may be -1.
func View(a Tensor, shape ...int64) Tensor { return a.View(shape...) }

// Reshape is View, with a copy where one is needed.
func (a Tensor) Reshape(shape ...int64) Tensor {
	return Must(libtorch.Shape(libtorch.Reshape, a.T, shape))
}

// Expand repeats dimensions of length 1 up to shape without a copy; -1 keeps a length.
func (a Tensor) Expand(shape ...int64) Tensor {
	return Must(libtorch.Shape(libtorch.Expand, a.T, shape))
}

// ExpandAs expands a to the shape of other.
func ExpandAs(a, other Tensor) Tensor { return Must(libtorch.ExpandAs(a.T, other.T)) }

// ExpandAs expands a to the shape of other.
func (a Tensor) ExpandAs(other Tensor) Tensor { return ExpandAs(a, other) }

// Permute reorders the dimensions: the i-th of the result is a's dims[i]-th.
func (a Tensor) Permute(dims []int64) Tensor {
	return Must(libtorch.Shape(libtorch.Permute, a.T, dims))
}

// Transpose swaps two dimensions.
func (a Tensor) Transpose(dim0, dim1 int64) Tensor { return Must(libtorch.Transpose(a.T, dim0, dim1)) }

// Transpose swaps two dimensions.
func Transpose(a Tensor, dim0, dim1 int64) Tensor { return a.Transpose(dim0, dim1) }

// Squeeze removes the given dimension if its length is 1; without one, all of length 1.
func (a Tensor) Squeeze(dim ...int64) Tensor { return Must(libtorch.Shape(libtorch.Squeeze, a.T, dim)) }

// Squeeze removes the given dimension if its length is 1; without one, all of length 1.
func Squeeze(t Tensor, dim ...int64) Tensor { return t.Squeeze(dim...) }

// Unsqueeze inserts a dimension of length 1.
func (a Tensor) Unsqueeze(dim int64) Tensor { return Must(libtorch.Unsqueeze(a.T, dim)) }

// Flatten makes the dimensions from startDim to endDim one.
func Flatten(a Tensor, startDim, endDim int64) Tensor {
	return Must(libtorch.Flatten(a.T, startDim, endDim))
}

// FlipDim reverses the order along dims.
func (a Tensor) FlipDim(dims ...int64) Tensor { return Must(libtorch.Shape(libtorch.Flip, a.T, dims)) }

// Contiguous is a itself, or a copy whose elements lie in row-major order.
func (a Tensor) Contiguous() Tensor { return Must(libtorch.Contiguous(a.T)) }

// Narrow is the view of length elements from start along dim.
func (a Tensor) Narrow(dim, start, length int64) Tensor {
	return Must(libtorch.Narrow(a.T, dim, start, length))
}

// Select is the view at index along dim, without that dimension.
func (a Tensor) Select(dim, index int64) Tensor { return Must(libtorch.Select(a.T, dim, index)) }

// Index is the view a[index[0], index[1], ...].
func (a Tensor) Index(index ...int64) Tensor { return Must(libtorch.Index(a.T, index)) }

// Cat joins tensors along an existing dimension.
func Cat(tensors []Tensor, dim int64) Tensor { return Must(libtorch.Cat(handles(tensors), dim)) }

// Stack joins tensors of one shape along a new dimension.
func Stack(tensors []Tensor, dim int64) Tensor { return Must(libtorch.Stack(handles(tensors), dim)) }
