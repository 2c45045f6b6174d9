package gotorch_test

import (
	"math"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

// The weights of the definition, by hand: the k-th of n steps counts as the product of what each later step leaves of it.
func TestAverageIsOfTheLastSteps(t *testing.T) {
	leaktest.Check(t)
	torch.With(func(s *torch.Scope) {
		p := vec(7, 7).in(s).SetRequiresGrad(true)
		a := torch.NewAverage([]T{p})
		defer a.Free()
		p.CopyFromFloat64([]float64{0, 0})
		a.Swap()
		checkValues(t, "before a step", p, vec(7, 7), 0)
		a.Swap()
		const steps = 900
		r, want := 0.0, 0.0
		for k := 1; k <= steps; k++ {
			r = math.Mod(r*r+float64(k)*0.7, 3)
			p.CopyFromFloat64([]float64{r, float64(k)})
			a.Add(k)
			rate := 9 / float64(8+k)
			want = (1-rate)*want + rate*r
		}
		// Of the step's own number the mean is that of k^8 over 0 to n: 9/10 of n, and a little by the sum's ends.
		a.Swap()
		checkValues(t, "average", p, vec(want, 0.9*steps), 1e-3)
		a.Swap()
		checkValues(t, "parameters again", p, vec(r, steps), 0)
	})
}
