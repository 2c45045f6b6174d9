// Package libtorch is the bridge to the C ABI of cgo/shim: the only package with import "C".
//
// It holds no policy. A Handle owns one reference to a tensor; every function borrows its operands for the call, returns
// a new Handle in the pool of the first pooled operand, and an error for whatever libtorch throws.
package libtorch

// #cgo CFLAGS: -I${SRCDIR}/../../shim
import "C"
