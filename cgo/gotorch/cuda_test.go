package gotorch_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

// gpu is the first CUDA device; the test is skipped where there is none.
func gpu(t *testing.T) torch.Device {
	t.Helper()
	leaktest.OnCUDA(t)
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

// Sums of table rows and their gradients are those of the CPU, for a table that fits a block's memory and for a larger one.
func TestCUDAEmbeddings(t *testing.T) {
	d := gpu(t)
	s := torch.NewScope()
	defer s.Close()
	for _, size := range [][2]int64{{7, 5}, {60, 32}, {3000, 100}} {
		const bags, n = 700, 4
		index := make([]int64, bags*n)
		for i := range index {
			index[i] = int64(i*i) % size[0] // some rows often
		}
		values := s.Adopt(torch.RandN(size[:], false))
		scale := s.Adopt(torch.RandN([]int64{bags, size[1]}, false))
		run := func(d torch.Device) (sums, rows, grad []float64) {
			weight := s.Adopt(values.To(d).Detach()).SetRequiresGrad(true)
			i := ints(s, []int64{bags, n}, index...).To(d)
			sum, row := torch.EmbeddingBagSum(weight, i), torch.Embedding(weight, i.Select(1, 2))
			torch.Mul(torch.Add(sum, row, 1), scale.To(d)).Sum().Backward()
			return sum.Float64s(), row.Float64s(), s.Adopt(weight.Grad()).Float64s()
		}
		wantSums, wantRows, wantGrad := run(torch.Device{})
		sums, rows, grad := run(d)
		for name, c := range map[string][2][]float64{"sums": {sums, wantSums}, "rows": {rows, wantRows}, "gradient": {grad, wantGrad}} {
			for i, want := range c[1] {
				if far(c[0][i], want, 1e-4*(1+math.Abs(want))) { // a gradient is a sum of hundreds in float32
					t.Fatalf("table %v: %s: number %d is %g, want %g", size, name, i, c[0][i], want)
				}
			}
		}
	}
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
