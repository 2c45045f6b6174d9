package gotorch_test

import (
	"math"
	"sync"
	"testing"
	"time"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

func TestGradients(t *testing.T) {
	leaktest.Check(t)
	s := torch.NewScope()
	defer s.Close()
	x := vec(1, 2, 3).in(s).SetRequiresGrad(true)
	unused := vec(1).in(s).SetRequiresGrad(true)
	if g := x.Grad(); g.T != nil {
		t.Errorf("gradient before backward: %v", g)
	}
	x.Square().BackwardWith(vec(1, 10, 100).in(s))
	checkValues(t, "weighted", x.Grad(), vec(2, 40, 600), 0)
	y := x.Square().Sum()
	y.BackwardRetain()
	y.Backward()
	checkValues(t, "gathered", x.Grad(), vec(6, 48, 612), 0)
	torch.ZeroGrads([]T{x, unused, {}})
	if g := x.Grad(); g.T != nil {
		t.Errorf("gradient after ZeroGrads: %v", g)
	}

	// d/dx sum(x^3) = 3x^2, and of the sum of its squares 36x^3.
	g := x.Pow(3).Sum().Gradients([]T{x, unused}, true)
	checkValues(t, "first order", g[0], vec(3, 12, 27), 1e-12)
	if g[1].T != nil {
		t.Errorf("gradient of an unused input: %v", g[1])
	}
	g[0].Square().Sum().Backward()
	checkValues(t, "second order", x.Grad(), vec(36, 288, 972), 1e-12)
}

func TestSumGradients(t *testing.T) {
	leaktest.Check(t)
	s := torch.NewScope()
	defer s.Close()
	x, y, unused := vec(1, 2).in(s).SetRequiresGrad(true), vec(3).in(s).SetRequiresGrad(true), vec(1).in(s).SetRequiresGrad(true)
	unused.Square().Sum().Backward()
	params := []T{x, y, unused}
	parts := [][]T{
		x.Square().Sum().Gradients(params, false), y.Pow(3).Sum().Gradients(params, false),
		torch.Mul(x, y).Sum().Gradients(params, false), x.Sum().Gradients(params, false),
	}
	torch.SumGradients(params, parts)
	checkValues(t, "of three parts", x.Grad(), vec(2+3+1, 4+3+1), 0)
	checkValues(t, "of two parts", y.Grad(), vec(27+3), 0)
	if g := unused.Grad(); g.T != nil {
		t.Errorf("gradient of no part: %v, want none, also of an earlier backward", g)
	}
	torch.SumGradients(params, parts[1:2])
	y.Grad().MulScalarI(2)
	checkValues(t, "what was given", parts[1][1], vec(27), 0)
}

func TestLeafAndDetach(t *testing.T) {
	leaktest.Check(t)
	s := torch.NewScope()
	defer s.Close()
	x := vec(1, 2).in(s).SetRequiresGrad(true)
	y := x.Exp()
	if !x.IsLeaf() || y.IsLeaf() || !y.RequiresGrad() || y.Detach().RequiresGrad() {
		t.Errorf("leaf %v, %v; requires gradients %v, detached %v", x.IsLeaf(), y.IsLeaf(), y.RequiresGrad(), y.Detach().RequiresGrad())
	}
	x.SetData(vec(5, 6, 7).in(s))
	checkValues(t, "new data", x, vec(5, 6, 7), 0)
	if !x.RequiresGrad() {
		t.Error("new data lost the wish for gradients")
	}
}

// A goroutine moves between threads while it sleeps; the mode must not stay behind.
func TestNoGradOfManyGoroutines(t *testing.T) {
	leaktest.Check(t)
	x := torch.Ones([]int64{2}, true)
	defer x.Free()
	records := func() bool {
		y := x.Exp()
		defer y.Free()
		return y.RequiresGrad()
	}
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for range 20 {
				if i%2 == 0 {
					torch.NoGrad(func() {
						time.Sleep(time.Millisecond)
						if records() {
							t.Error("recorded inside NoGrad")
						}
						torch.EnableGrad(func() {
							if !records() {
								t.Error("did not record inside EnableGrad")
							}
						})
						if records() {
							t.Error("recorded after EnableGrad inside NoGrad")
						}
					})
				}
				if !records() {
					t.Error("did not record outside NoGrad")
				}
			}
		})
	}
	wg.Wait()
}

func TestNoGradEndsWithPanic(t *testing.T) {
	leaktest.Check(t)
	x := torch.Ones([]int64{2, 3}, true)
	defer x.Free()
	if err := torch.Try(func() { torch.NoGrad(func() { torch.MM(x, x) }) }); err == nil {
		t.Fatal("no error")
	}
	y := x.Exp()
	defer y.Free()
	if !y.RequiresGrad() {
		t.Error("gradients are off after a panic inside NoGrad")
	}
}

func TestAutocast(t *testing.T) {
	leaktest.Check(t)
	s := torch.NewScope()
	defer s.Close()
	x := s.Adopt(torch.Rand([]int64{4, 4}, true))
	var inside T
	torch.Autocast(torch.Device{}, torch.BFloat16, func() { inside = torch.MM(x, x) })
	if got := inside.Dtype(); got != torch.BFloat16 {
		t.Errorf("product inside is %s, want bfloat16", torch.DTypeName(got))
	}
	if got := torch.MM(x, x).Dtype(); got != torch.Float {
		t.Errorf("product outside is %s, want float32", torch.DTypeName(got))
	}
	inside.CastTo(torch.Float).Sum().Backward()
	if got := x.Grad().Dtype(); got != torch.Float {
		t.Errorf("gradient is %s, want float32", torch.DTypeName(got))
	}
}

func TestClipGradNorm(t *testing.T) {
	tests := map[string]struct {
		grads     []float64
		max, norm float64
		want      []float64
	}{
		"above the limit is scaled": {[]float64{3, 4}, 1, 5, []float64{0.6, 0.8}},
		"below the limit stays":     {[]float64{3, 4}, 10, 5, []float64{3, 4}},
		"no limit":                  {[]float64{3, 4}, 0, 5, []float64{3, 4}},
		"infinite":                  {[]float64{3, math.Inf(1)}, 1, math.Inf(1), []float64{0, math.NaN()}},
		"not a number":              {[]float64{3, math.NaN()}, 1, math.NaN(), []float64{math.NaN(), math.NaN()}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			s := torch.NewScope()
			defer s.Close()
			var params []T
			for _, g := range tc.grads {
				p := vec(1).in(s).SetRequiresGrad(true)
				p.Mul(vec(g).in(s)).Sum().Backward()
				params = append(params, p)
			}
			params = append(params, vec(1).in(s).SetRequiresGrad(true)) // without a gradient
			if got := torch.ClipGradNorm(params, tc.max); far(got, tc.norm, 1e-12) {
				t.Errorf("norm %g, want %g", got, tc.norm)
			}
			for i, want := range tc.want {
				// The divisor is norm + 1e-6.
				if got := params[i].Grad().Float64(); far(got, want, 1e-6) {
					t.Errorf("gradient %d is %g, want %g", i, got, want)
				}
			}
		})
	}
	if got := torch.ClipGradNorm(nil, 1); got != 0 {
		t.Errorf("norm of nothing is %g, want 0", got)
	}
}
