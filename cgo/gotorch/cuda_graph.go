package gotorch

import "github.com/wangkuiyi/gotorch/libtorch"

// CUDAGraph is recorded work of a CUDA stream, which Replay queues again without the host. Every replay reads and writes
// the memory of the tensors that were recorded: keep them, and copy new input into them (CopyI).
type CUDAGraph struct {
	G *libtorch.Graph
}

// NewCUDAGraph makes an empty graph. It panics with ErrNoCUDA in a build or on a machine without CUDA.
func NewCUDAGraph() CUDAGraph {
	g, err := libtorch.NewGraph()
	Check(err)
	return CUDAGraph{g}
}

// Close frees the graph and the memory that its work uses. Closing twice does nothing.
func (g CUDAGraph) Close() { g.G.Close() }

// CaptureBegin starts recording the calling thread's current stream, which must not be the default one; nothing runs
// until CaptureEnd. The goroutine is locked to its thread in between; Capture does all of that.
func (g CUDAGraph) CaptureBegin() { Check(g.G.Begin()) }

// CaptureEnd ends the recording.
func (g CUDAGraph) CaptureEnd() { Check(g.G.End()) }

// Capture records what f does on stream. f must not read results on the host. Run f once before, so that libtorch has made
// its work spaces. A panic of f ends the recording and goes on.
func (g CUDAGraph) Capture(stream CUDAStream, f func()) {
	WithStream(stream, func() {
		stream.Synchronize()
		g.CaptureBegin()
		ended := false
		defer func() {
			if !ended {
				_ = g.G.End() // f panicked: that panic is what the caller shall see
			}
		}()
		f()
		ended = true
		g.CaptureEnd()
	})
}

// Replay queues the recorded work on the calling thread's current stream.
func (g CUDAGraph) Replay() { Check(g.G.Replay()) }
