package torchmodel

import (
	"errors"
	"math"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

// partsOptions are tinyOptions of batches of five windows, computed in so many parts.
func partsOptions(parts int) TrainOptions {
	o := tinyOptions()
	o.Threads, o.Batch = parts, 5
	return o
}

// A batch in parts has the loss and the gradients of the whole batch, also where the parts are of unequal length.
func TestPartsLearnWhatTheWholeDoes(t *testing.T) {
	leaktest.Check(t)
	step := func(parts int) (Step, map[string][]float32) {
		o := partsOptions(parts)
		o.Config.Dropout = 0
		tr := prepared(t, referenceFlows(t), o)
		s, err := nextStep(tr)
		if err != nil {
			t.Fatal(err)
		}
		gradients := map[string][]float32{}
		for _, p := range tr.subject.network().OrderedParameters() {
			g := p.Tensor.Grad()
			gradients[p.Name] = g.Float32s()
			g.Free()
		}
		return s, gradients
	}
	want, wantGradients := step(1)
	for _, parts := range []int{2, 3, 8} {
		got, gradients := step(parts)
		if got.Rows != want.Rows || math.Abs(got.Loss-want.Loss) > 1e-5*want.Loss || math.Abs(got.GradNorm-want.GradNorm) > 1e-4*want.GradNorm {
			t.Errorf("%d parts: %d rows, loss %g, norm of the gradient %g, want %d, %g, %g", parts, got.Rows, got.Loss, got.GradNorm,
				want.Rows, want.Loss, want.GradNorm)
		}
		for name, g := range gradients {
			for i, x := range wantGradients[name] {
				if math.Abs(float64(g[i]-x)) > 1e-5 {
					t.Errorf("%d parts: gradient %d of %s: %g, want %g", parts, i, name, g[i], x)
					break
				}
			}
		}
	}
}

// What parts drop depends on the seed and the step alone, not on which comes first.
func TestTrainingInPartsIsTheSameAgain(t *testing.T) {
	o := partsOptions(3)
	want := train(t, referenceFlows(t), t.TempDir(), o).Digest()
	if got := train(t, referenceFlows(t), t.TempDir(), o).Digest(); got != want {
		t.Errorf("model %s, want %s", got, want)
	}
	dir := t.TempDir()
	trainUntil(t, referenceFlows(t), dir, o, at{17, 0})
	o.Resume = true
	if got := train(t, referenceFlows(t), dir, o).Digest(); got != want {
		t.Errorf("resumed after 17 steps: model %s, want %s", got, want)
	}
	o.Resume, o.Threads = false, 1
	if got := train(t, referenceFlows(t), t.TempDir(), o).Digest(); got == want {
		t.Error("one part drops what three do")
	}
}

func TestCrew(t *testing.T) {
	leaktest.Check(t)
	c := newCrew(3, 1)
	defer c.free()
	draw := func(n int, seed uint64) [3]float32 {
		var drawn [3]float32
		c.each(n, seed, func(i int, rng *torch.RNG) {
			torch.With(func(s *torch.Scope) {
				ones := s.Adopt(torch.Ones([]int64{64}, false))
				for k, x := range torch.DropoutBy(rng, ones, 0.5, true).Float32s() {
					drawn[i] += x * float32(k)
				}
			})
		})
		return drawn
	}
	first := draw(3, 7)
	if draw(3, 8) == first || draw(3, 7) != first {
		t.Error("draws do not depend on the seed alone")
	}
	if first[0] == first[1] || first[1] == first[2] {
		t.Errorf("parts draw the same: %v", first)
	}
	if got := draw(2, 7); got != [3]float32{first[0], first[1], 0} {
		t.Errorf("two parts draw %v, want the first two of %v", got, first)
	}
	err := torch.Try(func() {
		c.each(3, 7, func(i int, _ *torch.RNG) {
			torch.With(func(s *torch.Scope) {
				x := s.Adopt(torch.Ones([]int64{2}, false))
				if i == 1 {
					x.Narrow(0, 5, 1)
				}
			})
		})
	})
	if !errors.Is(err, torch.ErrShape) {
		t.Errorf("got error %v, want %v", err, torch.ErrShape)
	}
	if got := draw(3, 7); got != first {
		t.Errorf("after an error: draws %v, want %v", got, first)
	}
}
