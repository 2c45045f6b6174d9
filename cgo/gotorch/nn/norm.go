package nn

import (
	torch "github.com/wangkuiyi/gotorch"
	F "github.com/wangkuiyi/gotorch/nn/functional"
)

// BatchNorm2dModule normalises each channel of a batch of images.
type BatchNorm2dModule struct {
	Module
	NumFeatures       int64
	Eps               float64
	Momentum          float64
	Affine            bool
	TrackRunningStats bool
	Weight            torch.Tensor // [NumFeatures], nil unless Affine
	Bias              torch.Tensor // [NumFeatures], nil unless Affine
	RunningMean       torch.Tensor `gotorch:"buffer"` // [NumFeatures], nil unless TrackRunningStats
	RunningVar        torch.Tensor `gotorch:"buffer"` // [NumFeatures], nil unless TrackRunningStats
}

// BatchNorm2d makes a batch normalisation of numFeatures channels. PyTorch's defaults are eps 1e-5, momentum 0.1,
// affine and trackRunningStats true.
func BatchNorm2d(numFeatures int64, eps, momentum float64, affine, trackRunningStats bool) *BatchNorm2dModule {
	b := &BatchNorm2dModule{
		NumFeatures: numFeatures, Eps: eps, Momentum: momentum, Affine: affine, TrackRunningStats: trackRunningStats,
	}
	b.Init(b)
	shape := []int64{numFeatures}
	if affine {
		b.Weight, b.Bias = torch.Full(shape, 1, true), torch.Full(shape, 0, true)
	}
	if trackRunningStats {
		b.RunningMean, b.RunningVar = torch.Full(shape, 0, false), torch.Full(shape, 1, false)
	}
	return b
}

// Forward takes x [B, NumFeatures, H, W] to the same shape. In training, and without running statistics, it uses
// those of the batch.
func (b *BatchNorm2dModule) Forward(x torch.Tensor) torch.Tensor {
	training := b.IsTraining() || !b.TrackRunningStats
	return F.BatchNorm(x, b.RunningMean, b.RunningVar, b.Weight, b.Bias, training, b.Momentum, b.Eps)
}

// LayerNormModule normalises over the last dimensions.
type LayerNormModule struct {
	Module
	Shape  []int64
	Eps    float64
	Weight torch.Tensor // Shape
	Bias   torch.Tensor // Shape
}

// LayerNorm makes a normalisation over last dimensions of the given shape, with PyTorch's eps of 1e-5.
func LayerNorm(shape ...int64) *LayerNormModule {
	l := &LayerNormModule{Shape: shape, Eps: 1e-5}
	l.Init(l)
	l.Weight, l.Bias = torch.Full(shape, 1, true), torch.Full(shape, 0, true)
	return l
}

// Forward takes x [..., Shape] to the same shape.
func (l *LayerNormModule) Forward(x torch.Tensor) torch.Tensor {
	l.initialised()
	return F.LayerNorm(x, l.Shape, l.Weight, l.Bias, l.Eps)
}
