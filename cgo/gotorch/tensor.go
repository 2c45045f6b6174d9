package gotorch

import (
	"fmt"

	"github.com/wangkuiyi/gotorch/libtorch"
)

// Tensor refers to an array of numbers of one type on one device. It is a small value; copies refer to the same array.
// The zero Tensor, with T == nil, stands for no tensor.
type Tensor struct {
	T *libtorch.Handle
}

// Free releases t, which its owner need not do later. Freeing twice, or a nil tensor, does nothing.
func (a Tensor) Free() { a.T.Free() }

// Alive tells whether a holds a tensor: not nil, not freed, its scope not closed.
func (a Tensor) Alive() bool { return a.T.Alive() }

func (a Tensor) info() libtorch.Info {
	i, err := libtorch.Describe(a.T)
	Check(err)
	return i
}

// Dim is the number of dimensions.
func (a Tensor) Dim() int64 { return a.info().Dim }

// Numel is the number of elements.
func (a Tensor) Numel() int64 { return a.info().Numel }

// NBytes is the size of the elements in memory.
func (a Tensor) NBytes() int64 { return a.info().Bytes }

// Dtype is the type of the elements: Float, Long and so on.
func (a Tensor) Dtype() int8 { return a.info().DType }

// Device is where the elements are.
func (a Tensor) Device() Device { return Device{a.info().Device} }

// DeviceOf is where a's elements are.
func DeviceOf(a Tensor) Device { return a.Device() }

// IsContiguous tells whether the elements lie in memory in row-major order without gaps.
func (a Tensor) IsContiguous() bool { return a.info().Contiguous }

// RequiresGrad tells whether operations on a are recorded.
func (a Tensor) RequiresGrad() bool { return a.info().RequiresGrad }

// IsLeaf tells whether a was made by the program, not computed from tensors that require gradients.
func (a Tensor) IsLeaf() bool { return a.info().Leaf }

// Shape is the length of each dimension.
func (a Tensor) Shape() []int64 {
	sizes, err := libtorch.Sizes(a.T)
	Check(err)
	return sizes
}

// Size is the length of one dimension; a negative dim counts from the last.
func (a Tensor) Size(dim int64) int64 {
	sizes := a.Shape()
	n := int64(len(sizes))
	if dim < -n || dim >= n {
		fail("size", ErrShape, fmt.Sprintf("dimension %d, want %d to %d", dim, -n, n-1))
	}
	if dim < 0 {
		dim += n
	}
	return sizes[dim]
}

// String is libtorch's own text form: the numbers, then type and shape.
func (a Tensor) String() string {
	s, err := libtorch.String(a.T)
	Check(err)
	return s
}

// Print writes String to standard output.
func (a Tensor) Print() { fmt.Println(a.String()) }

// Detach shares a's data without its history.
func (a Tensor) Detach() Tensor { return Must(libtorch.Unary(libtorch.Detach, a.T)) }

// Clone copies a; gradients flow through.
func (a Tensor) Clone() Tensor { return Must(libtorch.Unary(libtorch.Clone, a.T)) }

// SetData lets a share b's data, type and device. a keeps its own gradient and place in the history.
func (a Tensor) SetData(b Tensor) { Check(libtorch.SetData(a.T, b.T)) }

// Item is the only element of a, as the Go type of its element type; the types without one come as float32.
func (a Tensor) Item() interface{} {
	i, d, _, err := libtorch.Item(a.T)
	Check(err)
	switch a.Dtype() {
	case Byte:
		return uint8(i)
	case Char:
		return int8(i)
	case Short:
		return int16(i)
	case Int:
		return int32(i)
	case Long:
		return i
	case Bool:
		return i != 0
	case Double:
		return d
	default:
		return float32(d)
	}
}

// Float64 is the only element of a.
func (a Tensor) Float64() float64 {
	i, d, isInt, err := libtorch.Item(a.T)
	Check(err)
	if isInt {
		return float64(i)
	}
	return d
}

// Int64 is the only element of a; a fraction is cut off.
func (a Tensor) Int64() int64 {
	i, d, isInt, err := libtorch.Item(a.T)
	Check(err)
	if isInt {
		return i
	}
	return int64(d)
}
