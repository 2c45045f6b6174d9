package gotorch

import "github.com/wangkuiyi/gotorch/libtorch"

// Relu is max(a, 0).
func (a Tensor) Relu() Tensor { return unary(libtorch.Relu, a) }

// Relu is max(t, 0).
func Relu(t Tensor) Tensor { return t.Relu() }

// LeakyRelu is a, or negativeSlope*a where a is negative.
func (a Tensor) LeakyRelu(negativeSlope float64) Tensor {
	return Must(libtorch.LeakyRelu(a.T, negativeSlope))
}

// LeakyRelu is t, or negativeSlope*t where t is negative.
func LeakyRelu(t Tensor, negativeSlope float64) Tensor { return t.LeakyRelu(negativeSlope) }

// Sigmoid is 1/(1+exp(-a)).
func (a Tensor) Sigmoid() Tensor { return unary(libtorch.Sigmoid, a) }

// Sigmoid is 1/(1+exp(-t)).
func Sigmoid(t Tensor) Tensor { return t.Sigmoid() }

// Tanh is the hyperbolic tangent.
func (a Tensor) Tanh() Tensor { return unary(libtorch.Tanh, a) }

// Tanh is the hyperbolic tangent.
func Tanh(t Tensor) Tensor { return t.Tanh() }

// Silu is a * sigmoid(a).
func (a Tensor) Silu() Tensor { return unary(libtorch.Silu, a) }

// Gelu is a * Phi(a), Phi the standard normal distribution function.
func (a Tensor) Gelu() Tensor { return Must(libtorch.Gelu(a.T, false)) }

// GeluTanh is Gelu by the approximation of Phi with tanh; a few 1e-4 off.
func (a Tensor) GeluTanh() Tensor { return Must(libtorch.Gelu(a.T, true)) }

// Softplus is log(1+exp(a)), a itself where it is above 20.
func (a Tensor) Softplus() Tensor { return Must(libtorch.Softplus(a.T, 1, 20)) }

// Glu is the first half of a along dim, times the sigmoid of the second (Dauphin et al., arXiv 1612.08083).
func (a Tensor) Glu(dim int64) Tensor { return Must(libtorch.Glu(a.T, dim)) }

// Softmax is exp(a) divided by its sum along dim.
func (a Tensor) Softmax(dim int64) Tensor { return Must(libtorch.Softmax(a.T, dim)) }

// LogSoftmax is the logarithm of Softmax along dim.
func (a Tensor) LogSoftmax(dim int64) Tensor { return Must(libtorch.LogSoftmax(a.T, dim)) }

// LogSoftmax is the logarithm of Softmax along dim.
func LogSoftmax(t Tensor, dim int64) Tensor { return t.LogSoftmax(dim) }

// Dropout zeroes each element with probability p, drawn from libtorch's generator, and divides the others by 1-p.
// It is the identity when not training.
func Dropout(a Tensor, p float64, training bool) Tensor { return DropoutBy(nil, a, p, training) }

// DropoutBy is Dropout that draws from g, of a tensor on the CPU, or from libtorch's generator if g is nil.
func DropoutBy(g *RNG, a Tensor, p float64, training bool) Tensor {
	return Must(libtorch.Dropout(a.T, p, training, g.handle()))
}
