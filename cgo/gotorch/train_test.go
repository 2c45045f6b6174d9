package gotorch_test

import (
	"math"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

// net is two layers that learn y = sin(x).
type net struct {
	params []T
	opt    torch.Optimizer
}

func newNet() *net {
	torch.ManualSeed(1)
	n := &net{opt: torch.AdamW(0.01, 0.9, 0.99, 1e-8, 0)}
	for _, shape := range [][]int64{{32, 1}, {32}, {1, 32}, {1}} {
		n.params = append(n.params, torch.RandN(shape, true))
	}
	n.opt.AddParameters(n.params)
	return n
}

func (n *net) close() {
	n.opt.Close()
	for _, p := range n.params {
		p.Free()
	}
}

// step trains on 64 points and returns the loss.
func (n *net) step() float64 {
	s := torch.NewScope()
	defer s.Close()
	x := s.Adopt(torch.Rand([]int64{64, 1}, false)).MulScalarI(2 * math.Pi)
	h := torch.Linear(x, n.params[0], n.params[1]).Tanh()
	loss := torch.Linear(h, n.params[2], n.params[3]).Sub(x.Sin(), 1).Square().Mean()
	n.opt.ZeroGrad()
	loss.Backward()
	torch.ClipGradNormTensor(n.params, 5).Free()
	n.opt.Step()
	return loss.Float64()
}

// The number of handles is the same after each step, and memory stops growing after the first hundred.
func TestTrainingDoesNotLeak(t *testing.T) {
	leaktest.Check(t)
	n := newNet()
	defer n.close()
	first := n.step()
	live := torch.LiveHandles()
	var early int64
	last := 0.0
	for i := 1; i < 2000; i++ {
		last = n.step()
		if got := torch.LiveHandles(); got != live {
			t.Fatalf("step %d: %d tensors alive, %d after the first", i, got, live)
		}
		if i == 100 {
			early = residentBytes(t)
		}
	}
	if late := residentBytes(t); float64(late) > 1.1*float64(early) && !sanitized {
		t.Errorf("memory went from %d to %d MiB between steps 100 and 2000", early>>20, late>>20)
	}
	if last > first/10 {
		t.Errorf("loss went from %g to %g: nothing was learnt", first, last)
	}
}

// Two runs from one seed give the same bits.
func TestTrainingRepeats(t *testing.T) {
	leaktest.Check(t)
	run := func() float64 {
		n := newNet()
		defer n.close()
		loss := 0.0
		for range 20 {
			loss = n.step()
		}
		return loss
	}
	if a, b := run(), run(); a != b {
		t.Errorf("losses %v and %v of one seed", a, b)
	}
}
