package gotorch

import (
	"fmt"

	"github.com/wangkuiyi/gotorch/libtorch"
	"github.com/wangkuiyi/gotorch/variadic"
)

func reduce(op libtorch.ReduceOp, a Tensor, dims []int64, keep bool) Tensor {
	return Must(libtorch.Reduce(op, a.T, dims, keep))
}

// asInt reads a number that a program passes in an interface.
func asInt(op string, v interface{}) int64 {
	switch n := v.(type) {
	case int64:
		return n
	case int:
		return int64(n)
	case int32:
		return int64(n)
	}
	fail(op, ErrDType, fmt.Sprintf("option of type %T, want int64", v))
	return 0
}

func asBool(op string, v interface{}) bool {
	b, ok := v.(bool)
	if !ok {
		fail(op, ErrDType, fmt.Sprintf("option of type %T, want bool", v))
	}
	return b
}

// Sum is the sum of all elements; with options "dim" and "keepDim", that along a dimension.
func (a Tensor) Sum(opt ...map[string]interface{}) Tensor {
	dim, ok := variadic.Lookup(opt, "dim")
	if !ok {
		return reduce(libtorch.Sum, a, nil, false)
	}
	return a.SumDim([]int64{asInt("sum", dim)}, asBool("sum", variadic.Get(opt, "keepDim", false)))
}

// Sum is the sum of all elements; with options "dim" and "keepDim", that along a dimension.
func Sum(a Tensor, opt ...map[string]interface{}) Tensor { return a.Sum(opt...) }

// SumDim is the sum along dims; keep leaves them with length 1.
func (a Tensor) SumDim(dims []int64, keep bool) Tensor { return reduce(libtorch.Sum, a, dims, keep) }

// Mean is the mean of all elements.
func (a Tensor) Mean() Tensor { return reduce(libtorch.Mean, a, nil, false) }

// Mean is the mean of all elements.
func Mean(t Tensor) Tensor { return t.Mean() }

// MeanDim is the mean along dims; keep leaves them with length 1.
func (a Tensor) MeanDim(dims []int64, keep bool) Tensor { return reduce(libtorch.Mean, a, dims, keep) }

// Var is the variance along dims (of all elements, without dims), divided by count-1 if unbiased, else by count.
func (a Tensor) Var(dims []int64, unbiased, keep bool) Tensor {
	if unbiased {
		return reduce(libtorch.Var, a, dims, keep)
	}
	return reduce(libtorch.VarPop, a, dims, keep)
}

// Max is the largest element.
func (a Tensor) Max() Tensor { return reduce(libtorch.Max, a, nil, false) }

// Min is the smallest element.
func (a Tensor) Min() Tensor { return reduce(libtorch.Min, a, nil, false) }

// MaxDim is the largest elements along dim, and their indices.
func (a Tensor) MaxDim(dim int64, keep bool) (values, indices Tensor) {
	v, i, err := libtorch.MaxDim(a.T, dim, keep)
	Check(err)
	return Tensor{v}, Tensor{i}
}

// MinDim is the smallest elements along dim, and their indices.
func (a Tensor) MinDim(dim int64, keep bool) (values, indices Tensor) {
	v, i, err := libtorch.MinDim(a.T, dim, keep)
	Check(err)
	return Tensor{v}, Tensor{i}
}

// LogSumExp is log(sum(exp(a))) along dims (of all elements, without dims), computed without overflow.
func (a Tensor) LogSumExp(dims []int64, keep bool) Tensor {
	return reduce(libtorch.LogSumExp, a, dims, keep)
}

// Norm is the p-norm along dims (of all elements, without dims).
func (a Tensor) Norm(p float64, dims []int64, keep bool) Tensor {
	return Must(libtorch.Norm(a.T, p, dims, keep))
}

// Cumsum is the running sum along dim.
func (a Tensor) Cumsum(dim int64) Tensor { return Must(libtorch.Cumsum(a.T, dim)) }

// Argmax is the index of the largest element of the flattened tensor; with options dim (int64) and keepDim (bool), that
// along a dimension.
func (a Tensor) Argmax(opts ...interface{}) Tensor {
	whole, dim, keep := argOptions("argmax", opts)
	return Must(libtorch.Argmax(a.T, whole, dim, keep))
}

// Argmin is the index of the smallest element; its options are those of Argmax.
func (a Tensor) Argmin(opts ...interface{}) Tensor {
	whole, dim, keep := argOptions("argmin", opts)
	return Must(libtorch.Argmin(a.T, whole, dim, keep))
}

func argOptions(op string, opts []interface{}) (whole bool, dim int64, keep bool) {
	if len(opts) == 0 {
		return true, 0, false
	}
	if len(opts) > 1 {
		keep = asBool(op, opts[1])
	}
	return false, asInt(op, opts[0]), keep
}

// Sort orders the elements along dim; equal ones keep their order. The second result is where each was.
func (a Tensor) Sort(dim int64, descending bool) (values, indices Tensor) {
	v, i, err := libtorch.Sort(a.T, dim, descending)
	Check(err)
	return Tensor{v}, Tensor{i}
}

// Argsort is where each element of Sort was.
func (a Tensor) Argsort(dim int64, descending bool) Tensor {
	values, indices := a.Sort(dim, descending)
	values.Free()
	return indices
}

// TopK is the k largest (or smallest) elements along dim, and their indices.
func TopK(a Tensor, k, dim int64, largest, sorted bool) (Tensor, Tensor) {
	v, i, err := libtorch.TopK(a.T, k, dim, largest, sorted)
	Check(err)
	return Tensor{v}, Tensor{i}
}
