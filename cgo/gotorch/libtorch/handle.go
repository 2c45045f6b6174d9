package libtorch

// #include "base.h"
// #cgo noescape st_tensor_free
// #cgo nocallback st_tensor_free
// #cgo noescape st_tensor_free_many
// #cgo nocallback st_tensor_free_many
// #cgo nocallback st_live_handles
import "C"

import "unsafe"

// Handle is one reference to a tensor. Its owner is the pool it is in, else the program, which frees it with Free;
// what the program forgets, the net frees some time after the last use.
type Handle struct {
	p     *C.st_tensor
	pool  *Pool
	slot  int    // index in pool.handles
	watch *watch // of a handle without a pool
}

// ptr is the handle as C sees it; NULL makes the shim answer with an error.
func (h *Handle) ptr() *C.st_tensor {
	if h == nil {
		return nil
	}
	return h.p
}

// Alive tells whether h holds a tensor: not nil, not freed.
func (h *Handle) Alive() bool { return h != nil && h.p != nil }

// Free releases h. Freeing a handle twice, or nil, does nothing.
func (h *Handle) Free() {
	if !h.Alive() {
		return
	}
	if h.pool != nil {
		h.pool.remove(h)
	} else {
		h.disarm()
	}
	p := h.p
	h.p = nil
	C.st_tensor_free(p)
}

// result prepares the handle for a result: in the pool of the first operand that has one.
func result(operands ...*Handle) *Handle {
	for _, o := range operands {
		if o != nil && o.pool != nil {
			return &Handle{pool: o.pool}
		}
	}
	return &Handle{}
}

// done ends a call that wrote h.p, or failed with msg: it hands h to its owner.
func (h *Handle) done(op string, msg *C.char) (*Handle, error) {
	if msg != nil {
		return nil, check(op, msg)
	}
	if h.pool != nil {
		h.pool.add(h)
	} else {
		h.arm()
	}
	return h, nil
}

// pointers lists handles as C sees them.
func pointers(hs []*Handle) []*C.st_tensor {
	ps := make([]*C.st_tensor, len(hs))
	for i, h := range hs {
		ps[i] = h.ptr()
	}
	return ps
}

// Live is the number of handles alive in the process, counted by the shim.
func Live() int64 { return int64(C.st_live_handles()) }

func freeAll(ps []*C.st_tensor) {
	C.st_tensor_free_many(unsafe.SliceData(ps), C.int64_t(len(ps)))
}
