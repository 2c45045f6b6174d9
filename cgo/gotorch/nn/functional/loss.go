package functional

import (
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/libtorch"
)

// NllLoss is minus the log probability that input [B, C] gives each class of target [B] (int64), times that class's
// weight [C] if present. Rows whose target is ignoreIndex count for nothing. reduction is "none" for [B], "sum", or
// "mean", the sum divided by the sum of weights.
func NllLoss(input, target, weight torch.Tensor, ignoreIndex int64, reduction string) torch.Tensor {
	return torch.Must(libtorch.NLLLoss(input.T, target.T, weight.T, reductionOf("nll loss", reduction), ignoreIndex))
}

// CrossEntropy is NllLoss of the log softmax of input [B, C], with the same arguments.
func CrossEntropy(input, target, weight torch.Tensor, ignoreIndex int64, reduction string) torch.Tensor {
	return torch.Must(libtorch.CrossEntropy(input.T, target.T, weight.T, reductionOf("cross entropy", reduction), ignoreIndex))
}

// BinaryCrossEntropy is minus the log probability of target, 0 to 1, under the probabilities of input, elementwise,
// times weight if present. A log below -100 is taken for -100. reduction is "none", "sum" or "mean".
func BinaryCrossEntropy(input, target, weight torch.Tensor, reduction string) torch.Tensor {
	return torch.Must(libtorch.BinaryCrossEntropy(input.T, target.T, weight.T, reductionOf("binary cross entropy", reduction)))
}

// MixtureBinNLL returns minus the log probability, in nats, of each row's bin under that row's mixture of K normals:
//
//	-log sum_k softmax(logits)_k (Phi((hi - mean_k) / sd_k) - Phi((lo - mean_k) / sd_k)),  sd_k = exp(logSD_k)
//
//	logits [B, K]  unnormalised log weights, K up to 64
//	mean   [B, K]  in the unit of the bins
//	logSD  [B, K]  natural log of the standard deviation
//	lo, hi [B]     ends of the bin, lo < hi; lo may be -Inf and hi +Inf
//	result [B]     float32
//
// It computes in float32 and stays in log space, so that the loss and its gradients to logits, mean and logSD hold to
// about 1e-6 of their size for bins of any width and at any distance from the means. NaN in gives NaN out, hi < lo gives
// NaN, and a bin without width +Inf. The gradient cannot be differentiated again.
func MixtureBinNLL(logits, mean, logSD, lo, hi torch.Tensor) torch.Tensor {
	return torch.Must(libtorch.MixtureBinNLL(logits.T, mean.T, logSD.T, lo.T, hi.T))
}

func reductionOf(op, name string) libtorch.Reduction {
	switch name {
	case "none":
		return libtorch.ReductionNone
	case "mean":
		return libtorch.ReductionMean
	case "sum":
		return libtorch.ReductionSum
	}
	fail(op, torch.ErrTorch, "reduction %q, want none, mean or sum", name)
	return 0
}
