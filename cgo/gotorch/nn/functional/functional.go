// Package functional holds the operations of neural networks that need no module: convolution, pooling,
// normalisation, losses.
//
// Operands that may be absent are zero Tensors. A failing operation panics with a *gotorch.Error. Results belong to the
// scope of their operands.
package functional

import (
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/libtorch"
)

// Linear returns input weight^T + bias: input [..., I], weight [O, I], bias [O] or absent.
func Linear(input, weight, bias torch.Tensor) torch.Tensor {
	return torch.Must(libtorch.Linear(input.T, weight.T, bias.T))
}

// Conv1d convolves input [B, C, L] with weight [O, C/groups, k] and adds bias [O] or none. Both ends of the input are
// padded with padding zeros.
func Conv1d(input, weight, bias torch.Tensor, stride, padding, dilation, groups int64) torch.Tensor {
	return torch.Must(libtorch.Conv1d(input.T, weight.T, bias.T, stride, padding, dilation, groups))
}

// Conv2d convolves input [B, C, H, W] with weight [O, C/groups, kh, kw] and adds bias [O] or none. The lists hold the
// value for height and that for width, or one for both.
func Conv2d(input, weight, bias torch.Tensor, stride, padding, dilation []int64, groups int64) torch.Tensor {
	const op = "conv2d"
	return torch.Must(libtorch.Conv2d(input.T, weight.T, bias.T, libtorch.Conv2dParams{
		Stride:   pair(op, "stride", stride),
		Padding:  pair(op, "padding", padding),
		Dilation: pair(op, "dilation", dilation),
		Groups:   groups,
	}))
}

// ConvTranspose2d is the gradient of Conv2d by its input: input [B, C, H, W], weight [C, O/groups, kh, kw], bias [O] or
// absent. outputPadding makes one side of the output larger, since several input sizes give one output size in Conv2d.
func ConvTranspose2d(
	input, weight, bias torch.Tensor, stride, padding, outputPadding []int64, groups int64, dilation []int64,
) torch.Tensor {
	const op = "conv transpose2d"
	return torch.Must(libtorch.ConvTranspose2d(input.T, weight.T, bias.T, libtorch.Conv2dParams{
		Stride:        pair(op, "stride", stride),
		Padding:       pair(op, "padding", padding),
		OutputPadding: pair(op, "output padding", outputPadding),
		Dilation:      pair(op, "dilation", dilation),
		Groups:        groups,
	}))
}

// MaxPool2d takes the largest value of each window of input [B, C, H, W]. An empty stride is that of the kernel; with
// ceilMode windows may begin inside the input and end outside.
func MaxPool2d(input torch.Tensor, kernelSize, stride, padding, dilation []int64, ceilMode bool) torch.Tensor {
	const op = "max pool2d"
	if len(stride) == 0 {
		stride = kernelSize
	}
	return torch.Must(libtorch.MaxPool2d(input.T, libtorch.Pool2dParams{
		Kernel:   pair(op, "kernel size", kernelSize),
		Stride:   pair(op, "stride", stride),
		Padding:  pair(op, "padding", padding),
		Dilation: pair(op, "dilation", dilation),
		CeilMode: ceilMode,
	}))
}

// AdaptiveAvgPool2d averages input [B, C, H, W] down to [B, C, height, width]; outputSize holds both or one for both.
func AdaptiveAvgPool2d(input torch.Tensor, outputSize []int64) torch.Tensor {
	size := pair("adaptive avg pool2d", "output size", outputSize)
	return torch.Must(libtorch.AdaptiveAvgPool2d(input.T, size[0], size[1]))
}

// BatchNorm normalises each channel of input [B, C, ...], scales by weight [C] and adds bias [C], each or both absent.
// In training it uses the batch's mean and variance and moves the running ones, [C] or absent, by momentum towards
// them; else it uses the running ones.
func BatchNorm(
	input, runningMean, runningVar, weight, bias torch.Tensor, training bool, momentum, eps float64,
) torch.Tensor {
	return torch.Must(libtorch.BatchNorm(input.T, weight.T, bias.T, runningMean.T, runningVar.T, training, momentum, eps))
}

// LayerNorm normalises input over its last dimensions, which have the given shape, scales by weight and adds bias, of
// that shape or absent.
func LayerNorm(input torch.Tensor, shape []int64, weight, bias torch.Tensor, eps float64) torch.Tensor {
	return torch.Must(libtorch.LayerNorm(input.T, shape, weight.T, bias.T, eps))
}

// Embedding looks indices [...] up in weight [N, D]: the result is [..., D].
func Embedding(indices, weight torch.Tensor) torch.Tensor {
	return torch.Must(libtorch.Embedding(weight.T, indices.T))
}

// EmbeddingBag sums, for each row of indices [B, n], those rows of weight [N, D]: the result is [B, D].
func EmbeddingBag(indices, weight torch.Tensor) torch.Tensor {
	return torch.Must(libtorch.EmbeddingBagSum(weight.T, indices.T))
}

// LogSoftmax is the logarithm of the softmax along dim.
func LogSoftmax(input torch.Tensor, dim int64) torch.Tensor { return input.LogSoftmax(dim) }

// Relu is max(input, 0). In place it changes input, and returns it.
func Relu(input torch.Tensor, inplace bool) torch.Tensor {
	if inplace {
		return input.ReluI()
	}
	return input.Relu()
}

// LeakyRelu is input where positive, else negativeSlope * input. In place it changes input, and returns it.
func LeakyRelu(input torch.Tensor, negativeSlope float64, inplace bool) torch.Tensor {
	if inplace {
		torch.Check(libtorch.LeakyReluI(input.T, negativeSlope))
		return input
	}
	return input.LeakyRelu(negativeSlope)
}

// GELU is input times the standard normal distribution function of input.
func GELU(input torch.Tensor) torch.Tensor { return input.Gelu() }

// Dropout sets elements to zero with probability p and divides the others by 1 - p; without training it changes
// nothing.
func Dropout(input torch.Tensor, p float64, training bool) torch.Tensor {
	return torch.Dropout(input, p, training)
}

// pair reads a list of one value for both dimensions or one for each.
func pair(op, what string, v []int64) [2]int64 {
	switch len(v) {
	case 1:
		return [2]int64{v[0], v[0]}
	case 2:
		return [2]int64{v[0], v[1]}
	}
	fail(op, torch.ErrShape, "%s %v, want 1 or 2 values", what, v)
	return [2]int64{}
}
