package libtorch

// #include "nn.h"
import "C"

import "runtime"

// Conv2dParams are the sizes of a 2-D convolution, height before width. OutputPadding is that of the transposed one.
type Conv2dParams struct {
	Stride, Padding, Dilation, OutputPadding [2]int64
	Groups                                   int64
}

func pair(v [2]int64) [2]C.int64_t { return [2]C.int64_t{C.int64_t(v[0]), C.int64_t(v[1])} }

func (p Conv2dParams) c() C.st_conv2d_params {
	return C.st_conv2d_params{pair(p.Stride), pair(p.Padding), pair(p.Dilation), pair(p.OutputPadding), C.int64_t(p.Groups)}
}

// Conv2d convolves input [B, C, H, W] with weight [O, C/groups, kh, kw]; bias may be nil.
func Conv2d(input, weight, bias *Handle, p Conv2dParams) (*Handle, error) {
	out := result(input, weight, bias)
	cp := p.c()
	msg := C.st_conv2d(&out.p, input.ptr(), weight.ptr(), bias.ptr(), &cp)
	runtime.KeepAlive(input)
	runtime.KeepAlive(weight)
	runtime.KeepAlive(bias)
	return out.done("conv2d", msg)
}

// ConvTranspose2d is the gradient of Conv2d by its input: input [B, C, H, W], weight [C, O/groups, kh, kw]; bias may
// be nil.
func ConvTranspose2d(input, weight, bias *Handle, p Conv2dParams) (*Handle, error) {
	out := result(input, weight, bias)
	cp := p.c()
	msg := C.st_conv_transpose2d(&out.p, input.ptr(), weight.ptr(), bias.ptr(), &cp)
	runtime.KeepAlive(input)
	runtime.KeepAlive(weight)
	runtime.KeepAlive(bias)
	return out.done("conv transpose2d", msg)
}

// Pool2dParams are the sizes of a 2-D pooling, height before width.
type Pool2dParams struct {
	Kernel, Stride, Padding, Dilation [2]int64
	CeilMode                          bool
}

// MaxPool2d takes the largest of each window of input [B, C, H, W].
func MaxPool2d(input *Handle, p Pool2dParams) (*Handle, error) {
	out := result(input)
	cp := C.st_pool2d_params{
		kernel: pair(p.Kernel), stride: pair(p.Stride), padding: pair(p.Padding), dilation: pair(p.Dilation),
		ceil_mode: C.bool(p.CeilMode),
	}
	msg := C.st_max_pool2d(&out.p, input.ptr(), &cp)
	runtime.KeepAlive(input)
	return out.done("max pool2d", msg)
}

// AdaptiveAvgPool2d averages input [B, C, H, W] down to [B, C, height, width].
func AdaptiveAvgPool2d(input *Handle, height, width int64) (*Handle, error) {
	out := result(input)
	msg := C.st_adaptive_avg_pool2d(&out.p, input.ptr(), C.int64_t(height), C.int64_t(width))
	runtime.KeepAlive(input)
	return out.done("adaptive avg pool2d", msg)
}

// BatchNorm normalises each channel of input [B, C, ...], by the batch's statistics when training, and then updates
// the running ones in place, else by the running ones. All operands but input may be nil.
func BatchNorm(input, weight, bias, runningMean, runningVar *Handle, training bool, momentum, eps float64) (*Handle, error) {
	out := result(input, weight, bias)
	msg := C.st_batch_norm(&out.p, input.ptr(), weight.ptr(), bias.ptr(), runningMean.ptr(), runningVar.ptr(),
		C.bool(training), C.double(momentum), C.double(eps))
	for _, h := range []*Handle{input, weight, bias, runningMean, runningVar} {
		runtime.KeepAlive(h)
	}
	return out.done("batch norm", msg)
}

// Reduction is how a loss over many elements becomes the result.
type Reduction C.st_reduction

// The reductions.
const (
	ReductionNone Reduction = C.ST_REDUCTION_NONE
	ReductionMean Reduction = C.ST_REDUCTION_MEAN
	ReductionSum  Reduction = C.ST_REDUCTION_SUM
)

// NLLLoss is minus the log probability [B, C] of each target [B]; weight [C] may be nil.
func NLLLoss(logProbabilities, target, weight *Handle, r Reduction, ignoreIndex int64) (*Handle, error) {
	out := result(logProbabilities, target)
	msg := C.st_nll_loss(&out.p, logProbabilities.ptr(), target.ptr(), weight.ptr(), C.st_reduction(r), C.int64_t(ignoreIndex))
	runtime.KeepAlive(logProbabilities)
	runtime.KeepAlive(target)
	runtime.KeepAlive(weight)
	return out.done("nll loss", msg)
}

// CrossEntropy is NLLLoss of the log softmax of logits [B, C]; weight [C] may be nil.
func CrossEntropy(logits, target, weight *Handle, r Reduction, ignoreIndex int64) (*Handle, error) {
	out := result(logits, target)
	msg := C.st_cross_entropy(&out.p, logits.ptr(), target.ptr(), weight.ptr(), C.st_reduction(r), C.int64_t(ignoreIndex))
	runtime.KeepAlive(logits)
	runtime.KeepAlive(target)
	runtime.KeepAlive(weight)
	return out.done("cross entropy", msg)
}

// BinaryCrossEntropy is minus the log probability of each target in 0 to 1, elementwise; weight may be nil.
func BinaryCrossEntropy(probabilities, target, weight *Handle, r Reduction) (*Handle, error) {
	out := result(probabilities, target)
	msg := C.st_binary_cross_entropy(&out.p, probabilities.ptr(), target.ptr(), weight.ptr(), C.st_reduction(r))
	runtime.KeepAlive(probabilities)
	runtime.KeepAlive(target)
	runtime.KeepAlive(weight)
	return out.done("binary cross entropy", msg)
}

// LeakyReluI multiplies the negative elements of h by slope in place.
func LeakyReluI(h *Handle, slope float64) error {
	msg := C.st_leaky_relu_inplace(h.ptr(), C.double(slope))
	runtime.KeepAlive(h)
	return check("leaky relu", msg)
}

// ManualSeed seeds the generators of the CPU and of every CUDA device.
func ManualSeed(seed uint64) error { return check("manual seed", C.st_manual_seed(C.uint64_t(seed))) }

// FillUniform draws every element of h from [low, high), unseen by autograd.
func FillUniform(h *Handle, low, high float64) error {
	msg := C.st_fill_uniform(h.ptr(), C.double(low), C.double(high))
	runtime.KeepAlive(h)
	return check("uniform", msg)
}

// FillNormal draws every element of h from a normal distribution, unseen by autograd.
func FillNormal(h *Handle, mean, std float64) error {
	msg := C.st_fill_normal(h.ptr(), C.double(mean), C.double(std))
	runtime.KeepAlive(h)
	return check("normal", msg)
}
