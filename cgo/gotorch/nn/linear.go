package nn

import (
	"math"

	torch "github.com/wangkuiyi/gotorch"
	F "github.com/wangkuiyi/gotorch/nn/functional"
	"github.com/wangkuiyi/gotorch/nn/initializer"
)

// LinearModule computes x W^T + b.
type LinearModule struct {
	Module
	InFeatures  int64
	OutFeatures int64
	Weight      torch.Tensor // [OutFeatures, InFeatures]
	Bias        torch.Tensor // [OutFeatures], nil without bias
}

// Linear makes a layer from in to out features.
func Linear(in, out int64, bias bool) *LinearModule {
	l := &LinearModule{InFeatures: in, OutFeatures: out}
	l.Init(l)
	l.Weight, l.Bias = kaiming(out, bias, out, in)
	return l
}

// Forward takes x [..., InFeatures] to [..., OutFeatures].
func (l *LinearModule) Forward(x torch.Tensor) torch.Tensor {
	l.initialised()
	return F.Linear(x, l.Weight, l.Bias)
}

// kaiming makes the weight and bias that PyTorch gives linear and convolution layers: both uniform within
// 1 / sqrt(fan in), the values that one output sums.
func kaiming(biases int64, withBias bool, shape ...int64) (weight, bias torch.Tensor) {
	weight = torch.Empty(shape, true)
	initializer.KaimingUniform(&weight, math.Sqrt(5), "fan_in", "leaky_relu")
	if withBias {
		fanIn, _ := initializer.CalculateFanInAndFanOut(weight)
		bias = torch.Empty([]int64{biases}, true)
		if fanIn > 0 {
			bound := 1 / math.Sqrt(float64(fanIn))
			initializer.Uniform(&bias, -bound, bound)
		} else {
			initializer.Zeros(&bias)
		}
	}
	return weight, bias
}
