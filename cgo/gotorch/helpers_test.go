package gotorch_test

import (
	"math"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

// arr is an array of numbers that a test writes down.
type arr struct {
	shape []int64
	v     []float64
}

func vec(v ...float64) arr { return arr{[]int64{int64(len(v))}, v} }

func mat(rows, cols int64, v ...float64) arr { return arr{[]int64{rows, cols}, v} }

func cube(a, b, c int64, v ...float64) arr { return arr{[]int64{a, b, c}, v} }

// in makes a float64 tensor of a in s.
func (a arr) in(s *torch.Scope) torch.Tensor { return s.Adopt(torch.FromFloat64(a.v, a.shape...)) }

func ints(s *torch.Scope, shape []int64, v ...int64) torch.Tensor {
	return s.Adopt(torch.FromInt64(v, shape...))
}

// far tells whether two numbers differ by more than tol, relative to want where that is above 1. NaN equals NaN.
func far(got, want, tol float64) bool {
	if math.IsNaN(got) || math.IsNaN(want) || math.IsInf(want, 0) {
		return !(math.IsNaN(got) && math.IsNaN(want) || got == want)
	}
	return math.Abs(got-want) > tol*math.Max(1, math.Abs(want))
}

// checkValues fails t where got differs from want in shape or by more than tol.
func checkValues(t *testing.T, what string, got torch.Tensor, want arr, tol float64) {
	t.Helper()
	if s := got.Shape(); !equalInts(s, want.shape) {
		t.Fatalf("%s: shape %v, want %v", what, s, want.shape)
	}
	for i, g := range got.Float64s() {
		if far(g, want.v[i], tol) {
			t.Errorf("%s: element %d is %.12g, want %.12g", what, i, g, want.v[i])
		}
	}
}

func equalInts(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// checkGradients compares the gradients of f's result, weighted by 1, 2, 3, ..., with central differences in float64. A
// step of 1e-6 leaves an error of some 1e-9 by rounding and 1e-11 by curvature, so 1e-6 is far from both.
func checkGradients(t *testing.T, f func(s *torch.Scope, x []torch.Tensor) torch.Tensor, inputs []arr) {
	t.Helper()
	weigh := func(s *torch.Scope, y torch.Tensor) torch.Tensor {
		w := s.Adopt(torch.ArangeInt(1, y.Numel()+1, torch.Device{})).CastTo(torch.Double)
		return y.Reshape(-1).Mul(w).Sum()
	}
	s := torch.NewScope()
	defer s.Close()
	var x []torch.Tensor
	for _, in := range inputs {
		x = append(x, in.in(s).SetRequiresGrad(true))
	}
	weigh(s, f(s, x)).Backward()
	for i, in := range inputs {
		g := x[i].Grad()
		if g.T == nil {
			t.Fatalf("input %d has no gradient", i)
		}
		got := g.Float64s()
		for j := range in.v {
			at := func(d float64) float64 {
				s := torch.NewScope()
				defer s.Close()
				var moved []torch.Tensor
				for k, other := range inputs {
					c := arr{other.shape, append([]float64(nil), other.v...)}
					if k == i {
						c.v[j] += d
					}
					moved = append(moved, c.in(s))
				}
				return weigh(s, f(s, moved)).Float64()
			}
			const h = 1e-6
			if want := (at(h) - at(-h)) / (2 * h); far(got[j], want, 1e-6) {
				t.Errorf("gradient of input %d, element %d: %.9g, want %.9g", i, j, got[j], want)
			}
		}
	}
}

// mapped applies f to each number: the reference of an elementwise operation.
func mapped(f func(float64) float64, a arr) arr {
	out := arr{a.shape, make([]float64, len(a.v))}
	for i, v := range a.v {
		out.v[i] = f(v)
	}
	return out
}
