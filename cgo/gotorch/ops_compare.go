package gotorch

import "github.com/wangkuiyi/gotorch/libtorch"

// Eq is, as Bool, where a equals other.
func Eq(a, other Tensor) Tensor { return binary(libtorch.Eq, a, other) }

// Eq is, as Bool, where a equals other.
func (a Tensor) Eq(other Tensor) Tensor { return Eq(a, other) }

// Ne is, as Bool, where a differs from other.
func (a Tensor) Ne(other Tensor) Tensor { return binary(libtorch.Ne, a, other) }

// Gt is, as Bool, where a > other.
func (a Tensor) Gt(other Tensor) Tensor { return binary(libtorch.Gt, a, other) }

// Ge is, as Bool, where a >= other.
func (a Tensor) Ge(other Tensor) Tensor { return binary(libtorch.Ge, a, other) }

// Lt is, as Bool, where a < other.
func (a Tensor) Lt(other Tensor) Tensor { return binary(libtorch.Lt, a, other) }

// Le is, as Bool, where a <= other.
func (a Tensor) Le(other Tensor) Tensor { return binary(libtorch.Le, a, other) }

// EqScalar is, as Bool, where a equals v.
func (a Tensor) EqScalar(v float64) Tensor { return scalar(libtorch.EqScalar, a, v) }

// NeScalar is, as Bool, where a differs from v.
func (a Tensor) NeScalar(v float64) Tensor { return scalar(libtorch.NeScalar, a, v) }

// GtScalar is, as Bool, where a > v.
func (a Tensor) GtScalar(v float64) Tensor { return scalar(libtorch.GtScalar, a, v) }

// GeScalar is, as Bool, where a >= v.
func (a Tensor) GeScalar(v float64) Tensor { return scalar(libtorch.GeScalar, a, v) }

// LtScalar is, as Bool, where a < v.
func (a Tensor) LtScalar(v float64) Tensor { return scalar(libtorch.LtScalar, a, v) }

// LeScalar is, as Bool, where a <= v.
func (a Tensor) LeScalar(v float64) Tensor { return scalar(libtorch.LeScalar, a, v) }

// LogicalAnd is, as Bool, where neither a nor other is zero.
func (a Tensor) LogicalAnd(other Tensor) Tensor { return binary(libtorch.LogicalAnd, a, other) }

// LogicalOr is, as Bool, where a or other is not zero.
func (a Tensor) LogicalOr(other Tensor) Tensor { return binary(libtorch.LogicalOr, a, other) }

// LogicalNot is, as Bool, where a is zero.
func (a Tensor) LogicalNot() Tensor { return unary(libtorch.LogicalNot, a) }

// IsFinite is, as Bool, where a is neither infinite nor NaN.
func (a Tensor) IsFinite() Tensor { return unary(libtorch.IsFinite, a) }

// Any is, as Bool, whether an element along dims (of all, without dims) is not zero.
func (a Tensor) Any(dims ...int64) Tensor {
	return Must(libtorch.Reduce(libtorch.Any, a.T, dims, false))
}

// All is, as Bool, whether no element along dims (of all, without dims) is zero.
func (a Tensor) All(dims ...int64) Tensor {
	return Must(libtorch.Reduce(libtorch.All, a.T, dims, false))
}

// Equal tells whether a and b have the same shape and elements.
func Equal(a, b Tensor) bool {
	same, err := libtorch.Equal(a.T, b.T)
	Check(err)
	return same
}

// AllClose tells whether |a-b| <= 1e-8 + 1e-5*|b| for all elements.
func AllClose(a, b Tensor) bool {
	same, err := libtorch.AllClose(a.T, b.T, 1e-5, 1e-8)
	Check(err)
	return same
}
