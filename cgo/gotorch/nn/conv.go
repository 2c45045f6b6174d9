package nn

import (
	torch "github.com/wangkuiyi/gotorch"
	F "github.com/wangkuiyi/gotorch/nn/functional"
)

// Conv1dModule convolves along the last dimension.
type Conv1dModule struct {
	Module
	InChannels  int64
	OutChannels int64
	KernelSize  int64
	Stride      int64
	Padding     int64
	Dilation    int64
	Groups      int64
	Weight      torch.Tensor // [OutChannels, InChannels/Groups, KernelSize]
	Bias        torch.Tensor // [OutChannels], nil without bias
}

// Conv1d makes a convolution; the input is padded with zeros on both sides.
func Conv1d(inChannels, outChannels, kernelSize, stride, padding, dilation, groups int64, bias bool) *Conv1dModule {
	checkGroups("conv1d", inChannels, outChannels, groups)
	c := &Conv1dModule{
		InChannels: inChannels, OutChannels: outChannels, KernelSize: kernelSize, Stride: stride, Padding: padding,
		Dilation: dilation, Groups: groups,
	}
	c.Init(c)
	c.Weight, c.Bias = kaiming(outChannels, bias, outChannels, inChannels/groups, kernelSize)
	return c
}

// Forward takes x [B, InChannels, L] to [B, OutChannels, L'].
func (c *Conv1dModule) Forward(x torch.Tensor) torch.Tensor {
	c.initialised()
	return F.Conv1d(x, c.Weight, c.Bias, c.Stride, c.Padding, c.Dilation, c.Groups)
}

// Conv2dModule convolves along the last two dimensions.
type Conv2dModule struct {
	Module
	InChannels  int64
	OutChannels int64
	KernelSize  int64
	Stride      int64
	Padding     int64
	Dilation    int64
	Groups      int64
	PaddingMode string       // "zeros" is the only one
	Weight      torch.Tensor // [OutChannels, InChannels/Groups, KernelSize, KernelSize]
	Bias        torch.Tensor // [OutChannels], nil without bias
}

// Conv2d makes a convolution with a square kernel.
func Conv2d(
	inChannels, outChannels, kernelSize, stride, padding, dilation, groups int64, bias bool, paddingMode string,
) *Conv2dModule {
	checkGroups("conv2d", inChannels, outChannels, groups)
	checkPaddingMode("conv2d", paddingMode)
	c := &Conv2dModule{
		InChannels: inChannels, OutChannels: outChannels, KernelSize: kernelSize, Stride: stride, Padding: padding,
		Dilation: dilation, Groups: groups, PaddingMode: paddingMode,
	}
	c.Init(c)
	c.Weight, c.Bias = kaiming(outChannels, bias, outChannels, inChannels/groups, kernelSize, kernelSize)
	return c
}

// Forward takes x [B, InChannels, H, W] to [B, OutChannels, H', W'].
func (c *Conv2dModule) Forward(x torch.Tensor) torch.Tensor {
	c.initialised()
	return F.Conv2d(x, c.Weight, c.Bias, []int64{c.Stride}, []int64{c.Padding}, []int64{c.Dilation}, c.Groups)
}

// ConvTranspose2dModule is the gradient of a 2-D convolution by its input; it makes images larger.
type ConvTranspose2dModule struct {
	Module
	InChannels  int64
	OutChannels int64
	KernelSize  int64
	Stride      int64
	Padding     int64
	OutPadding  int64
	Groups      int64
	Dilation    int64
	PaddingMode string       // "zeros" is the only one
	Weight      torch.Tensor // [InChannels, OutChannels/Groups, KernelSize, KernelSize]
	Bias        torch.Tensor // [OutChannels], nil without bias
}

// ConvTranspose2d makes a transposed convolution with a square kernel.
func ConvTranspose2d(
	inChannels, outChannels, kernelSize, stride, padding, outPadding, groups int64, bias bool, dilation int64,
	paddingMode string,
) *ConvTranspose2dModule {
	checkGroups("conv transpose2d", inChannels, outChannels, groups)
	checkPaddingMode("conv transpose2d", paddingMode)
	c := &ConvTranspose2dModule{
		InChannels: inChannels, OutChannels: outChannels, KernelSize: kernelSize, Stride: stride, Padding: padding,
		OutPadding: outPadding, Groups: groups, Dilation: dilation, PaddingMode: paddingMode,
	}
	c.Init(c)
	c.Weight, c.Bias = kaiming(outChannels, bias, inChannels, outChannels/groups, kernelSize, kernelSize)
	return c
}

// Forward takes x [B, InChannels, H, W] to [B, OutChannels, H', W'].
func (c *ConvTranspose2dModule) Forward(x torch.Tensor) torch.Tensor {
	c.initialised()
	return F.ConvTranspose2d(x, c.Weight, c.Bias, []int64{c.Stride}, []int64{c.Padding}, []int64{c.OutPadding},
		c.Groups, []int64{c.Dilation})
}

func checkGroups(op string, in, out, groups int64) {
	if groups < 1 || in%groups != 0 || out%groups != 0 {
		fail(op, "%d groups, want a divisor of %d input and %d output channels", groups, in, out)
	}
}

func checkPaddingMode(op, mode string) {
	if mode != "zeros" {
		fail(op, "padding mode %q, want \"zeros\"", mode)
	}
}
