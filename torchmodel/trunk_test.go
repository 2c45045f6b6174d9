package torchmodel

import (
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
	"github.com/wangkuiyi/gotorch/nn/initializer"
)

// Row by row the trunk gives what it gives for a whole window, for streams that begin at different times and for a lane
// that takes another stream.
func TestTrunkStepIsForward(t *testing.T) {
	leaktest.Check(t)
	const width, layers, rows = 6, 5, 80
	torch.ManualSeed(2)
	trunk := newTrunk(width, layers)
	defer trunk.Free()
	initializer.Normal(&trunk.Taps[0].Bias, 0, 1)
	begins := []int64{0, 3, 50} // of the stream in each lane; before it there is no row
	lanes := int64(len(begins))
	torch.NoGrad(func() {
		torch.With(func(scope *torch.Scope) {
			x := scope.Adopt(torch.RandN([]int64{lanes, rows, width}, false))
			valid := make([]float32, lanes*rows)
			for lane, begin := range begins {
				for i := begin; i < rows; i++ {
					valid[int64(lane)*rows+i] = 1
				}
			}
			want := trunk.Forward(x, scope.Adopt(torch.FromFloat32(valid, lanes, rows, 1))).Float32s()
			s := trunk.newState(lanes, width, torch.Device{})
			defer s.free()
			for i := range int64(rows) {
				for lane, begin := range begins {
					if begin == i {
						s.forget(scope.Adopt(torch.FromInt64([]int64{int64(lane)})))
					}
				}
				got := trunk.Step(s, int(i)%16, x.Select(1, i)).Float32s()
				for lane, begin := range begins {
					if i < begin {
						continue
					}
					for d := range width {
						// Sums of 12 products in float32, over 5 layers.
						if g, w := got[lane*width+d], want[(lane*rows+int(i))*width+d]; g-w > 1e-5 || w-g > 1e-5 {
							t.Fatalf("lane %d, row %d, channel %d: %g by Step, %g by Forward", lane, i, d, g, w)
						}
					}
				}
			}
		})
	})
}
