package torchmodel

import (
	"slices"

	torch "github.com/wangkuiyi/gotorch"
)

// warmSteps run as they are before one is recorded: libtorch makes its work spaces, and the optimiser its state.
const warmSteps = 3

// stepGraph is a training step on CUDA, recorded once and replayed for every batch of the same shapes: a step is some
// thousand kernels of a few microseconds, and queueing each from the host takes longer than running it.
type stepGraph struct {
	graph      torch.CUDAGraph
	scope      *torch.Scope
	inputs     []torch.Tensor // that a replay reads
	likelihood likelihood     // that a replay leaves
	stats      torch.Tensor
}

// record records what learn does with a batch like b, which lies in the host's memory. Nothing is learned by it.
func record(b evenBatch, device torch.Device, learn func(b batch, look bool) (likelihood, torch.Tensor)) *stepGraph {
	g := &stepGraph{graph: torch.NewCUDAGraph(), scope: torch.NewScope()}
	static := b.each(func(x torch.Tensor) torch.Tensor { return g.scope.Adopt(x.To(device)) })
	g.inputs = static.(evenBatch).tensors()
	device.Synchronize()
	g.graph.Capture(torch.NewCUDAStream(device), func() {
		torch.With(func(scope *torch.Scope) {
			l, stats := learn(static.each(func(x torch.Tensor) torch.Tensor { return scope.Adopt(x.Narrow(0, 0, x.Shape()[0])) }), false)
			for _, h := range l.heads {
				g.likelihood.heads = append(g.likelihood.heads, g.scope.Adopt(h.Detach()))
			}
			g.likelihood.rows = g.scope.Adopt(l.rows.Detach())
			g.stats = g.scope.Adopt(stats.Detach())
		})
	})
	return g
}

// fits tells whether b has the shapes that were recorded.
func (g *stepGraph) fits(b evenBatch) bool {
	if g == nil {
		return false
	}
	for i, x := range b.tensors() {
		if !slices.Equal(x.Shape(), g.inputs[i].Shape()) {
			return false
		}
	}
	return true
}

// replay queues the recorded step for the batch, which stays as it is until stats are read.
func (g *stepGraph) replay(b evenBatch) {
	for i, x := range b.tensors() {
		g.inputs[i].CopyBesideI(x)
	}
	g.graph.Replay()
}

func (g *stepGraph) free() {
	if g != nil {
		g.graph.Close()
		g.scope.Close()
	}
}
