package libtorch

// #include "shape.h"
// #cgo noescape st_shape
// #cgo nocallback st_shape
// #cgo noescape st_narrow
// #cgo nocallback st_narrow
// #cgo noescape st_cat
// #cgo nocallback st_cat
import "C"

import "runtime"

// ShapeOp is an operation that takes a list of sizes or dimensions.
type ShapeOp C.st_shape_op

// The operations on shape.
const (
	View    ShapeOp = C.ST_SHAPE_VIEW    // to sizes, one of which may be -1
	Reshape ShapeOp = C.ST_SHAPE_RESHAPE // the same; copies where a view is impossible
	Expand  ShapeOp = C.ST_SHAPE_EXPAND  // to sizes; -1 keeps one
	Permute ShapeOp = C.ST_SHAPE_PERMUTE // by the old dimension of each new one
	Flip    ShapeOp = C.ST_SHAPE_FLIP    // along dimensions
	Squeeze ShapeOp = C.ST_SHAPE_SQUEEZE // dimensions of length 1; none given: all
)

var shapeNames = [...]string{
	View: "view", Reshape: "reshape", Expand: "expand", Permute: "permute", Flip: "flip", Squeeze: "squeeze",
}

func (op ShapeOp) String() string { return shapeNames[op] }

// Shape applies op to a.
func Shape(op ShapeOp, a *Handle, v []int64) (*Handle, error) {
	out := result(a)
	p, n := ints(v)
	msg := C.st_shape(&out.p, C.st_shape_op(op), a.ptr(), p, n)
	runtime.KeepAlive(a)
	return out.done(op.String(), msg)
}

// ExpandAs broadcasts a to b's shape.
func ExpandAs(a, b *Handle) (*Handle, error) {
	out := result(a, b)
	msg := C.st_expand_as(&out.p, a.ptr(), b.ptr())
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	return out.done("expand as", msg)
}

// Flatten makes dimensions from..to one.
func Flatten(a *Handle, from, to int64) (*Handle, error) {
	out := result(a)
	msg := C.st_flatten(&out.p, a.ptr(), C.int64_t(from), C.int64_t(to))
	runtime.KeepAlive(a)
	return out.done("flatten", msg)
}

// Transpose swaps two dimensions.
func Transpose(a *Handle, d0, d1 int64) (*Handle, error) {
	out := result(a)
	msg := C.st_transpose(&out.p, a.ptr(), C.int64_t(d0), C.int64_t(d1))
	runtime.KeepAlive(a)
	return out.done("transpose", msg)
}

// Unsqueeze inserts a dimension of length 1.
func Unsqueeze(a *Handle, dim int64) (*Handle, error) {
	out := result(a)
	msg := C.st_unsqueeze(&out.p, a.ptr(), C.int64_t(dim))
	runtime.KeepAlive(a)
	return out.done("unsqueeze", msg)
}

// Contiguous is a, copied when its elements do not lie in order.
func Contiguous(a *Handle) (*Handle, error) {
	out := result(a)
	msg := C.st_contiguous(&out.p, a.ptr())
	runtime.KeepAlive(a)
	return out.done("contiguous", msg)
}

// Narrow is the view of length elements from start along dim.
func Narrow(a *Handle, dim, start, length int64) (*Handle, error) {
	out := result(a)
	msg := C.st_narrow(&out.p, a.ptr(), C.int64_t(dim), C.int64_t(start), C.int64_t(length))
	runtime.KeepAlive(a)
	return out.done("narrow", msg)
}

// Select is the view at index along dim, which it removes.
func Select(a *Handle, dim, index int64) (*Handle, error) {
	out := result(a)
	msg := C.st_select(&out.p, a.ptr(), C.int64_t(dim), C.int64_t(index))
	runtime.KeepAlive(a)
	return out.done("select", msg)
}

// Cat joins ts along dim.
func Cat(ts []*Handle, dim int64) (*Handle, error) {
	out := result(ts...)
	ps := pointers(ts)
	msg := C.st_cat(&out.p, first(ps), C.int64_t(len(ps)), C.int64_t(dim))
	runtime.KeepAlive(ts)
	return out.done("cat", msg)
}

// Stack joins ts along a new dimension.
func Stack(ts []*Handle, dim int64) (*Handle, error) {
	out := result(ts...)
	ps := pointers(ts)
	msg := C.st_stack(&out.p, first(ps), C.int64_t(len(ps)), C.int64_t(dim))
	runtime.KeepAlive(ts)
	return out.done("stack", msg)
}
