//go:build cpu

package libtorch

import (
	"errors"
	"testing"
)

func TestStreamsWithoutCUDA(t *testing.T) {
	if CUDAAvailable() || CUDNNAvailable() || CUDACount() != 0 {
		t.Error("CUDA, cuDNN or devices in a build for the CPU")
	}
	var s Stream
	e, g := &Event{}, &Graph{}
	e.Close()
	g.Close()
	for name, f := range map[string]func() error{
		"describe":       func() error { _, _, _, err := CUDADescribe(0); return err },
		"synchronize":    func() error { return CUDASynchronize(0) },
		"memory":         func() error { _, _, err := CUDAMemory(0); return err },
		"empty cache":    CUDAEmptyCache,
		"stream":         func() error { _, err := NewStream(0, true); return err },
		"current stream": func() error { _, err := CurrentStream(0); return err },
		"set stream":     func() error { return SetStream(s) },
		"query":          func() error { _, err := s.Query(); return err },
		"wait":           s.Synchronize,
		"record stream":  func() error { return RecordStream(nil, s) },
		"pin":            func() error { _, err := PinMemory(nil); return err },
		"event":          func() error { _, err := NewEvent(false); return err },
		"record":         func() error { return e.Record(s) },
		"event wait":     func() error { return e.Wait(s) },
		"event query":    func() error { _, err := e.Query(); return err },
		"event sync":     e.Synchronize,
		"elapsed":        func() error { _, err := e.Elapsed(nil); return err },
		"graph":          func() error { _, err := NewGraph(); return err },
		"begin":          g.Begin,
		"end":            g.End,
		"replay":         g.Replay,
	} {
		var err *Error
		if !errors.As(f(), &err) || err.Kind != KindNoCUDA {
			t.Errorf("%s: got error %v, want one of missing CUDA", name, err)
		}
	}
}
