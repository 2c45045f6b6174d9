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
	torch.SetDeterministic(true)
	torch.SetDeterministic(false)
	if torch.Version() == "" {
		t.Error("no version")
	}
}

// Without CUDA each call that needs it says so; no call ends the process.
func TestWithoutCUDA(t *testing.T) {
	if torch.IsCUDAAvailable() {
		t.Skip("this machine has CUDA")
	}
	if torch.IsCUDNNAvailable() || len(torch.CUDADevices()) != 0 {
		t.Error("cuDNN or devices without CUDA")
	}
	leaktest.Check(t)
	s := torch.NewScope()
	defer s.Close()
	a := s.Adopt(torch.Ones([]int64{1}, false))
	cuda := torch.NewDevice("cuda:0")
	var stream torch.CUDAStream
	var event torch.CUDAEvent
	var graph torch.CUDAGraph
	for name, f := range map[string]func(){
		"zeros":              func() { torch.Zeros([]int64{1}, torch.Float, cuda) },
		"to":                 func() { a.To(cuda) },
		"cuda":               func() { a.CUDA(cuda, true) },
		"pin":                func() { a.PinMemory() },
		"synchronize":        func() { cuda.Synchronize() },
		"memory":             func() { torch.CUDAMemory(cuda) },
		"empty cache":        func() { torch.CUDAEmptyCache() },
		"new stream":         func() { torch.NewCUDAStream(cuda) },
		"current stream":     func() { torch.GetCurrentCUDAStream(cuda) },
		"set stream":         func() { torch.SetCurrentCUDAStream(stream) },
		"with stream":        func() { torch.WithStream(stream, func() { t.Error("ran") }) },
		"stream query":       func() { stream.Query() },
		"stream synchronize": func() { stream.Synchronize() },
		"record stream":      func() { a.RecordStream(stream) },
		"event":              func() { torch.NewCUDAEvent(true) },
		"event record":       func() { event.Record(stream) },
		"event wait":         func() { event.Wait(stream) },
		"event query":        func() { event.Query() },
		"event synchronize":  func() { event.Synchronize() },
		"event elapsed":      func() { event.ElapsedMS(event) },
		"graph":              func() { torch.NewCUDAGraph() },
		"graph begin":        func() { graph.CaptureBegin() },
		"graph end":          func() { graph.CaptureEnd() },
		"graph capture":      func() { graph.Capture(stream, func() { t.Error("ran") }) },
		"graph replay":       func() { graph.Replay() },
		"autocast":           func() { torch.Autocast(cuda, torch.BFloat16, func() { t.Error("ran") }) },
		"generator":          func() { torch.RNGState(cuda) },
	} {
		if err := torch.Try(f); !errors.Is(err, torch.ErrNoCUDA) {
			t.Errorf("%s: got error %v, want %v", name, err, torch.ErrNoCUDA)
		}
	}
	event.Close()
	graph.Close()
	torch.Device{}.Synchronize()
}
