//go:build cpu

package libtorch

// The shim without CUDA: beside the program first, else where make builds it.

// #cgo LDFLAGS: -L${SRCDIR}/../../shim/build/cpu -lstan_shim
// #cgo LDFLAGS: -Wl,-rpath,$ORIGIN -Wl,-rpath,${SRCDIR}/../../shim/build/cpu
import "C"
