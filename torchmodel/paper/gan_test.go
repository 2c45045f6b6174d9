package paper

import (
	"math"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

// The penalty's value and its gradient by the critic's weights, which passes through a gradient, against differences of the
// critic itself.
func TestGradientPenalty(t *testing.T) {
	leaktest.Check(t)
	torch.ManualSeed(3)
	const rows, width = 6, 4
	critic := newMLP(width, 1)
	defer critic.Free()
	critic.To(torch.Device{}, torch.Double)
	torch.With(func(s *torch.Scope) {
		random := func(shape ...int64) torch.Tensor { return s.Adopt(torch.Rand(shape, false)).ToType(torch.Double) }
		x, y, mix := random(rows, width), random(rows, width), random(rows, 1)
		value := func() float64 { return gradientPenalty(critic.Forward, x, y, mix).Float64() }

		// By hand: the critic's gradient at each point by central differences.
		at := make([]float64, 0, rows*width)
		for i, a := range x.Float64s() {
			m := mix.Float64s()[i/width]
			at = append(at, m*a+(1-m)*y.Float64s()[i])
		}
		const h = 1e-6
		want := 0.0
		for i := range rows {
			length := 0.0
			for j := range width {
				score := func(d float64) float64 {
					p := slices.Clone(at[i*width : (i+1)*width])
					p[j] += d
					return critic.Forward(s.Adopt(torch.FromFloat64(p, 1, width))).Sum().Float64()
				}
				g := (score(h) - score(-h)) / (2 * h)
				length += g * g
			}
			want += (math.Sqrt(length) - 1) * (math.Sqrt(length) - 1) / rows
		}
		if got := value(); math.Abs(got-want) > 1e-7 {
			t.Errorf("penalty: got %.9f, want %.9f", got, want)
		}

		w := critic.Layers[1].Weight
		gradientPenalty(critic.Forward, x, y, mix).Backward()
		gradient := s.Adopt(w.Grad()).Float64s()
		weights := w.Float64s()
		for _, i := range []int{0, 77, 5000, len(weights) - 1} {
			move := func(d float64) float64 {
				moved := slices.Clone(weights)
				moved[i] += d
				w.CopyFromFloat64(moved)
				defer w.CopyFromFloat64(weights)
				return value()
			}
			if got, want := gradient[i], (move(h)-move(-h))/(2*h); math.Abs(got-want) > 1e-8 {
				t.Errorf("gradient by weight %d: got %.10f, want %.10f", i, got, want)
			}
		}
		torch.ZeroGrads(critic.Parameters())
	})
}

// What the GAN writes it reads again, whatever the kind of column.
func TestCodes(t *testing.T) {
	columns := append(threeColumns(), FlowColumns()...)
	k := newCodes(columns)
	row := make([]float64, len(columns))
	for i, c := range columns {
		row[i] = float64(max(c.Classes-1, 0))
		if !c.Discrete() {
			row[i] = c.value(0.25)
		}
	}
	x, got := make([]float32, k.width), make([]float64, len(columns))
	k.encode(x, row)
	k.decode(got, x)
	if !slices.Equal(got, row) {
		t.Errorf("got %v, want %v", got, row)
	}
	for i := range x {
		x[i] = 1 // beyond the last class of 1670
	}
	k.decode(got, x)
	for i, c := range columns {
		if c.Discrete() && got[i] >= float64(c.Classes) {
			t.Errorf("column %q: got class %g, want below %d", c.Name, got[i], c.Classes)
		}
	}
}
