// Package lanes holds what the sampling loop and the training windows need beside libtorch: encoded rows replayed through
// lists of recent conversations and peers, and the draws of one attribute after the other. The kernels are those of
// cgo/shim/lanes, one source for CPU and CUDA.
package lanes

import (
	"fmt"
	"unsafe"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/libtorch"
)

// The types that the bridge defines.
type (
	Vocabulary = libtorch.Vocabulary
	Values     = libtorch.Values
	Without    = libtorch.Without
	Chunk      = libtorch.Chunk
	Sizes      = libtorch.LaneSizes
)

// SizesOf returns the sizes that the kernels fix.
func SizesOf() Sizes { return libtorch.SizesOfLanes() }

// typed gives an error of the bridge the type that gotorch's callers know.
func typed(err error) error { return torch.Try(func() { torch.Check(err) }) }

// raw is the memory of s, whose elements must have the size of the kernels' own.
func raw[T any](op string, s []T, want int) []byte {
	checkSize[T](op, want)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*want)
}

func checkSize[T any](op string, want int) {
	var x T
	if got := int(unsafe.Sizeof(x)); got != want {
		panic(&torch.Error{Op: op, Msg: fmt.Sprintf("elements of %d bytes, want %d", got, want), Err: torch.ErrShape})
	}
}
