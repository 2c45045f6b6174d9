package nn

import (
	"runtime"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	F "github.com/wangkuiyi/gotorch/nn/functional"
	"github.com/wangkuiyi/gotorch/nn/initializer"
)

// These programs are written as for the gotorch of 2020: no scope, tensors dropped where they stand, GC between steps. They
// follow testdata/make_reference.py, and their losses are PyTorch's.

func dropAll(t *testing.T) {
	live := torch.LiveHandles()
	t.Cleanup(func() {
		torch.FinishGC()
		if got := torch.LiveHandles(); got > live {
			t.Errorf("tensors alive after FinishGC: %d, want at most %d", got, live)
		}
	})
}

// mlp is a module in the old style.
type mlp struct {
	Module
	L1, L2 *LinearModule
}

func newMLP() *mlp {
	m := &mlp{L1: Linear(4, 16, true), L2: Linear(16, 3, true)}
	m.Init(m)
	return m
}

func (m *mlp) Forward(x torch.Tensor) torch.Tensor { return m.L2.Forward(torch.Tanh(m.L1.Forward(x))) }

func TestOldProgramTrainsMLP(t *testing.T) {
	dropAll(t)
	want := readReference(t).MLP
	initializer.ManualSeed(1)
	net := newMLP()
	opt := torch.Adam(0.01, 0.9, 0.999, 0)
	opt.AddParameters(net.Parameters())
	x := torch.View(torch.Arange(0, 48, 1, false).Sin(), 12, 4)
	y := torch.NewTensor([]int64{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2})
	var losses []float32
	for range 30 {
		loss := F.CrossEntropy(net.Forward(x), y, torch.Tensor{}, -100, "mean")
		opt.ZeroGrad()
		loss.Backward()
		opt.Step()
		losses = append(losses, loss.Item().(float32))
		torch.GC()
	}
	opt.Close()
	near(t, "loss", losses, want.Losses, 1e-5)                      // another order of float32 sums
	near(t, "weight", net.L2.Weight.Float32s(), want.Weights, 1e-4) // the same, through 30 steps of Adam
	runtime.KeepAlive(net)
}

// convNet uses every layer for images.
type convNet struct {
	Module
	Conv *Conv2dModule
	Norm *BatchNorm2dModule
	Up   *ConvTranspose2dModule
	Out  *LinearModule
}

func (n *convNet) Forward(x torch.Tensor) torch.Tensor {
	x = F.LeakyRelu(n.Norm.Forward(n.Conv.Forward(x)), 0.1, false)
	x = F.Relu(n.Up.Forward(x), true)
	x = F.MaxPool2d(x, []int64{2, 2}, []int64{2, 2}, []int64{0, 0}, []int64{1, 1}, false)
	x = F.AdaptiveAvgPool2d(x, []int64{2, 2})
	return F.LogSoftmax(n.Out.Forward(torch.Flatten(x, 1, -1)), 1)
}

func TestOldProgramTrainsConvNet(t *testing.T) {
	dropAll(t)
	want := readReference(t).ConvNet
	initializer.ManualSeed(2)
	net := &convNet{
		Conv: Conv2d(1, 4, 3, 2, 1, 1, 1, false, "zeros"),
		Norm: BatchNorm2d(4, 1e-5, 0.1, true, true),
		Up:   ConvTranspose2d(4, 2, 2, 2, 0, 0, 1, true, 1, "zeros"),
		Out:  Linear(8, 2, true),
	}
	net.Init(net)
	opt := torch.SGD(0.05, 0.9, 0, 0.01, true)
	opt.AddParameters(net.Parameters())
	x := torch.Arange(0, 6*64, 1, false).Cos().View(6, 1, 8, 8)
	y := torch.NewTensor([]int64{0, 1, 0, 1, 0, 1})
	var losses []float32
	for range 20 {
		loss := F.NllLoss(net.Forward(x), y, torch.Tensor{}, -100, "mean")
		opt.ZeroGrad()
		loss.Backward()
		opt.Step()
		losses = append(losses, loss.Item().(float32))
		torch.GC()
	}
	opt.Close()
	near(t, "loss", losses, want.Losses, 1e-5)
	near(t, "running mean", net.Norm.RunningMean.Float32s(), want.RunningMean, 1e-5)
	near(t, "running variance", net.Norm.RunningVar.Float32s(), want.RunningVar, 1e-5)
	net.Train(false)
	near(t, "evaluation", net.Forward(x).Float32s(), want.Evaluation, 1e-4)
}
