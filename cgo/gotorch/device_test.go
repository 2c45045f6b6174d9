package gotorch_test

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

// devices are those that this machine has.
func devices() []torch.Device {
	list := []torch.Device{{}}
	for _, info := range torch.CUDADevices() {
		list = append(list, info.Device)
	}
	return list
}

func TestDeviceNames(t *testing.T) {
	for name, want := range map[string]string{
		"cpu": "cpu", "cpu:0": "cpu", "cuda": "cuda", "cuda:0": "cuda:0", "cuda:7": "cuda:7",
		"": "", "cpu:1": "", "cuda:": "", "cuda:-1": "", "cuda:128": "", "cuda:x": "", "CUDA": "", "mps": "",
	} {
		d, err := torch.ParseDevice(name)
		if (err == nil) != (want != "") || err != nil && !errors.Is(err, torch.ErrDevice) {
			t.Errorf("%q: error %v", name, err)
		}
		if err == nil && (d.String() != want || torch.NewDevice(name) != d || d.IsCUDA() != (want[:2] == "cu")) {
			t.Errorf("%q: %s, want %s", name, d, want)
		}
	}
}

func TestMoveAndConvert(t *testing.T) {
	for _, d := range devices() {
		t.Run(d.String(), func(t *testing.T) {
			leaktest.Check(t)
			s := torch.NewScope()
			defer s.Close()
			a := s.Adopt(torch.FromFloat32([]float32{1.75, -2}))
			for name, b := range map[string]T{
				"To": a.To(d), "To with a type": a.To(d, torch.Int), "To function": torch.To(a, d, torch.BFloat16),
				"CopyTo": a.CopyTo(d), "Move": a.Move(d, true), "CastTo": a.To(d).CastTo(torch.Double), "ToType": a.To(d).ToType(torch.Half),
				"Zeros": s.Adopt(torch.Zeros([]int64{2}, torch.Float, d)),
			} {
				d.Synchronize()
				if b.Device() != d || torch.DeviceOf(b) != d {
					t.Errorf("%s: on %s, want %s", name, b.Device(), d)
				}
				want := []float32{1.75, -2}
				switch name {
				case "To with a type":
					want = []float32{1, -2}
				case "Zeros":
					want = []float32{0, 0}
				}
				if got := b.Float32s(); !slices.Equal(got, want) {
					t.Errorf("%s: %v, want %v", name, got, want)
				}
			}
			if c := a.CopyTo(torch.Device{}); c.DataPtrNoCopy() == a.DataPtrNoCopy() {
				t.Error("CopyTo shares memory")
			}
			if c := a.To(torch.Device{}); c.DataPtrNoCopy() != a.DataPtrNoCopy() {
				t.Error("To the same device copies")
			}
		})
	}
}

func TestGeneratorState(t *testing.T) {
	leaktest.Check(t)
	draw := func() []float32 {
		a := torch.Rand([]int64{20}, false)
		defer a.Free()
		return a.Float32s()
	}
	torch.ManualSeed(7)
	draw()
	state := torch.RNGState(torch.Device{})
	first := draw()
	if slices.Equal(first, draw()) {
		t.Fatal("two draws are equal")
	}
	if err := torch.SetRNGState(torch.Device{}, state); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(torch.RNGState(torch.Device{}), state) {
		t.Error("state read back differs")
	}
	if got := draw(); !slices.Equal(got, first) {
		t.Errorf("draws after the state: %v, want %v", got, first)
	}
	for name, bad := range map[string][]byte{"nothing": nil, "cut": state[:len(state)-1], "zeros": make([]byte, 8)} {
		if err := torch.SetRNGState(torch.Device{}, bad); !errors.Is(err, torch.ErrTorch) {
			t.Errorf("state of %s: got error %v, want %v", name, err, torch.ErrTorch)
		}
	}
}

func TestGeneratorOfItsOwn(t *testing.T) {
	leaktest.Check(t)
	s := torch.NewScope()
	defer s.Close()
	ones := s.Adopt(torch.Ones([]int64{1000}, false))
	g := torch.NewRNG()
	defer g.Free()
	draw := func(seed uint64) []float32 {
		g.Seed(seed)
		return torch.DropoutBy(g, ones, 0.25, true).Float32s()
	}
	torch.ManualSeed(7)
	state := torch.RNGState(torch.Device{})
	first := draw(7)
	if slices.Equal(first, draw(8)) || !slices.Equal(first, draw(7)) {
		t.Error("draws do not depend on the seed alone")
	}
	if !bytes.Equal(torch.RNGState(torch.Device{}), state) {
		t.Error("libtorch's generator has moved")
	}
	kept := 0
	for _, v := range first {
		if v != 0 {
			kept++
			if v < 1.33333 || v > 1.33334 {
				t.Fatalf("kept element: got %g, want 4/3", v)
			}
		}
	}
	if kept < 690 || kept > 810 { // 750 expected, sd 14
		t.Errorf("kept %d of 1000, want about 750", kept)
	}
	x := s.Adopt(torch.Full([]int64{1000}, 3, false)).SetRequiresGrad(true)
	g.Seed(7)
	torch.DropoutBy(g, x, 0.25, true).Sum().Backward()
	if !slices.Equal(x.Grad().Float32s(), first) {
		t.Error("the gradient is not that of the elements that were kept")
	}
	if same := torch.DropoutBy(g, ones, 0.25, false); !torch.Equal(same, ones) {
		t.Error("dropout changes values without training")
	}
	g.Free()
	if err := torch.Try(func() { g.Seed(1) }); !errors.Is(err, torch.ErrFreed) {
		t.Errorf("seed after Free: got error %v, want %v", err, torch.ErrFreed)
	}
}

func TestThreads(t *testing.T) {
	was := torch.NumThreads()
	defer torch.SetNumThreads(was)
	torch.SetNumThreads(3)
	var wg sync.WaitGroup
	for range 8 { // goroutines on other threads than the one that set it
		wg.Go(func() {
			if got := torch.NumThreads(); got != 3 {
				t.Errorf("%d threads, want 3", got)
			}
		})
	}
	wg.Wait()
	torch.WithNumThreads(1, func() {
		others := make(chan int32)
		go func() { others <- torch.NumThreads() }()
		if here, other := torch.NumThreads(), <-others; here != 1 || other != 3 {
			t.Errorf("%d threads inside, %d for the others, want 1 and 3", here, other)
		}
	})
	if got := torch.NumThreads(); got != 3 {
		t.Errorf("%d threads afterwards, want 3", got)
	}
	torch.SetDeterministic(true)
	torch.SetDeterministic(false)
	if torch.Version() == "" {
		t.Error("no version")
	}
}
