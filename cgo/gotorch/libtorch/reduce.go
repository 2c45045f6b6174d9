package libtorch

// #include "reduce.h"
// #cgo noescape st_reduce
// #cgo nocallback st_reduce
import "C"

import "runtime"

// ReduceOp is a reduction.
type ReduceOp C.st_reduce_op

// The reductions.
const (
	Sum       ReduceOp = C.ST_REDUCE_SUM
	Mean      ReduceOp = C.ST_REDUCE_MEAN
	Max       ReduceOp = C.ST_REDUCE_MAX
	Min       ReduceOp = C.ST_REDUCE_MIN
	LogSumExp ReduceOp = C.ST_REDUCE_LOGSUMEXP
	Var       ReduceOp = C.ST_REDUCE_VAR     // divided by count-1
	VarPop    ReduceOp = C.ST_REDUCE_VAR_POP // divided by count
	Any       ReduceOp = C.ST_REDUCE_ANY
	All       ReduceOp = C.ST_REDUCE_ALL
)

var reduceNames = [...]string{
	Sum: "sum", Mean: "mean", Max: "max", Min: "min", LogSumExp: "logsumexp", Var: "var", VarPop: "var", Any: "any",
	All: "all",
}

func (op ReduceOp) String() string { return reduceNames[op] }

// Reduce applies op along dims; to the whole tensor when there are none.
func Reduce(op ReduceOp, a *Handle, dims []int64, keep bool) (*Handle, error) {
	out := result(a)
	p, n := ints(dims)
	msg := C.st_reduce(&out.p, C.st_reduce_op(op), a.ptr(), p, n, C.bool(keep))
	runtime.KeepAlive(a)
	return out.done(op.String(), msg)
}

// Norm is the p-norm along dims; of the whole tensor when there are none.
func Norm(a *Handle, p float64, dims []int64, keep bool) (*Handle, error) {
	out := result(a)
	d, n := ints(dims)
	msg := C.st_norm(&out.p, a.ptr(), C.double(p), d, n, C.bool(keep))
	runtime.KeepAlive(a)
	return out.done("norm", msg)
}

// two ends a call with two results.
func two(op string, x, y *Handle, msg *C.char) (*Handle, *Handle, error) {
	x, err := x.done(op, msg)
	if err != nil {
		return nil, nil, err
	}
	y, err = y.done(op, nil)
	return x, y, err
}

// MaxDim gives the largest elements along dim, and their indices.
func MaxDim(a *Handle, dim int64, keep bool) (values, indices *Handle, err error) {
	v, i := result(a), result(a)
	msg := C.st_max_dim(&v.p, &i.p, a.ptr(), C.int64_t(dim), C.bool(keep))
	runtime.KeepAlive(a)
	return two("max", v, i, msg)
}

// MinDim gives the smallest elements along dim, and their indices.
func MinDim(a *Handle, dim int64, keep bool) (values, indices *Handle, err error) {
	v, i := result(a), result(a)
	msg := C.st_min_dim(&v.p, &i.p, a.ptr(), C.int64_t(dim), C.bool(keep))
	runtime.KeepAlive(a)
	return two("min", v, i, msg)
}

// Argmax is the index of the largest element along dim; with whole, in the flattened tensor.
func Argmax(a *Handle, whole bool, dim int64, keep bool) (*Handle, error) {
	out := result(a)
	msg := C.st_argmax(&out.p, a.ptr(), C.bool(whole), C.int64_t(dim), C.bool(keep))
	runtime.KeepAlive(a)
	return out.done("argmax", msg)
}

// Argmin is the index of the smallest element along dim; with whole, in the flattened tensor.
func Argmin(a *Handle, whole bool, dim int64, keep bool) (*Handle, error) {
	out := result(a)
	msg := C.st_argmin(&out.p, a.ptr(), C.bool(whole), C.int64_t(dim), C.bool(keep))
	runtime.KeepAlive(a)
	return out.done("argmin", msg)
}

// Glu is the first half of a along dim, times the sigmoid of the second.
func Glu(a *Handle, dim int64) (*Handle, error) {
	out := result(a)
	msg := C.st_glu(&out.p, a.ptr(), C.int64_t(dim))
	runtime.KeepAlive(a)
	return out.done("glu", msg)
}

// Softmax is exp(a) over its sum along dim.
func Softmax(a *Handle, dim int64) (*Handle, error) {
	out := result(a)
	msg := C.st_softmax(&out.p, a.ptr(), C.int64_t(dim))
	runtime.KeepAlive(a)
	return out.done("softmax", msg)
}

// LogSoftmax is the logarithm of Softmax.
func LogSoftmax(a *Handle, dim int64) (*Handle, error) {
	out := result(a)
	msg := C.st_log_softmax(&out.p, a.ptr(), C.int64_t(dim))
	runtime.KeepAlive(a)
	return out.done("log softmax", msg)
}

// Cumsum is the running sum along dim.
func Cumsum(a *Handle, dim int64) (*Handle, error) {
	out := result(a)
	msg := C.st_cumsum(&out.p, a.ptr(), C.int64_t(dim))
	runtime.KeepAlive(a)
	return out.done("cumsum", msg)
}

// Sort orders a along dim; equal elements keep their order.
func Sort(a *Handle, dim int64, descending bool) (values, indices *Handle, err error) {
	v, i := result(a), result(a)
	msg := C.st_sort(&v.p, &i.p, a.ptr(), C.int64_t(dim), C.bool(descending))
	runtime.KeepAlive(a)
	return two("sort", v, i, msg)
}

// TopK gives the k largest or smallest elements along dim, and their indices.
func TopK(a *Handle, k, dim int64, largest, sorted bool) (values, indices *Handle, err error) {
	v, i := result(a), result(a)
	msg := C.st_topk(&v.p, &i.p, a.ptr(), C.int64_t(k), C.int64_t(dim), C.bool(largest), C.bool(sorted))
	runtime.KeepAlive(a)
	return two("topk", v, i, msg)
}

// Equal tells whether a and b have the same shape and elements.
func Equal(a, b *Handle) (bool, error) {
	var same C.bool
	msg := C.st_equal(&same, a.ptr(), b.ptr())
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	return bool(same), check("equal", msg)
}

// AllClose tells whether |a-b| <= atol + rtol*|b| for all elements.
func AllClose(a, b *Handle, rtol, atol float64) (bool, error) {
	var same C.bool
	msg := C.st_allclose(&same, a.ptr(), b.ptr(), C.double(rtol), C.double(atol))
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	return bool(same), check("all close", msg)
}
