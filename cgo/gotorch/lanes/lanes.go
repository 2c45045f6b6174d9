// Package lanes holds what the sampling loop and the training windows need beside libtorch: encoded rows replayed through
// lists of recent conversations and peers, and the draws of one attribute after the other. The kernels are those of
// cgo/shim/lanes, one source for CPU and CUDA.
package lanes

import "github.com/wangkuiyi/gotorch/libtorch"

// The types that the bridge defines.
type (
	Vocabulary = libtorch.Vocabulary
	Values     = libtorch.Values
	Chunk      = libtorch.Chunk
	Sizes      = libtorch.LaneSizes
)

// SizesOf returns the sizes that the kernels fix.
func SizesOf() Sizes { return libtorch.SizesOfLanes() }
