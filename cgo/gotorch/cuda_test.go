package gotorch_test

import (
	"errors"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

// gpu is the first CUDA device; the test is skipped where there is none.
func gpu(t *testing.T) torch.Device {
	t.Helper()
	if !torch.IsCUDAAvailable() {
		t.Skip("no CUDA device")
	}
	leaktest.Check(t)
	info := torch.CUDADevices()[0]
	if info.Name == "" || info.TotalMemory <= 0 || info.FreeMemory > info.TotalMemory {
		t.Errorf("device %+v", info)
	}
	return info.Device
}

func TestCUDAStreamsAndEvents(t *testing.T) {
	d := gpu(t)
	s := torch.NewScope()
	defer s.Close()
	side := torch.NewCUDAStream(d)
	begin, end := torch.NewCUDAEvent(true), torch.NewCUDAEvent(true)
	defer begin.Close()
	defer end.Close()
	host := s.Adopt(torch.FromFloat32([]float32{1, 2, 3})).PinMemory()
	var sum T
	torch.WithStream(side, func() {
		if torch.GetCurrentCUDAStream(d) != side {
			t.Error("stream is not current inside WithStream")
		}
		begin.Record(side)
		x := host.CUDA(d, true)
		x.RecordStream(side)
		sum = x.Sum()
		end.Record(side)
	})
	if torch.GetCurrentCUDAStream(d) == side {
		t.Error("stream is current after WithStream")
	}
	end.Wait(torch.GetCurrentCUDAStream(d))
	end.Synchronize()
	side.Synchronize()
	if !end.Query() || !side.Query() || begin.ElapsedMS(end) < 0 {
		t.Error("work is not done after synchronising")
	}
	if got := sum.Float64(); got != 6 {
		t.Errorf("sum %g, want 6", got)
	}
}

// A replay computes with what the recorded tensors hold by then.
func TestCUDAGraph(t *testing.T) {
	d := gpu(t)
	s := torch.NewScope()
	defer s.Close()
	x := s.Adopt(torch.FullOn([]int64{4}, 1, torch.Float, d))
	y := s.Adopt(torch.Zeros([]int64{4}, torch.Float, d))
	work := func() { y.CopyI(x.MulScalar(2).AddScalar(1)) }
	torch.NoGrad(func() {
		work()
		g := torch.NewCUDAGraph()
		defer g.Close()
		g.Capture(torch.NewCUDAStream(d), work)
		for _, v := range []float64{5, -1} {
			x.FillI(v)
			g.Replay()
			d.Synchronize()
			if got := y.Float64s(); !slices.Equal(got, []float64{2*v + 1, 2*v + 1, 2*v + 1, 2*v + 1}) {
				t.Errorf("replay with %g: %v", v, got)
			}
		}
		a := s.Adopt(torch.FullOn([]int64{2, 3}, 1, torch.Float, d))
		failed := torch.NewCUDAGraph()
		defer failed.Close()
		err := torch.Try(func() { failed.Capture(torch.NewCUDAStream(d), func() { torch.MM(a, a) }) })
		if !errors.Is(err, torch.ErrShape) {
			t.Errorf("failing capture: got error %v, want %v", err, torch.ErrShape)
		}
	})
}

func TestCUDATraining(t *testing.T) {
	d := gpu(t)
	s := torch.NewScope()
	defer s.Close()
	weight := s.Adopt(torch.RandN([]int64{50, 8}, false)).To(d).Detach().SetRequiresGrad(true)
	index := ints(s, []int64{3, 2}, 1, 2, 3, 4, 5, 5).To(d)
	opt := torch.AdamW(0.1, 0.9, 0.99, 1e-8, 0)
	defer opt.Close()
	opt.AddParameters([]T{weight})
	before := weight.Float64s()
	torch.Autocast(d, torch.BFloat16, func() {
		torch.EmbeddingBagSum(weight, index).Square().Mean().Backward()
	})
	torch.ClipGradNorm([]T{weight}, 1)
	opt.Step()
	if slices.Equal(before, weight.Float64s()) {
		t.Error("a step changed nothing")
	}
	state := torch.RNGState(d)
	if err := torch.SetRNGState(d, state); err != nil {
		t.Error(err)
	}
	if allocated, reserved := torch.CUDAMemory(d); allocated <= 0 || reserved < allocated {
		t.Errorf("%d bytes given out, %d held", allocated, reserved)
	}
	torch.CUDAEmptyCache()
	if err := torch.Try(func() { torch.EmptyOn([]int64{1 << 44}, torch.Float, d) }); !errors.Is(err, torch.ErrOutOfMemory) {
		t.Errorf("got error %v, want %v", err, torch.ErrOutOfMemory)
	}
	if err := torch.Try(func() { torch.Add(weight, s.Adopt(torch.Ones([]int64{8}, false)), 1) }); !errors.Is(err, torch.ErrDevice) {
		t.Errorf("got error %v, want %v", err, torch.ErrDevice)
	}
}
