package libtorch

// #include "elementwise.h"
// #cgo noescape st_unary
// #cgo nocallback st_unary
// #cgo noescape st_binary
// #cgo nocallback st_binary
// #cgo noescape st_scalar
// #cgo nocallback st_scalar
// #cgo noescape st_add
// #cgo nocallback st_add
// #cgo noescape st_inplace
// #cgo nocallback st_inplace
// #cgo noescape st_inplace_scalar
// #cgo nocallback st_inplace_scalar
import "C"

import "runtime"

// UnaryOp is an operation of one tensor; each is libtorch's operation of its name.
type UnaryOp C.st_unary_op

// The operations of one tensor.
const (
	Abs        UnaryOp = C.ST_UNARY_abs
	Neg        UnaryOp = C.ST_UNARY_neg
	Exp        UnaryOp = C.ST_UNARY_exp
	Log        UnaryOp = C.ST_UNARY_log
	Log1p      UnaryOp = C.ST_UNARY_log1p
	Sqrt       UnaryOp = C.ST_UNARY_sqrt
	Square     UnaryOp = C.ST_UNARY_square
	Sin        UnaryOp = C.ST_UNARY_sin
	Cos        UnaryOp = C.ST_UNARY_cos
	Relu       UnaryOp = C.ST_UNARY_relu
	Sigmoid    UnaryOp = C.ST_UNARY_sigmoid
	Tanh       UnaryOp = C.ST_UNARY_tanh
	Silu       UnaryOp = C.ST_UNARY_silu
	Floor      UnaryOp = C.ST_UNARY_floor
	Round      UnaryOp = C.ST_UNARY_round
	LogicalNot UnaryOp = C.ST_UNARY_logical_not
	IsFinite   UnaryOp = C.ST_UNARY_isfinite
	Clone      UnaryOp = C.ST_UNARY_clone
	Detach     UnaryOp = C.ST_UNARY_detach
)

var unaryNames = [...]string{
	Abs: "abs", Neg: "neg", Exp: "exp", Log: "log", Log1p: "log1p", Sqrt: "sqrt", Square: "square", Sin: "sin",
	Cos: "cos", Relu: "relu", Sigmoid: "sigmoid", Tanh: "tanh", Silu: "silu", Floor: "floor", Round: "round",
	LogicalNot: "logical not", IsFinite: "is finite", Clone: "clone", Detach: "detach",
}

func (op UnaryOp) String() string { return unaryNames[op] }

// Unary applies op to a.
func Unary(op UnaryOp, a *Handle) (*Handle, error) {
	out := result(a)
	msg := C.st_unary(&out.p, C.st_unary_op(op), a.ptr())
	runtime.KeepAlive(a)
	return out.done(op.String(), msg)
}

// BinaryOp is an operation of two tensors; each is libtorch's operation of its name.
type BinaryOp C.st_binary_op

// The operations of two tensors.
const (
	Mul        BinaryOp = C.ST_BINARY_mul
	Div        BinaryOp = C.ST_BINARY_div
	Pow        BinaryOp = C.ST_BINARY_pow
	Minimum    BinaryOp = C.ST_BINARY_minimum
	Maximum    BinaryOp = C.ST_BINARY_maximum
	Eq         BinaryOp = C.ST_BINARY_eq
	Ne         BinaryOp = C.ST_BINARY_ne
	Lt         BinaryOp = C.ST_BINARY_lt
	Le         BinaryOp = C.ST_BINARY_le
	Gt         BinaryOp = C.ST_BINARY_gt
	Ge         BinaryOp = C.ST_BINARY_ge
	LogicalAnd BinaryOp = C.ST_BINARY_logical_and
	LogicalOr  BinaryOp = C.ST_BINARY_logical_or
	Matmul     BinaryOp = C.ST_BINARY_matmul
	MM         BinaryOp = C.ST_BINARY_mm
	Bmm        BinaryOp = C.ST_BINARY_bmm
)

var binaryNames = [...]string{
	Mul: "mul", Div: "div", Pow: "pow", Minimum: "minimum", Maximum: "maximum", Eq: "eq", Ne: "ne", Lt: "lt", Le: "le",
	Gt: "gt", Ge: "ge", LogicalAnd: "logical and", LogicalOr: "logical or", Matmul: "matmul", MM: "mm", Bmm: "bmm",
}

func (op BinaryOp) String() string { return binaryNames[op] }

// Binary applies op to a and b.
func Binary(op BinaryOp, a, b *Handle) (*Handle, error) {
	out := result(a, b)
	msg := C.st_binary(&out.p, C.st_binary_op(op), a.ptr(), b.ptr())
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	return out.done(op.String(), msg)
}

// ScalarOp is an operation of a tensor and a number.
type ScalarOp C.st_scalar_op

// The operations of a tensor and a number.
const (
	AddScalar ScalarOp = C.ST_SCALAR_add
	MulScalar ScalarOp = C.ST_SCALAR_mul
	DivScalar ScalarOp = C.ST_SCALAR_div
	PowScalar ScalarOp = C.ST_SCALAR_pow
	EqScalar  ScalarOp = C.ST_SCALAR_eq
	NeScalar  ScalarOp = C.ST_SCALAR_ne
	LtScalar  ScalarOp = C.ST_SCALAR_lt
	LeScalar  ScalarOp = C.ST_SCALAR_le
	GtScalar  ScalarOp = C.ST_SCALAR_gt
	GeScalar  ScalarOp = C.ST_SCALAR_ge
)

var scalarNames = [...]string{
	AddScalar: "add scalar", MulScalar: "mul scalar", DivScalar: "div scalar", PowScalar: "pow", EqScalar: "eq scalar",
	NeScalar: "ne scalar", LtScalar: "lt scalar", LeScalar: "le scalar", GtScalar: "gt scalar", GeScalar: "ge scalar",
}

func (op ScalarOp) String() string { return scalarNames[op] }

// Scalar applies op to a and the number b. A whole b keeps the type of an integer tensor.
func Scalar(op ScalarOp, a *Handle, b float64) (*Handle, error) {
	out := result(a)
	msg := C.st_scalar(&out.p, C.st_scalar_op(op), a.ptr(), C.double(b))
	runtime.KeepAlive(a)
	return out.done(op.String(), msg)
}

// Add is a + alpha * b.
func Add(a, b *Handle, alpha float64) (*Handle, error) {
	out := result(a, b)
	msg := C.st_add(&out.p, a.ptr(), b.ptr(), C.double(alpha))
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	return out.done("add", msg)
}

// InplaceOp changes its first operand by a second tensor.
type InplaceOp C.st_inplace_op

// The operations that change their first operand.
const (
	AddI  InplaceOp = C.ST_INPLACE_ADD // a += alpha * b
	MulI  InplaceOp = C.ST_INPLACE_MUL
	DivI  InplaceOp = C.ST_INPLACE_DIV
	CopyI InplaceOp = C.ST_INPLACE_COPY // b broadcast to a's shape, converted to a's type and device
)

var inplaceNames = [...]string{AddI: "add in place", MulI: "mul in place", DivI: "div in place", CopyI: "copy in place"}

func (op InplaceOp) String() string { return inplaceNames[op] }

// Inplace applies op to a; alpha is that of AddI.
func Inplace(op InplaceOp, a, b *Handle, alpha float64) error {
	msg := C.st_inplace(C.st_inplace_op(op), a.ptr(), b.ptr(), C.double(alpha))
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	return check(op.String(), msg)
}

// CopyBeside copies b to a, of one shape; between page-locked memory and a device it does not wait for the end.
func CopyBeside(a, b *Handle) error {
	msg := C.st_copy_beside(a.ptr(), b.ptr())
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	return check(CopyI.String(), msg)
}

// InplaceScalarOp changes its operand by a number.
type InplaceScalarOp C.st_inplace_scalar_op

// The operations that change their operand by a number.
const (
	FillI      InplaceScalarOp = C.ST_INPLACE_SCALAR_FILL
	AddScalarI InplaceScalarOp = C.ST_INPLACE_SCALAR_ADD
	MulScalarI InplaceScalarOp = C.ST_INPLACE_SCALAR_MUL
	ReluI      InplaceScalarOp = C.ST_INPLACE_SCALAR_RELU // the number is not used
)

var inplaceScalarNames = [...]string{
	FillI: "fill", AddScalarI: "add scalar in place", MulScalarI: "mul scalar in place", ReluI: "relu in place",
}

func (op InplaceScalarOp) String() string { return inplaceScalarNames[op] }

// InplaceScalar applies op to a.
func InplaceScalar(op InplaceScalarOp, a *Handle, b float64) error {
	msg := C.st_inplace_scalar(C.st_inplace_scalar_op(op), a.ptr(), C.double(b))
	runtime.KeepAlive(a)
	return check(op.String(), msg)
}

// Clamp limits a to [low, high].
func Clamp(a *Handle, low, high float64) (*Handle, error) {
	out := result(a)
	msg := C.st_clamp(&out.p, a.ptr(), C.double(low), C.double(high))
	runtime.KeepAlive(a)
	return out.done("clamp", msg)
}

// Gelu is x Phi(x), by the error function or by its tanh approximation.
func Gelu(a *Handle, tanhForm bool) (*Handle, error) {
	out := result(a)
	msg := C.st_gelu(&out.p, a.ptr(), C.bool(tanhForm))
	runtime.KeepAlive(a)
	return out.done("gelu", msg)
}

// Softplus is log(1+exp(beta x))/beta, x where beta x is above threshold.
func Softplus(a *Handle, beta, threshold float64) (*Handle, error) {
	out := result(a)
	msg := C.st_softplus(&out.p, a.ptr(), C.double(beta), C.double(threshold))
	runtime.KeepAlive(a)
	return out.done("softplus", msg)
}

// LeakyRelu is x, or slope*x where x is negative.
func LeakyRelu(a *Handle, slope float64) (*Handle, error) {
	out := result(a)
	msg := C.st_leaky_relu(&out.p, a.ptr(), C.double(slope))
	runtime.KeepAlive(a)
	return out.done("leaky relu", msg)
}

// Where takes a where condition holds, else b.
func Where(condition, a, b *Handle) (*Handle, error) {
	out := result(condition, a, b)
	msg := C.st_where(&out.p, condition.ptr(), a.ptr(), b.ptr())
	runtime.KeepAlive(condition)
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	return out.done("where", msg)
}

// MaskedFill is a, with value where mask holds.
func MaskedFill(a, mask *Handle, value float64) (*Handle, error) {
	out := result(a, mask)
	msg := C.st_masked_fill(&out.p, a.ptr(), mask.ptr(), C.double(value))
	runtime.KeepAlive(a)
	runtime.KeepAlive(mask)
	return out.done("masked fill", msg)
}
