//go:build cpu

package gotorch_test

import (
	"errors"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

// Without CUDA each call that needs it says so; no call ends the process.
func TestWithoutCUDA(t *testing.T) {
	if torch.IsCUDAAvailable() || torch.IsCUDNNAvailable() || len(torch.CUDADevices()) != 0 {
		t.Error("CUDA, cuDNN or devices in a build for the CPU")
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
