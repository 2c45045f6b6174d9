// Package safetensors reads and writes the safetensors file format: named arrays of numbers and a map of strings,
// without any code in them, so a file from a stranger can be read safely.
//
//	8 bytes   N, length of the header, unsigned, little endian
//	N bytes   header, JSON: {"__metadata__": {string: string}, NAME: {"dtype": D, "shape": [..], "data_offsets": [from, to]}}
//	the rest  the data of all tensors, little endian, row major, without gaps; offsets count from its first byte
//
// One set of tensors and metadata has exactly one encoding here, so the digest of a file identifies its contents.
// The reader is strict: every byte of the file is either checked or belongs to exactly one tensor. What the numbers
// are (NaN, infinity) is not its business.
package safetensors

import (
	"math"
	"math/bits"
	"slices"
)

// DType names the type of a tensor's elements as the header spells it.
type DType string

// The element types of the format whose elements fill whole bytes.
const (
	Bool   DType = "BOOL"
	U8     DType = "U8"
	I8     DType = "I8"
	F8E5M2 DType = "F8_E5M2"
	F8E4M3 DType = "F8_E4M3"
	I16    DType = "I16"
	U16    DType = "U16"
	F16    DType = "F16"
	BF16   DType = "BF16"
	I32    DType = "I32"
	U32    DType = "U32"
	F32    DType = "F32"
	C64    DType = "C64"
	F64    DType = "F64"
	I64    DType = "I64"
	U64    DType = "U64"
)

// ranked lists the types as the reference implementation orders them: its writer puts later ones first.
var ranked = []DType{Bool, U8, I8, F8E5M2, F8E4M3, I16, U16, F16, BF16, I32, U32, F32, C64, F64, I64, U64}

// Size returns the bytes of one element, or 0 for an unknown type.
func (d DType) Size() int64 {
	switch d {
	case Bool, U8, I8, F8E5M2, F8E4M3:
		return 1
	case I16, U16, F16, BF16:
		return 2
	case I32, U32, F32:
		return 4
	case C64, F64, I64, U64:
		return 8
	}
	return 0
}

// Tensor is one named array. Data holds its elements, little endian, in row-major order.
type Tensor struct {
	Name  string
	DType DType
	Shape []int64
	Data  []byte
}

// metadataKey is the one header key that is no tensor.
const metadataKey = "__metadata__"

// maxDims bounds the dimensions of a tensor; libtorch's iterators take no more than 64.
const maxDims = 64

// checkLayout returns the bytes that a tensor of this type and shape fills.
func checkLayout(name string, dtype DType, shape []int64) (int64, error) {
	size := dtype.Size()
	if size == 0 {
		return 0, problem(name, "dtype %q, want one of %v", dtype, ranked)
	}
	if len(shape) > maxDims {
		return 0, problem(name, "%d dimensions, want at most %d", len(shape), maxDims)
	}
	if slices.Contains(shape, 0) {
		size = 0
	}
	total := uint64(size)
	for _, n := range shape {
		if n < 0 {
			return 0, problem(name, "shape %v, want no negative dimension", shape)
		}
		hi, lo := bits.Mul64(total, uint64(n))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, problem(name, "shape %v of %s, want at most 2^63-1 bytes", shape, dtype)
		}
		total = lo
	}
	return int64(total), nil
}
