// Package initializer fills new parameters. Every function writes in place, unseen by autograd, and draws from
// libtorch's generator of the tensor's device, which ManualSeed seeds.
package initializer

import (
	"fmt"
	"math"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/libtorch"
)

// ManualSeed seeds the generators of all devices: the same calls after it draw the same numbers.
func ManualSeed(seed int64) { torch.Check(libtorch.ManualSeed(uint64(seed))) }

// Zeros sets every element of a to 0.
func Zeros(a *torch.Tensor) { torch.NoGrad(func() { a.FillI(0) }) }

// Ones sets every element of a to 1.
func Ones(a *torch.Tensor) { torch.NoGrad(func() { a.FillI(1) }) }

// Uniform draws every element of a from [low, high).
func Uniform(a *torch.Tensor, low, high float64) { torch.Check(libtorch.FillUniform(a.T, low, high)) }

// Normal draws every element of a from a normal distribution.
func Normal(a *torch.Tensor, mean, std float64) { torch.Check(libtorch.FillNormal(a.T, mean, std)) }

// KaimingUniform draws input's elements uniformly so that a layer of this weight keeps the variance of its input (He
// et al., arXiv 1502.01852). fanMode is "fan_in", which keeps it forwards, or "fan_out", backwards. nonLinearity is
// what follows the layer: linear (and convN, conv_transposeN), sigmoid, tanh, relu, selu, or leaky_relu of negative slope a.
func KaimingUniform(input *torch.Tensor, a float64, fanMode string, nonLinearity string) {
	const op = "kaiming uniform"
	fanIn, fanOut := CalculateFanInAndFanOut(*input)
	var fan int64
	switch fanMode {
	case "fan_in":
		fan = fanIn
	case "fan_out":
		fan = fanOut
	default:
		fail(op, "fan mode %q, want fan_in or fan_out", fanMode)
	}
	if fan == 0 {
		return // a weight without elements
	}
	bound := gain(op, nonLinearity, a) * math.Sqrt(3/float64(fan))
	Uniform(input, -bound, bound)
}

// XavierUniform draws input's elements uniformly with a variance between the two that KaimingUniform gives for a
// linear layer (Glorot and Bengio 2010), times gain squared.
func XavierUniform(input *torch.Tensor, gain float64) {
	bound := gain * math.Sqrt(6/fans(*input))
	Uniform(input, -bound, bound)
}

// XavierNormal is XavierUniform with a normal distribution of that variance.
func XavierNormal(input *torch.Tensor, gain float64) {
	Normal(input, 0, gain*math.Sqrt(2/fans(*input)))
}

// fans is the sum of both fans, at least 1 so that an empty weight does no harm.
func fans(t torch.Tensor) float64 {
	fanIn, fanOut := CalculateFanInAndFanOut(t)
	return math.Max(1, float64(fanIn+fanOut))
}

// CalculateFanInAndFanOut returns how many inputs one output of a layer with this weight sums, and how many outputs one
// input goes to. The weight has at least 2 dimensions: outputs, inputs, and those of the kernel.
func CalculateFanInAndFanOut(input torch.Tensor) (int64, int64) {
	shape := input.Shape()
	if len(shape) < 2 {
		fail("fan in and fan out", "shape %v, want at least 2 dimensions", shape)
	}
	kernel := int64(1)
	for _, n := range shape[2:] {
		kernel *= n
	}
	return shape[1] * kernel, shape[0] * kernel
}

// gain is by how much a non-linearity shrinks the standard deviation of its input, inverted.
func gain(op, nonLinearity string, a float64) float64 {
	switch nonLinearity {
	case "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid":
		return 1
	case "tanh":
		return 5.0 / 3
	case "relu":
		return math.Sqrt2
	case "leaky_relu":
		return math.Sqrt(2 / (1 + a*a))
	case "selu":
		return 3.0 / 4
	}
	fail(op, "non-linearity %q is unknown", nonLinearity)
	return 0
}

func fail(op, format string, args ...any) {
	panic(&torch.Error{Op: op, Msg: fmt.Sprintf(format, args...), Err: torch.ErrTorch})
}
