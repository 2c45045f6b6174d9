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
	recorded := false
	defer func() {
		if !recorded {
			g.free()
		}
	}()
	static := b.each(func(x torch.Tensor) torch.Tensor { return g.scope.Adopt(x.To(device)) })
	g.inputs = static.(evenBatch).tensors()
	device.Synchronize()
	// A graph has memory of its own, and what libtorch keeps of earlier steps cannot be given back while one is recorded. It is
	// not given back beside another one either, which does no harm.
	_ = torch.Try(torch.CUDAEmptyCache)
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
	recorded = true
	return g
}

// below tells whether b has more windows than the batch that was recorded, or none was. The last batch of an epoch has few: one
// that was recorded first would leave all others as they are.
func (g *stepGraph) below(b evenBatch) bool {
	return g == nil || b.tensors()[0].Shape()[0] > g.inputs[0].Shape()[0]
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
