//go:build !cpu

package libtorch

// The shim with CUDA: beside the program first, else where make builds it.

// #cgo LDFLAGS: -L${SRCDIR}/../../shim/build/cuda -lstan_shim
// #cgo LDFLAGS: -Wl,-rpath,$ORIGIN -Wl,-rpath,${SRCDIR}/../../shim/build/cuda
import "C"
