package nn

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	F "github.com/wangkuiyi/gotorch/nn/functional"
	"github.com/wangkuiyi/gotorch/nn/initializer"
)

// reference is testdata/reference.json, what PyTorch gives; make_reference.py there made it.
type reference struct {
	Weights map[string][]float64
	MLP     struct{ Losses, Weights []float64 }
	ConvNet struct {
		Losses, Evaluation []float64
		RunningMean        []float64 `json:"running_mean"`
		RunningVar         []float64 `json:"running_var"`
	} `json:"conv_net"`
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func near(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: got %d values, want %d", what, len(got), len(want))
		return
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tolerance) {
			t.Errorf("%s[%d]: got %g, want %g, off by %.2g", what, i, got[i], w, d)
		}
	}
}

func TestNewLayersHavePyTorchsWeights(t *testing.T) {
	noLeak(t)
	want := readReference(t).Weights
	initializer.ManualSeed(42)
	layers := map[string]IModule{}
	for _, l := range []struct { // in the order of make_reference.py: all draw from one generator
		name string
		make func() IModule
	}{
		{"Linear", func() IModule { return Linear(3, 2, true) }},
		{"LinearWithoutBias", func() IModule { return Linear(3, 2, false) }},
		{"Conv1d", func() IModule { return Conv1d(2, 3, 2, 1, 0, 1, 1, true) }},
		{"Conv2d", func() IModule { return Conv2d(2, 4, 2, 1, 0, 1, 2, true, "zeros") }},
		{"ConvTranspose2d", func() IModule { return ConvTranspose2d(4, 2, 2, 1, 0, 0, 2, true, 1, "zeros") }},
		{"Embedding", func() IModule { return Embedding(3, 2) }},
		{"EmbeddingBag", func() IModule { return EmbeddingBag(3, 2) }},
		{"LayerNorm", func() IModule { return LayerNorm(3) }},
		{"BatchNorm2d", func() IModule { return BatchNorm2d(3, 1e-5, 0.1, true, true) }},
	} {
		layers[l.name] = l.make()
	}
	count := 0
	python := strings.NewReplacer("Weight", "weight", "Bias", "bias", "RunningMean", "running_mean", "RunningVar", "running_var")
	for name, l := range layers {
		for key, p := range l.StateDict() {
			_, field, _ := strings.Cut(key, ".")
			near(t, key, p.Float32s(), want[name+"."+python.Replace(field)], 1e-6) // bounds may differ in the last bit
			count++
			p.Free()
		}
	}
	if count != len(want) {
		t.Errorf("compared %d tensors, want all %d", count, len(want))
	}
}

// calc is a function of one tensor.
type calc = func(torch.Tensor) torch.Tensor

// Each module is its functional form on its own weights.
func TestForward(t *testing.T) {
	tests := map[string]struct {
		input []int64
		make  func() (m IModule, forward, want calc)
	}{
		"linear": {[]int64{2, 4, 3}, func() (IModule, calc, calc) {
			m := Linear(3, 2, true)
			return m, m.Forward, func(x torch.Tensor) torch.Tensor { return F.Linear(x, m.Weight, m.Bias) }
		}},
		"linear without bias": {[]int64{2, 3}, func() (IModule, calc, calc) {
			m := Linear(3, 2, false)
			return m, m.Forward, func(x torch.Tensor) torch.Tensor { return F.Linear(x, m.Weight, torch.Tensor{}) }
		}},
		"conv1d": {[]int64{2, 4, 9}, func() (IModule, calc, calc) {
			m := Conv1d(4, 6, 3, 2, 1, 2, 2, true)
			return m, m.Forward, func(x torch.Tensor) torch.Tensor { return F.Conv1d(x, m.Weight, m.Bias, 2, 1, 2, 2) }
		}},
		"conv2d": {[]int64{2, 4, 9, 8}, func() (IModule, calc, calc) {
			m := Conv2d(4, 6, 3, 2, 1, 2, 2, false, "zeros")
			return m, m.Forward, func(x torch.Tensor) torch.Tensor {
				return F.Conv2d(x, m.Weight, torch.Tensor{}, []int64{2}, []int64{1}, []int64{2}, 2)
			}
		}},
		"conv transpose2d": {[]int64{2, 4, 5, 6}, func() (IModule, calc, calc) {
			m := ConvTranspose2d(4, 6, 3, 2, 1, 1, 2, true, 1, "zeros")
			return m, m.Forward, func(x torch.Tensor) torch.Tensor {
				return F.ConvTranspose2d(x, m.Weight, m.Bias, []int64{2}, []int64{1}, []int64{1}, 2, []int64{1})
			}
		}},
		"layer norm": {[]int64{2, 3, 4}, func() (IModule, calc, calc) {
			m := LayerNorm(3, 4)
			return m, m.Forward, func(x torch.Tensor) torch.Tensor {
				return F.LayerNorm(x, []int64{3, 4}, torch.Tensor{}, torch.Tensor{}, 1e-5)
			}
		}},
		"gelu": {[]int64{5}, func() (IModule, calc, calc) {
			m := GELU()
			return m, m.Forward, F.GELU
		}},
		"dropout that keeps all": {[]int64{5}, func() (IModule, calc, calc) {
			m := Dropout(0)
			return m, m.Forward, func(x torch.Tensor) torch.Tensor { return x }
		}},
		"dropout in evaluation": {[]int64{5}, func() (IModule, calc, calc) {
			m := Dropout(0.9)
			m.Train(false)
			return m, m.Forward, func(x torch.Tensor) torch.Tensor { return x }
		}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			torch.With(func(s *torch.Scope) {
				m, forward, want := tc.make()
				defer m.(interface{ Free() }).Free()
				x := s.Adopt(torch.RandN(tc.input, false))
				if got, want := forward(x), want(x); !torch.AllClose(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		})
	}
}

func TestEmbeddingsLookUpAndSum(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		e, b := Embedding(4, 2), EmbeddingBag(4, 2)
		defer e.Free()
		defer b.Free()
		ids := s.Adopt(torch.FromInt64([]int64{3, 1}, 1, 2))
		w, v := e.Weight.Float32s(), b.Weight.Float32s()
		if got, want := e.Forward(ids).Float32s(), []float32{w[6], w[7], w[2], w[3]}; !slices.Equal(got, want) {
			t.Errorf("embedding: got %v, want %v", got, want)
		}
		if got, want := b.Forward(ids).Float32s(), []float32{v[6] + v[2], v[7] + v[3]}; !slices.Equal(got, want) {
			t.Errorf("bag: got %v, want %v", got, want)
		}
	})
}

func TestDropoutDropsOnlyInTraining(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		d := Dropout(1)
		x := s.Adopt(torch.Ones([]int64{4}, false))
		if got := d.Forward(x).Float32s(); !slices.Equal(got, []float32{0, 0, 0, 0}) {
			t.Errorf("training with probability 1: got %v, want zeros", got)
		}
		d.Train(false)
		if got := d.Forward(x).Float32s(); !slices.Equal(got, []float32{1, 1, 1, 1}) {
			t.Errorf("evaluation: got %v, want ones", got)
		}
	})
}

func TestBatchNormWithoutRunningStatisticsUsesTheBatch(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		b := BatchNorm2d(1, 0, 0.1, false, false)
		if n := len(b.StateDict()); n != 0 {
			t.Errorf("neither affine nor tracking: %d tensors, want none", n)
		}
		b.Train(false)
		x := s.Adopt(torch.FromFloat32([]float32{1, 3}, 1, 1, 1, 2))
		if got := b.Forward(x).Float32s(); !slices.Equal(got, []float32{-1, 1}) {
			t.Errorf("evaluation: got %v, want [-1 1], normalised by the batch itself", got)
		}
	})
}

// pairs passes two results on.
type pairs struct{ Module }

func (p *pairs) Forward(a, b torch.Tensor) (torch.Tensor, torch.Tensor) { return b, a }

// several takes any number of arguments after the first and returns none.
type several struct {
	Module
	got []float32
}

func (v *several) Forward(first torch.Tensor, rest ...interface{}) {
	v.got = append(v.got[:0], first.Item().(float32))
	for _, r := range rest {
		if r == nil {
			v.got = append(v.got, -1)
			continue
		}
		v.got = append(v.got, r.(torch.Tensor).Item().(float32))
	}
}

type silent struct{ Module }

func made[M interface {
	IModule
	Init(IModule)
}](m M) M {
	m.Init(m)
	return m
}

func TestSequentialPassesResultsOn(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		a, b := s.Adopt(torch.FromFloat32([]float32{-2}, 1)), s.Adopt(torch.FromFloat32([]float32{5}, 1))
		double := Functional(func(x torch.Tensor) torch.Tensor { return x.MulScalar(2) })
		chain := Sequential(double, Sequential(Functional(torch.Relu), double))
		if got := chain.Forward(b).(torch.Tensor).Float64(); got != 20 {
			t.Errorf("chain in a chain: got %g, want 20", got)
		}
		swapped := Sequential(made(&pairs{}), made(&pairs{}), made(&pairs{})).Forward(a, b).([]interface{})
		if swapped[0] != interface{}(b) || swapped[1] != interface{}(a) {
			t.Errorf("three swaps: got %v, want the two exchanged", swapped)
		}
		sink := made(&several{})
		if got := Sequential(Sequential(made(&pairs{})), sink).Forward(a, b); got != nil || !slices.Equal(sink.got, []float32{5, -2}) {
			t.Errorf("variadic sink: got %v and result %v, want [5 -2] and nil", sink.got, got)
		}
		if Sequential(sink).Forward(a, nil, b); !slices.Equal(sink.got, []float32{-2, -1, 5}) {
			t.Errorf("nil among arguments: got %v, want [-2 -1 5]", sink.got)
		}
		if got := Sequential().Forward(a); got != interface{}(a) {
			t.Errorf("empty chain: got %v, want its input", got)
		}
	})
}

func TestSequentialRefuses(t *testing.T) {
	noLeak(t)
	x := torch.Tensor{}
	for name, tc := range map[string]struct {
		f    func()
		want string
	}{
		"a module without Forward": {func() { Sequential(made(&silent{})).Forward(x) }, "module 0, *nn.silent, has no method Forward"},
		"nil for a module":         {func() { Sequential(GELU(), nil).Forward(x, x) }, "Forward of 1 arguments got 2"},
		"nil at the start":         {func() { Sequential(nil).Forward(x) }, "module 0 is nil"},
		"too few arguments":        {func() { Sequential(made(&pairs{})).Forward(x) }, "Forward of 2 arguments got 1"},
		"too few for a variadic":   {func() { Sequential(made(&several{})).Forward() }, "got 0"},
		"another type":             {func() { Sequential(GELU()).Forward("text") }, "argument 0 of Forward is string, want gotorch.Tensor"},
	} {
		if err := torch.Try(tc.f); !errors.Is(err, ErrModule) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want ErrModule with %q", name, err, tc.want)
		}
	}
}

func TestLayersThatCannotBe(t *testing.T) {
	noLeak(t)
	for name, f := range map[string]func(){
		"groups that do not divide inputs":  func() { Conv2d(3, 4, 1, 1, 0, 1, 2, true, "zeros") },
		"groups that do not divide outputs": func() { Conv1d(4, 3, 1, 1, 0, 1, 2, true) },
		"no groups":                         func() { ConvTranspose2d(2, 2, 1, 1, 0, 0, 0, true, 1, "zeros") },
		"padding by reflection":             func() { Conv2d(2, 2, 1, 1, 0, 1, 1, true, "reflect") },
		"a probability above 1":             func() { Dropout(1.5) },
		"a probability of NaN":              func() { Dropout(math.NaN()) },
	} {
		if err := torch.Try(f); !errors.Is(err, ErrModule) {
			t.Errorf("%s: got error %v, want ErrModule", name, err)
		}
	}
	if err := torch.Try(func() { Linear(-1, 2, true) }); !errors.Is(err, torch.ErrTorch) {
		t.Errorf("linear of -1 inputs: got error %v, want a *gotorch.Error", err)
	}
}
