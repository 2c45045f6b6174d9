package gotorch_test

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

// rule is a plain form of an optimiser for one number: it changes p by gradient g at step t = 1, 2, ...
type rule func(p, g float64, t int) float64

func sgdRule(lr, momentum, dampening, decay float64, nesterov bool) rule {
	buf := 0.0
	return func(p, g float64, t int) float64 {
		g += decay * p
		if momentum != 0 {
			if t == 1 {
				buf = g
			} else {
				buf = momentum*buf + (1-dampening)*g
			}
			if nesterov {
				g += momentum * buf
			} else {
				g = buf
			}
		}
		return p - lr*g
	}
}

func adamRule(lr, b1, b2, eps, decay float64, decoupled bool) rule {
	m, v := 0.0, 0.0
	return func(p, g float64, t int) float64 {
		if decoupled {
			p *= 1 - lr*decay
		} else {
			g += decay * p
		}
		m = b1*m + (1-b1)*g
		v = b2*v + (1-b2)*g*g
		m1, v1 := m/(1-math.Pow(b1, float64(t))), v/(1-math.Pow(b2, float64(t)))
		return p - lr*m1/(math.Sqrt(v1)+eps)
	}
}

func TestOptimizersFollowTheirRules(t *testing.T) {
	tests := map[string]struct {
		make func() torch.Optimizer
		rule func() rule
	}{
		"sgd": {func() torch.Optimizer { return torch.SGD(0.1, 0, 0, 0.01, false) },
			func() rule { return sgdRule(0.1, 0, 0, 0.01, false) }},
		"sgd with momentum": {func() torch.Optimizer { return torch.SGD(0.1, 0.9, 0.2, 0.01, false) },
			func() rule { return sgdRule(0.1, 0.9, 0.2, 0.01, false) }},
		"sgd, nesterov": {func() torch.Optimizer { return torch.SGD(0.1, 0.9, 0, 0, true) },
			func() rule { return sgdRule(0.1, 0.9, 0, 0, true) }},
		"adam": {func() torch.Optimizer { return torch.Adam(0.1, 0.9, 0.99, 0.02) },
			func() rule { return adamRule(0.1, 0.9, 0.99, 1e-8, 0.02, false) }},
		"adamw": {func() torch.Optimizer { return torch.AdamW(0.1, 0.9, 0.99, 1e-6, 0.02) },
			func() rule { return adamRule(0.1, 0.9, 0.99, 1e-6, 0.02, true) }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			s := torch.NewScope()
			defer s.Close()
			opt := tc.make()
			defer opt.Close()
			x := vec(1, -2, 0.5).in(s).SetRequiresGrad(true)
			opt.AddParameters([]T{x})
			want, rules := x.Float64s(), []rule{tc.rule(), tc.rule(), tc.rule()}
			for step := 1; step <= 20; step++ {
				opt.ZeroGrad()
				x.Square().Sum().Backward() // gradient 2x
				opt.Step()
				for i, p := range want {
					want[i] = rules[i](p, 2*p, step)
				}
			}
			// The fused kernels hold the step as float32 and order the sums otherwise: 1e-7 of 20 steps.
			checkValues(t, "parameter", x, vec(want...), 1e-6)
		})
	}
}

// The weight decay of one group does not reach the other, and a parameter without a gradient waits.
func TestOptimizerGroups(t *testing.T) {
	leaktest.Check(t)
	s := torch.NewScope()
	defer s.Close()
	opt := torch.AdamW(0.1, 0.9, 0.99, 1e-8, 0.5)
	defer opt.Close()
	decayed, plain, idle := vec(1).in(s).SetRequiresGrad(true), vec(1).in(s).SetRequiresGrad(true), vec(1).in(s).SetRequiresGrad(true)
	opt.AddParameters([]T{decayed, idle})
	opt.AddGroup([]T{plain}, 0)
	decayed.Add(plain, 1).Sum().Backward()
	opt.Step()
	checkValues(t, "decayed", decayed, vec(0.95-0.1), 1e-7)
	checkValues(t, "plain", plain, vec(1-0.1), 1e-7)
	checkValues(t, "idle", idle, vec(1), 0)
	if got := opt.LR(); got != 0.1 {
		t.Errorf("learning rate %g, want 0.1", got)
	}
	opt.SetLR(0)
	opt.Step()
	checkValues(t, "at rate 0", plain, vec(0.9), 1e-7)
}

// A run that is broken off and continued from the saved state ends at the same bits.
func TestOptimizerStateResumes(t *testing.T) {
	for name, newOpt := range map[string]func() torch.Optimizer{
		"sgd":          func() torch.Optimizer { return torch.SGD(0.1, 0, 0, 0, false) },
		"sgd momentum": func() torch.Optimizer { return torch.SGD(0.1, 0.9, 0, 0, false) },
		"adamw":        func() torch.Optimizer { return torch.AdamW(0.1, 0.9, 0.99, 1e-8, 0.1) },
	} {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			s := torch.NewScope()
			defer s.Close()
			run := func(x T, opt torch.Optimizer, steps int) {
				for range steps {
					opt.ZeroGrad()
					x.Exp().Sum().Backward()
					opt.Step()
				}
			}
			start := []float32{1, -2, 0.5}
			x := s.Adopt(torch.FromFloat32(start)).SetRequiresGrad(true)
			unused := s.Adopt(torch.FromFloat32(start)).SetRequiresGrad(true)
			opt := newOpt()
			defer opt.Close()
			opt.AddParameters([]T{x, unused})
			run(x, opt, 7)
			state := opt.State()
			for _, v := range state {
				s.Adopt(v)
			}
			y := s.Adopt(torch.FromFloat32(x.Float32s())).SetRequiresGrad(true)
			second := newOpt()
			defer second.Close()
			second.AddParameters([]T{y, unused})
			if err := second.LoadState(state); err != nil {
				t.Fatal(err)
			}
			run(x, opt, 5)
			run(y, second, 5)
			if a, b := x.Float32s(), y.Float32s(); !slices.Equal(a, b) {
				t.Errorf("continued run ends at %v, unbroken at %v", b, a)
			}
		})
	}
}

func TestOptimizerStateIsChecked(t *testing.T) {
	tests := map[string]struct {
		change func(s *S, state map[string]T)
		want   string
	}{
		"as it was":         {func(s *S, state map[string]T) {}, ""},
		"no steps":          {func(s *S, state map[string]T) { delete(state, "step") }, `"step" is missing`},
		"other count":       {func(s *S, state map[string]T) { state["step"] = vec(1, 1).in(s) }, "2 parameters, want 1"},
		"half a step":       {func(s *S, state map[string]T) { state["step"] = vec(1.5).in(s) }, "step 1.5 of parameter 0"},
		"negative step":     {func(s *S, state map[string]T) { state["step"] = vec(-1).in(s) }, "step -1 of parameter 0"},
		"missing tensor":    {func(s *S, state map[string]T) { delete(state, "exp_avg_sq.0") }, `"exp_avg_sq.0" is missing`},
		"other shape":       {func(s *S, state map[string]T) { state["exp_avg.0"] = vec(1, 2, 3).in(s) }, `"exp_avg.0" has shape [3], want [2]`},
		"of no parameter":   {func(s *S, state map[string]T) { state["exp_avg.1"] = vec(1, 2).in(s) }, `"exp_avg.1" belongs to no parameter`},
		"of another kind":   {func(s *S, state map[string]T) { state["momentum.0"] = vec(1, 2).in(s) }, `"momentum.0" belongs to no parameter`},
		"a tensor is freed": {func(s *S, state map[string]T) { state["exp_avg.0"] = T{} }, "nil or was freed"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			s := torch.NewScope()
			defer s.Close()
			opt := torch.Adam(0.1, 0.9, 0.99, 0)
			defer opt.Close()
			x := vec(1, 2).in(s).SetRequiresGrad(true)
			opt.AddParameters([]T{x})
			x.Sum().Backward()
			opt.Step()
			state := opt.State()
			for _, v := range state {
				s.Adopt(v)
			}
			if got := slices.Sorted(maps.Keys(state)); !slices.Equal(got, []string{"exp_avg.0", "exp_avg_sq.0", "step"}) {
				t.Fatalf("state %v", got)
			}
			tc.change(s, state)
			err := opt.LoadState(state)
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("got error %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got error %v, want %s", err, tc.want)
			case tc.want != "" && !errors.Is(err, torch.ErrTorch):
				t.Errorf("error %v is no ErrTorch", err)
			}
		})
	}
}

func TestOptimizerErrors(t *testing.T) {
	for name, f := range map[string]func(s *S){
		"negative rate":         func(s *S) { torch.SGD(-1, 0, 0, 0, false) },
		"nesterov without":      func(s *S) { torch.SGD(1, 0, 0, 0, true) },
		"beta of one":           func(s *S) { torch.Adam(1, 1, 0.9, 0) },
		"negative eps":          func(s *S) { torch.AdamW(1, 0.9, 0.9, -1, 0) },
		"negative decay":        func(s *S) { o := torch.SGD(1, 0, 0, -1, false); defer o.Close(); o.AddParameters(nil) },
		"negative rate, set":    func(s *S) { o := torch.SGD(1, 0, 0, 0, false); defer o.Close(); o.SetLR(-1) },
		"nil parameter":         func(s *S) { o := torch.SGD(1, 0, 0, 0, false); defer o.Close(); o.AddParameters([]T{{}}) },
		"step after close":      func(s *S) { o := torch.SGD(1, 0, 0, 0, false); o.Close(); o.Close(); o.Step() },
		"state after close":     func(s *S) { o := torch.SGD(1, 0, 0, 0, false); o.Close(); o.State() },
		"rate after close":      func(s *S) { o := torch.SGD(1, 0, 0, 0, false); o.Close(); o.LR() },
		"gradients after close": func(s *S) { o := torch.SGD(1, 0, 0, 0, false); o.Close(); o.ZeroGrad() },
		"not in memory order": func(s *S) {
			x := mat(2, 2, 1, 2, 3, 4).in(s).Transpose(0, 1).Detach().SetRequiresGrad(true)
			o := torch.SGD(1, 0, 0, 0, false)
			defer o.Close()
			o.AddParameters([]T{x})
			x.Sum().Backward()
			o.Step()
		},
		"parameter of another shape": func(s *S) {
			x := vec(1, 2).in(s).SetRequiresGrad(true)
			o := torch.Adam(1, 0.9, 0.9, 0)
			defer o.Close()
			o.AddParameters([]T{x})
			x.Sum().Backward()
			o.Step()
			o.ZeroGrad()
			x.SetData(vec(1, 2, 3).in(s))
			x.Sum().Backward()
			o.Step()
		},
	} {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			s := torch.NewScope()
			defer s.Close()
			if err := torch.Try(func() { f(s) }); !errors.Is(err, torch.ErrTorch) {
				t.Errorf("got error %v, want %v", err, torch.ErrTorch)
			}
		})
	}
}

// In the old gotorch this sequence ended the process.
func TestCloseThenCollect(t *testing.T) {
	x := torch.Ones([]int64{2}, true)
	opt := torch.Adam(0.1, 0.9, 0.99, 0)
	opt.AddParameters([]T{x})
	x.Sum().Backward()
	opt.Step()
	opt.Close()
	torch.GC()
	torch.FinishGC()
	dropped := torch.Adam(0.1, 0.9, 0.99, 0)
	dropped.AddParameters([]T{x})
	torch.FinishGC()
	x.Free()
}
