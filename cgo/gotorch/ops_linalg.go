package gotorch

import "github.com/wangkuiyi/gotorch/libtorch"

// Matmul is the product of vectors, matrices or batches of matrices, by the shapes of a and b.
func Matmul(a, b Tensor) Tensor { return binary(libtorch.Matmul, a, b) }

// MM is the product of two matrices.
func MM(a, b Tensor) Tensor { return binary(libtorch.MM, a, b) }

// Bmm is the product of two batches of matrices.
func Bmm(a, b Tensor) Tensor { return binary(libtorch.Bmm, a, b) }

// Addmm is bias + a @ b of matrices; bias is broadcast.
func Addmm(bias, a, b Tensor) Tensor { return Must(libtorch.Addmm(bias.T, a.T, b.T)) }

// BAddBmm is bias + a @ b of batches of matrices; bias is broadcast.
func BAddBmm(bias, a, b Tensor) Tensor { return Must(libtorch.BAddBmm(bias.T, a.T, b.T)) }

// Linear is x @ weight^T + bias.
//
//	x      [..., in]
//	weight [out, in]
//	bias   [out], or nil
//	result [..., out]
func Linear(x, weight, bias Tensor) Tensor { return Must(libtorch.Linear(x.T, weight.T, bias.T)) }

// LayerNorm is (x - mean) / sqrt(variance + eps) * weight + bias over the last dimension, of length n; weight and bias,
// [n], may be nil.
func LayerNorm(x, weight, bias Tensor, n int64, eps float64) Tensor {
	return Must(libtorch.LayerNorm(x.T, []int64{n}, weight.T, bias.T, eps))
}

// RMSNorm is x / sqrt(mean(x*x) + eps) * weight over the last dimension, of length n; weight [n] may be nil.
func RMSNorm(x, weight Tensor, n int64, eps float64) Tensor {
	return Must(libtorch.RMSNorm(x.T, []int64{n}, weight.T, eps))
}

// Conv1d is the cross-correlation along the last dimension.
//
//	x      [B, C, L]
//	weight [O, C/groups, K]
//	bias   [O], or nil
//	result [B, O, (L + 2*padding - dilation*(K-1) - 1)/stride + 1]
func Conv1d(x, weight, bias Tensor, stride, padding, dilation, groups int64) Tensor {
	return Must(libtorch.Conv1d(x.T, weight.T, bias.T, stride, padding, dilation, groups))
}

// MaxPool1d is the largest element of each window of length kernel along the last dimension.
func MaxPool1d(x Tensor, kernel, stride, padding, dilation int64, ceilMode bool) Tensor {
	return Must(libtorch.MaxPool1d(x.T, kernel, stride, padding, dilation, ceilMode))
}
