package libtorch

// #include "linalg.h"
// #cgo noescape st_linear
// #cgo nocallback st_linear
// #cgo noescape st_layer_norm
// #cgo nocallback st_layer_norm
// #cgo noescape st_rms_norm
// #cgo nocallback st_rms_norm
import "C"

import "runtime"

// Addmm is bias + a @ b of matrices.
func Addmm(bias, a, b *Handle) (*Handle, error) {
	out := result(bias, a, b)
	msg := C.st_addmm(&out.p, bias.ptr(), a.ptr(), b.ptr())
	runtime.KeepAlive(bias)
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	return out.done("addmm", msg)
}

// BAddBmm is Addmm of batches.
func BAddBmm(bias, a, b *Handle) (*Handle, error) {
	out := result(bias, a, b)
	msg := C.st_baddbmm(&out.p, bias.ptr(), a.ptr(), b.ptr())
	runtime.KeepAlive(bias)
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	return out.done("baddbmm", msg)
}

// Linear is x @ weight^T + bias; bias may be nil.
func Linear(x, weight, bias *Handle) (*Handle, error) {
	out := result(x, weight, bias)
	msg := C.st_linear(&out.p, x.ptr(), weight.ptr(), bias.ptr())
	runtime.KeepAlive(x)
	runtime.KeepAlive(weight)
	runtime.KeepAlive(bias)
	return out.done("linear", msg)
}

// LayerNorm normalises x over its last dimensions, whose sizes are given; weight and bias may be nil.
func LayerNorm(x *Handle, sizes []int64, weight, bias *Handle, eps float64) (*Handle, error) {
	out := result(x, weight, bias)
	p, n := ints(sizes)
	msg := C.st_layer_norm(&out.p, x.ptr(), p, n, weight.ptr(), bias.ptr(), C.double(eps))
	runtime.KeepAlive(x)
	runtime.KeepAlive(weight)
	runtime.KeepAlive(bias)
	return out.done("layer norm", msg)
}

// RMSNorm divides x by its root mean square over its last dimensions; weight may be nil.
func RMSNorm(x *Handle, sizes []int64, weight *Handle, eps float64) (*Handle, error) {
	out := result(x, weight)
	p, n := ints(sizes)
	msg := C.st_rms_norm(&out.p, x.ptr(), p, n, weight.ptr(), C.double(eps))
	runtime.KeepAlive(x)
	runtime.KeepAlive(weight)
	return out.done("rms norm", msg)
}

// Conv1d is the cross-correlation of x [B, C, L] and weight [O, C/groups, K]; bias may be nil.
func Conv1d(x, weight, bias *Handle, stride, padding, dilation, groups int64) (*Handle, error) {
	out := result(x, weight, bias)
	msg := C.st_conv1d(&out.p, x.ptr(), weight.ptr(), bias.ptr(), C.int64_t(stride), C.int64_t(padding),
		C.int64_t(dilation), C.int64_t(groups))
	runtime.KeepAlive(x)
	runtime.KeepAlive(weight)
	runtime.KeepAlive(bias)
	return out.done("conv1d", msg)
}

// MaxPool1d is the largest element of each window along the last dimension.
func MaxPool1d(x *Handle, kernel, stride, padding, dilation int64, ceilMode bool) (*Handle, error) {
	out := result(x)
	msg := C.st_max_pool1d(&out.p, x.ptr(), C.int64_t(kernel), C.int64_t(stride), C.int64_t(padding),
		C.int64_t(dilation), C.bool(ceilMode))
	runtime.KeepAlive(x)
	return out.done("max pool", msg)
}
