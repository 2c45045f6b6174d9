package libtorch

// #include "autograd.h"
import "C"

import "runtime"

// Backward adds the gradients of h, weighted by grad, to the leaves that it was computed from. grad may be nil for an h
// of one element.
func Backward(h, grad *Handle, retainGraph bool) error {
	msg := C.st_backward(h.ptr(), grad.ptr(), C.bool(retainGraph))
	runtime.KeepAlive(h)
	runtime.KeepAlive(grad)
	return check("backward", msg)
}

// Gradients are those of h, of one element, with respect to inputs; nil where h does not depend on one.
func Gradients(h *Handle, inputs []*Handle, createGraph bool) ([]*Handle, error) {
	ps := pointers(inputs)
	outs := make([]*C.st_tensor, len(ps))
	msg := C.st_gradients(first(outs), h.ptr(), first(ps), C.int64_t(len(ps)), C.bool(createGraph))
	runtime.KeepAlive(h)
	runtime.KeepAlive(inputs)
	if msg != nil {
		return nil, check("gradients", msg)
	}
	grads := make([]*Handle, len(outs))
	for i, p := range outs {
		if p != nil {
			out := result(h)
			out.p = p
			grads[i], _ = out.done("gradients", nil)
		}
	}
	return grads, nil
}

// SumGradients makes the gradient of each of hs the sum of the tensors at its place in grads, which are copied; nil ones are
// skipped.
func SumGradients(hs []*Handle, grads [][]*Handle) error {
	ps := pointers(hs)
	var terms []*C.st_tensor
	for _, g := range grads {
		terms = append(terms, pointers(g)...)
	}
	msg := C.st_sum_gradients(first(ps), C.int64_t(len(ps)), first(terms), C.int64_t(len(grads)))
	runtime.KeepAlive(hs)
	runtime.KeepAlive(grads)
	return check("sum gradients", msg)
}

// Grad is the gradient of h, nil when it has none.
func Grad(h *Handle) (*Handle, error) {
	out := result(h)
	msg := C.st_grad(&out.p, h.ptr())
	runtime.KeepAlive(h)
	if msg == nil && out.p == nil {
		return nil, nil
	}
	return out.done("grad", msg)
}

// SetRequiresGrad makes h a leaf that gathers gradients, or not.
func SetRequiresGrad(h *Handle, on bool) error {
	msg := C.st_set_requires_grad(h.ptr(), C.bool(on))
	runtime.KeepAlive(h)
	return check("requires grad", msg)
}

// ZeroGrad drops the gradients of hs, or with keep sets them to zero.
func ZeroGrad(hs []*Handle, keep bool) error {
	ps := pointers(hs)
	msg := C.st_zero_grad(first(ps), C.int64_t(len(ps)), C.bool(!keep))
	runtime.KeepAlive(hs)
	return check("zero grad", msg)
}

// GradEnabled tells whether the calling thread records operations.
func GradEnabled() bool { return bool(C.st_grad_enabled()) }

// SetGradEnabled makes the calling thread record operations, or not. The caller has locked its goroutine to the thread.
func SetGradEnabled(on bool) { C.st_set_grad_enabled(C.bool(on)) }

// Autocast sets automatic mixed precision of the calling thread and returns what it was. The caller has locked its
// goroutine to the thread.
func Autocast(d Device, on bool, dtype int8) (wasOn bool, wasDType int8, err error) {
	var on0 C.bool
	var dtype0 C.int8_t
	msg := C.st_autocast(d.c(), C.bool(on), C.int8_t(dtype), &on0, &dtype0)
	return bool(on0), int8(dtype0), check("autocast", msg)
}

// AutocastClear drops the weights that autocast has converted on this thread.
func AutocastClear() { C.st_autocast_clear() }

// AllowTF32 lets matrix products of float32 on CUDA round their operands to TF32, and returns what was.
func AllowTF32(on bool) (was bool, err error) {
	var w C.bool
	msg := C.st_allow_tf32(C.bool(on), &w)
	return bool(w), check("allow TF32", msg)
}

// ClipGradNorm scales the gradients of hs so that their 2-norm together is at most maxNorm, and returns what it was.
func ClipGradNorm(hs []*Handle, maxNorm float64) (*Handle, error) {
	out := result(hs...)
	ps := pointers(hs)
	msg := C.st_clip_grad_norm(&out.p, first(ps), C.int64_t(len(ps)), C.double(maxNorm))
	runtime.KeepAlive(hs)
	return out.done("clip grad norm", msg)
}
