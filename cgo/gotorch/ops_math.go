package gotorch

import (
	"math"

	"github.com/wangkuiyi/gotorch/libtorch"
)

func unary(op libtorch.UnaryOp, a Tensor) Tensor { return Must(libtorch.Unary(op, a.T)) }

func binary(op libtorch.BinaryOp, a, b Tensor) Tensor { return Must(libtorch.Binary(op, a.T, b.T)) }

func scalar(op libtorch.ScalarOp, a Tensor, b float64) Tensor {
	return Must(libtorch.Scalar(op, a.T, b))
}

func (a Tensor) inplace(op libtorch.InplaceOp, b Tensor, alpha float64) Tensor {
	Check(libtorch.Inplace(op, a.T, b.T, alpha))
	return a
}

func (a Tensor) inplaceScalar(op libtorch.InplaceScalarOp, b float64) Tensor {
	Check(libtorch.InplaceScalar(op, a.T, b))
	return a
}

// Add is a + alpha*other; the shapes are broadcast.
func Add(a, other Tensor, alpha float32) Tensor {
	return Must(libtorch.Add(a.T, other.T, float64(alpha)))
}

// Add is a + alpha*other; the shapes are broadcast.
func (a Tensor) Add(other Tensor, alpha float32) Tensor { return Add(a, other, alpha) }

// AddI adds alpha*other to a in place and returns a.
func (a Tensor) AddI(other Tensor, alpha float32) Tensor {
	return a.inplace(libtorch.AddI, other, float64(alpha))
}

// Sub is a - alpha*other; the shapes are broadcast.
func Sub(a, other Tensor, alpha float32) Tensor {
	return Must(libtorch.Add(a.T, other.T, -float64(alpha)))
}

// Sub is a - alpha*other; the shapes are broadcast.
func (a Tensor) Sub(other Tensor, alpha float32) Tensor { return Sub(a, other, alpha) }

// SubI subtracts alpha*other from a in place and returns a.
func (a Tensor) SubI(other Tensor, alpha float32) Tensor {
	return a.inplace(libtorch.AddI, other, -float64(alpha))
}

// Mul is a * other by element; the shapes are broadcast.
func Mul(a, other Tensor) Tensor { return binary(libtorch.Mul, a, other) }

// Mul is a * other by element; the shapes are broadcast.
func (a Tensor) Mul(other Tensor) Tensor { return Mul(a, other) }

// MulI multiplies a by other in place and returns a.
func (a Tensor) MulI(other Tensor) Tensor { return a.inplace(libtorch.MulI, other, 1) }

// Div is a / other by element; the shapes are broadcast.
func Div(a, other Tensor) Tensor { return binary(libtorch.Div, a, other) }

// Div is a / other by element; the shapes are broadcast.
func (a Tensor) Div(other Tensor) Tensor { return Div(a, other) }

// DivI divides a by other in place and returns a.
func (a Tensor) DivI(other Tensor) Tensor { return a.inplace(libtorch.DivI, other, 1) }

// AddScalar is a + v. A whole v keeps the type of an integer tensor; so for the other scalar operations.
func (a Tensor) AddScalar(v float64) Tensor { return scalar(libtorch.AddScalar, a, v) }

// MulScalar is a * v.
func (a Tensor) MulScalar(v float64) Tensor { return scalar(libtorch.MulScalar, a, v) }

// DivScalar is a / v.
func (a Tensor) DivScalar(v float64) Tensor { return scalar(libtorch.DivScalar, a, v) }

// Pow is a to the power of v.
func (a Tensor) Pow(v float64) Tensor { return scalar(libtorch.PowScalar, a, v) }

// AddScalarI adds v to a in place and returns a.
func (a Tensor) AddScalarI(v float64) Tensor { return a.inplaceScalar(libtorch.AddScalarI, v) }

// MulScalarI multiplies a by v in place and returns a.
func (a Tensor) MulScalarI(v float64) Tensor { return a.inplaceScalar(libtorch.MulScalarI, v) }

// FillI sets every element of a to v and returns a.
func (a Tensor) FillI(v float64) Tensor { return a.inplaceScalar(libtorch.FillI, v) }

// ZeroI sets every element of a to 0 and returns a.
func (a Tensor) ZeroI() Tensor { return a.FillI(0) }

// ReluI sets the negative elements of a to 0 and returns a.
func (a Tensor) ReluI() Tensor { return a.inplaceScalar(libtorch.ReluI, 0) }

// CopyI copies b to a, broadcast to a's shape, converted to its type and device, and returns a.
func (a Tensor) CopyI(b Tensor) Tensor { return a.inplace(libtorch.CopyI, b, 1) }

// CopyBesideI is CopyI that does not wait where b is in page-locked memory and a on a device, or the other way round: b stays as
// it is until the work of the device's current stream is done.
func (a Tensor) CopyBesideI(b Tensor) Tensor {
	Check(libtorch.CopyBeside(a.T, b.T))
	return a
}

// Abs is |a|.
func (a Tensor) Abs() Tensor { return unary(libtorch.Abs, a) }

// Neg is -a.
func (a Tensor) Neg() Tensor { return unary(libtorch.Neg, a) }

// Exp is e to the power of a.
func (a Tensor) Exp() Tensor { return unary(libtorch.Exp, a) }

// Log is the natural logarithm.
func (a Tensor) Log() Tensor { return unary(libtorch.Log, a) }

// Log1p is log(1+a), accurate near 0.
func (a Tensor) Log1p() Tensor { return unary(libtorch.Log1p, a) }

// Sqrt is the square root.
func (a Tensor) Sqrt() Tensor { return unary(libtorch.Sqrt, a) }

// Square is a*a.
func (a Tensor) Square() Tensor { return unary(libtorch.Square, a) }

// Sin is the sine of a in radians.
func (a Tensor) Sin() Tensor { return unary(libtorch.Sin, a) }

// Cos is the cosine of a in radians.
func (a Tensor) Cos() Tensor { return unary(libtorch.Cos, a) }

// Floor is the largest whole number not above a.
func (a Tensor) Floor() Tensor { return unary(libtorch.Floor, a) }

// Round is the nearest whole number, the even one of two.
func (a Tensor) Round() Tensor { return unary(libtorch.Round, a) }

// Clamp limits a to [low, high]; an infinite bound is none.
func (a Tensor) Clamp(low, high float64) Tensor { return Must(libtorch.Clamp(a.T, low, high)) }

// ClampMin is Clamp without an upper bound.
func (a Tensor) ClampMin(low float64) Tensor { return a.Clamp(low, math.Inf(1)) }

// ClampMax is Clamp without a lower bound.
func (a Tensor) ClampMax(high float64) Tensor { return a.Clamp(math.Inf(-1), high) }

// Minimum is the smaller of a and b by element.
func Minimum(a, b Tensor) Tensor { return binary(libtorch.Minimum, a, b) }

// Maximum is the larger of a and b by element.
func Maximum(a, b Tensor) Tensor { return binary(libtorch.Maximum, a, b) }

// PowTensor is a to the power of b by element.
func PowTensor(a, b Tensor) Tensor { return binary(libtorch.Pow, a, b) }

// Where takes a where condition (Bool) holds, else b; the shapes are broadcast.
func Where(condition, a, b Tensor) Tensor { return Must(libtorch.Where(condition.T, a.T, b.T)) }

// MaskedFill is a, with v where mask (Bool) holds.
func (a Tensor) MaskedFill(mask Tensor, v float64) Tensor {
	return Must(libtorch.MaskedFill(a.T, mask.T, v))
}
