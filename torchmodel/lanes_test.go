package torchmodel

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
	"github.com/wangkuiyi/gotorch/nn"
)

// moved tells how many rows of f(x) change when the rows of x stand in other lanes.
func moved(scope *torch.Scope, x torch.Tensor, f func(torch.Tensor) torch.Tensor) (changed int) {
	width := int(x.Shape()[0])
	to := make([]int64, width)
	for i, lane := range rand.New(rand.NewPCG(1, 2)).Perm(width) {
		to[i] = int64(lane)
	}
	index := scope.Adopt(torch.FromInt64(to, int64(width)))
	want := torch.IndexSelect(f(x), 0, index).Float32s()
	got := f(torch.IndexSelect(x, 0, index)).Float32s()
	n := len(want) / width
	for lane := range width {
		if !slices.Equal(got[lane*n:(lane+1)*n], want[lane*n:(lane+1)*n]) {
			changed++
		}
	}
	return changed
}

// Which lane a host is in depends on threads and shards, and its flows must not: no module may round a row by where it stands.
func TestRowsRoundTheSameInEveryLane(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	torch.SetNumThreads(1)
	for name, c := range map[string]Config{"default": DefaultConfig(), "tiny": tinyOptions().Config} {
		n := newNetwork(c, referenceModel(t).Manifest.Vocabulary)
		torch.NoGrad(func() {
			torch.With(func(scope *torch.Scope) {
				check := func(what string, in int, f func(torch.Tensor) torch.Tensor) {
					x := scope.Adopt(torch.RandN([]int64{cpuLanes, int64(in)}, false))
					if changed := moved(scope, x, f); changed > 0 {
						t.Errorf("%s, %s of %d: %d of %d rows depend on their lane", name, what, in, changed, cpuLanes)
					}
				}
				n.Apply(func(m nn.IModule) {
					if l, ok := m.(*nn.LinearModule); ok {
						check("linear", int(l.InFeatures), l.Forward)
					}
				})
				check("gelu", c.Hidden, func(x torch.Tensor) torch.Tensor { return x.Gelu() })
				check("gated unit", 2*c.Width, func(x torch.Tensor) torch.Tensor { return x.Glu(-1) })
				check("scores", 24*c.Key, func(x torch.Tensor) torch.Tensor {
					keys := x.Reshape(cpuLanes, 24, int64(c.Key))
					return torch.Bmm(keys, keys.Narrow(1, 0, 1).Reshape(cpuLanes, -1, 1)).Reshape(cpuLanes, -1)
				})
			})
		})
		n.Free()
	}
}

// What is counted on both sides of the shim must be as many.
func TestNumbersOfTheShim(t *testing.T) {
	s := lanes.SizesOf()
	if s.Heads != int(Heads) || s.Marks != marks {
		t.Errorf("heads %d, marks %d, want those of cgo/shim/lanes, %d and %d", Heads, marks, s.Heads, s.Marks)
	}
}
