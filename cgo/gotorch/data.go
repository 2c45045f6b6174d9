package gotorch

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/wangkuiyi/gotorch/libtorch"
)

// from copies data into a new CPU tensor. Without a shape it has one dimension.
func from[T any](data []T, dtype int8, shape []int64) Tensor {
	if len(shape) == 0 {
		shape = []int64{int64(len(data))}
	}
	n := int64(1)
	for _, s := range shape {
		n *= s
	}
	if n != int64(len(data)) || slices.ContainsFunc(shape, func(s int64) bool { return s < 0 }) {
		fail("from data", ErrShape, fmt.Sprintf("%d elements, want those of shape %v", len(data), shape))
	}
	return Must(libtorch.FromData(unsafe.Pointer(unsafe.SliceData(data)), shape, libtorch.Options{DType: dtype}))
}

// FromFloat32 copies data into a new CPU tensor of the given shape; without one it has one dimension.
func FromFloat32(data []float32, shape ...int64) Tensor { return from(data, Float, shape) }

// FromFloat64 copies data into a new CPU tensor of the given shape; without one it has one dimension.
func FromFloat64(data []float64, shape ...int64) Tensor { return from(data, Double, shape) }

// FromInt64 copies data into a new CPU tensor of the given shape; without one it has one dimension.
func FromInt64(data []int64, shape ...int64) Tensor { return from(data, Long, shape) }

// FromInt32 copies data into a new CPU tensor of the given shape; without one it has one dimension.
func FromInt32(data []int32, shape ...int64) Tensor { return from(data, Int, shape) }

// FromUint8 copies data into a new CPU tensor of the given shape; without one it has one dimension.
func FromUint8(data []uint8, shape ...int64) Tensor { return from(data, Byte, shape) }

// FromBool copies data into a new CPU tensor of the given shape; without one it has one dimension.
func FromBool(data []bool, shape ...int64) Tensor { return from(data, Bool, shape) }

// FromBlob copies the elements of type dtype at data into a new CPU tensor. There must be as many as sizes say.
func FromBlob(data unsafe.Pointer, dtype int8, sizes []int64) Tensor {
	return Must(libtorch.FromData(data, sizes, libtorch.Options{DType: dtype}))
}

// values copies the elements of a to the host, converted to dtype.
func values[T any](a Tensor, dtype int8) []T {
	v := make([]T, a.Numel())
	Check(libtorch.CopyOut(a.T, dtype, unsafe.Pointer(unsafe.SliceData(v)), len(v)))
	return v
}

// Float32s copies the elements of a, in row-major order, converted to float32.
func (a Tensor) Float32s() []float32 { return values[float32](a, Float) }

// Float64s copies the elements of a, in row-major order, converted to float64.
func (a Tensor) Float64s() []float64 { return values[float64](a, Double) }

// Int64s copies the elements of a, in row-major order, converted to int64.
func (a Tensor) Int64s() []int64 { return values[int64](a, Long) }

// Int32s copies the elements of a, in row-major order, converted to int32.
func (a Tensor) Int32s() []int32 { return values[int32](a, Int) }

// Uint8s copies the elements of a, in row-major order, converted to uint8.
func (a Tensor) Uint8s() []uint8 { return values[uint8](a, Byte) }

// Bools copies the elements of a, in row-major order; what is not zero is true.
func (a Tensor) Bools() []bool { return values[bool](a, Bool) }

func copyTo[T any](a Tensor, dtype int8, dst []T) {
	Check(libtorch.CopyOut(a.T, dtype, unsafe.Pointer(unsafe.SliceData(dst)), len(dst)))
}

// CopyToFloat32 copies the elements of a, converted to float32, to dst, which holds exactly as many.
func (a Tensor) CopyToFloat32(dst []float32) { copyTo(a, Float, dst) }

// CopyToInt64 copies the elements of a, converted to int64, to dst, which holds exactly as many.
func (a Tensor) CopyToInt64(dst []int64) { copyTo(a, Long, dst) }

// CopyToInt32 copies the elements of a, converted to int32, to dst, which holds exactly as many.
func (a Tensor) CopyToInt32(dst []int32) { copyTo(a, Int, dst) }

// CopyToUint8 copies the elements of a, converted to uint8, to dst, which holds exactly as many.
func (a Tensor) CopyToUint8(dst []uint8) { copyTo(a, Byte, dst) }

func copyFrom[T any](a Tensor, dtype int8, src []T) {
	Check(libtorch.CopyIn(a.T, dtype, unsafe.Pointer(unsafe.SliceData(src)), len(src)))
}

// CopyFromFloat32 overwrites the elements of a by src, which holds exactly as many. Autograd does not see it.
func (a Tensor) CopyFromFloat32(src []float32) { copyFrom(a, Float, src) }

// CopyFromFloat64 overwrites the elements of a by src, which holds exactly as many. Autograd does not see it.
func (a Tensor) CopyFromFloat64(src []float64) { copyFrom(a, Double, src) }

// CopyFromInt64 overwrites the elements of a by src, which holds exactly as many. Autograd does not see it.
func (a Tensor) CopyFromInt64(src []int64) { copyFrom(a, Long, src) }

// CopyFromInt32 overwrites the elements of a by src, which holds exactly as many. Autograd does not see it.
func (a Tensor) CopyFromInt32(src []int32) { copyFrom(a, Int, src) }

// CopyFromUint8 overwrites the elements of a by src, which holds exactly as many. Autograd does not see it.
func (a Tensor) CopyFromUint8(src []uint8) { copyFrom(a, Byte, src) }

// DataPtrNoCopy is the address of a's first element, on a's device. It stays valid until the last tensor that shares the
// elements is freed, so the caller keeps a alive, by runtime.KeepAlive or its scope, until the last use of the address.
func (a Tensor) DataPtrNoCopy() unsafe.Pointer {
	p, err := libtorch.DataPtrNoCopy(a.T)
	Check(err)
	return p
}
