package functional

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

// number is a float64 that JSON spells as text, because it may be infinite.
type number float64

func (n *number) UnmarshalText(text []byte) error {
	f, err := strconv.ParseFloat(string(text), 64)
	*n = number(f)
	return err
}

// mixtureRow is one row of testdata/mixture_reference.json; make_mixture_reference.py computed it with 60 digits.
type mixtureRow struct {
	Name       string
	Logits     []float32
	Mean       []float32
	LogSD      []float32 `json:"log_sd"`
	Lo, Hi     number
	NLL        float64
	GradLogits []float64 `json:"grad_logits"`
	GradMean   []float64 `json:"grad_mean"`
	GradLogSD  []float64 `json:"grad_log_sd"`
}

func mixtureReference(t *testing.T) []mixtureRow {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "mixture_reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []mixtureRow
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// mixture is the operands of MixtureBinNLL, in a scope.
type mixture struct{ logits, mean, logSD, lo, hi torch.Tensor }

func newMixture(s *torch.Scope, K int64, logits, mean, logSD, lo, hi []float32) mixture {
	param := func(v []float32) torch.Tensor {
		return s.Adopt(torch.FromFloat32(v, int64(len(v))/K, K)).SetRequiresGrad(true)
	}
	rows := func(v []float32) torch.Tensor { return s.Adopt(torch.FromFloat32(v, int64(len(v)))) }
	return mixture{param(logits), param(mean), param(logSD), rows(lo), rows(hi)}
}

func (m mixture) nll() torch.Tensor { return MixtureBinNLL(m.logits, m.mean, m.logSD, m.lo, m.hi) }

// near compares elements with the largest of want, at least 1, as the unit of tolerance.
func near(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	unit := 1.0
	for _, w := range want {
		unit = max(unit, math.Abs(w))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tolerance*unit) {
			t.Errorf("%s[%d]: got %g, want %g, off by %.2g of %.3g", what, i, got[i], w, d/unit, unit)
		}
	}
}

func TestMixtureBinNLLAgainstReference(t *testing.T) {
	for _, r := range mixtureReference(t) {
		t.Run(r.Name, func(t *testing.T) {
			noLeak(t)
			torch.With(func(s *torch.Scope) {
				m := newMixture(s, int64(len(r.Logits)), r.Logits, r.Mean, r.LogSD, []float32{float32(r.Lo)}, []float32{float32(r.Hi)})
				nll := m.nll()
				nll.Sum().Backward()
				// A float32 distance of 40 sd, squared, is off by 40 * 40 * 2^-24 = 1e-4 absolutely, 1e-7 of the loss.
				near(t, "nll", nll.Float32s(), []float64{r.NLL}, 1e-6)
				// With several normals that error moves their shares of the bin, and with them the gradients.
				tolerance := 1e-5
				if r.Name == "up to 40 sd away" {
					tolerance = 1e-4
				}
				near(t, "gradient of logits", m.logits.Grad().Float32s(), r.GradLogits, tolerance)
				near(t, "gradient of mean", m.mean.Grad().Float32s(), r.GradMean, tolerance)
				near(t, "gradient of log sd", m.logSD.Grad().Float32s(), r.GradLogSD, tolerance)
			})
		})
	}
}

// nll64 is the closed form in float64, good where no probability is below 1e-10 and no bin narrower than 1e-3 sd.
func nll64(logits, mean, logSD []float64, lo, hi float64) float64 {
	var all, hit float64
	for k := range logits {
		sd := math.Exp(logSD[k])
		upper := func(x float64) float64 { return math.Erfc((x-mean[k])/sd/math.Sqrt2) / 2 }
		all += math.Exp(logits[k])
		hit += math.Exp(logits[k]) * (upper(lo) - upper(hi))
	}
	return math.Log(all) - math.Log(hit)
}

func TestMixtureGradientsAreFiniteDifferences(t *testing.T) {
	noLeak(t)
	const K, step = 3, 1e-5
	rng := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		params := make([][]float32, 3)
		wide := make([][]float64, 3)
		for i := range params {
			for range K {
				v := float32(rng.NormFloat64() * 0.7)
				params[i] = append(params[i], v)
				wide[i] = append(wide[i], float64(v))
			}
		}
		lo := float32(rng.NormFloat64())
		hi := lo + 0.1 + rng.Float32()
		torch.With(func(s *torch.Scope) {
			m := newMixture(s, K, params[0], params[1], params[2], []float32{lo}, []float32{hi})
			m.nll().Sum().Backward()
			for i, p := range []torch.Tensor{m.logits, m.mean, m.logSD} {
				want := make([]float64, K)
				for k := range want {
					at := func(d float64) float64 {
						moved := [][]float64{slices.Clone(wide[0]), slices.Clone(wide[1]), slices.Clone(wide[2])}
						moved[i][k] += d
						return nll64(moved[0], moved[1], moved[2], float64(lo), float64(hi))
					}
					want[k] = (at(step) - at(-step)) / (2 * step)
				}
				near(t, []string{"logits", "mean", "log sd"}[i], p.Grad().Float32s(), want, 1e-5) // float32 results
			}
		})
	}
}

// drawn makes B random rows of K normals.
func drawn(s *torch.Scope, B, K int) mixture {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, sd, shift float64) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.NormFloat64()*sd + shift)
		}
		return v
	}
	logits, mean, logSD, lo := draw(B*K, 1, 0), draw(B*K, 1, 0), draw(B*K, 1, -1), draw(B, 1, 0)
	hi := make([]float32, B)
	for i := range hi {
		hi[i] = lo[i] + []float32{0.001, 0.01, 0.3, 5}[i%4]
	}
	return newMixture(s, int64(K), logits, mean, logSD, lo, hi)
}

func TestMixtureIsTheSameForAnyThreadCount(t *testing.T) {
	noLeak(t)
	defer torch.SetNumThreads(torch.NumThreads())
	var want [][]float32
	for _, threads := range []int32{1, 2, 3} {
		torch.SetNumThreads(threads)
		torch.With(func(s *torch.Scope) {
			m := drawn(s, 1001, 8)
			nll := m.nll()
			nll.Sum().Backward()
			got := [][]float32{nll.Float32s(), m.logits.Grad().Float32s(), m.mean.Grad().Float32s(), m.logSD.Grad().Float32s()}
			if want == nil {
				want = got
			}
			for i := range got {
				if !slices.Equal(got[i], want[i]) {
					t.Errorf("%d threads: result %d differs from that of 1 thread", threads, i)
				}
			}
		})
	}
}

func TestMixtureWeighsRowsAndSkipsWhatNeedsNoGradient(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		m := drawn(s, 4, 2)
		m.mean.SetRequiresGrad(false)
		weight := s.Adopt(torch.FromFloat32([]float32{1, 0, -2, 3}))
		m.nll().Mul(weight).Sum().Backward()
		weighted := m.logits.Grad().Float32s()
		torch.ZeroGrads([]torch.Tensor{m.logits, m.logSD})
		m.nll().Sum().Backward()
		plain := m.logits.Grad().Float32s()
		for i, g := range plain {
			if want := g * []float32{1, 0, -2, 3}[i/2]; weighted[i] != want {
				t.Errorf("gradient %d of the weighted sum: got %g, want %g", i, weighted[i], want)
			}
		}
		if m.mean.Grad().T != nil {
			t.Error("mean requires no gradient and got one")
		}
		torch.NoGrad(func() {
			if m.nll().RequiresGrad() {
				t.Error("result under NoGrad requires a gradient")
			}
		})
	})
}

func TestMixtureTakesOtherTypes(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		m := drawn(s, 64, 4)
		want := m.nll().Float32s()
		half := m.logits.Detach().CastTo(torch.BFloat16).SetRequiresGrad(true)
		nll := MixtureBinNLL(half, m.mean, m.logSD, m.lo.CastTo(torch.Double), m.hi)
		nll.Sum().Backward()
		if got := half.Grad().Dtype(); nll.Dtype() != torch.Float || got != torch.BFloat16 {
			t.Errorf("types: got loss %s, gradient %s, want float32, bfloat16", torch.DTypeName(nll.Dtype()), torch.DTypeName(got))
		}
		for i, v := range nll.Float32s() {
			if math.Abs(float64(v-want[i])) > 0.03 { // logits up to 3, rounded to 8 bits, in two sums
				t.Errorf("row %d with bfloat16 logits: got %g, want about %g", i, v, want[i])
			}
		}
	})
}

func TestMixtureEdges(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	tests := map[string]struct {
		logits, mean, logSD []float32
		lo, hi              float32
		want                float64
	}{
		"NaN logit":                      {[]float32{nan, 0}, []float32{0, 0}, []float32{0, 0}, 0, 1, math.NaN()},
		"NaN mean":                       {[]float32{0, 0}, []float32{0, nan}, []float32{0, 0}, 0, 1, math.NaN()},
		"NaN log sd":                     {[]float32{0, 0}, []float32{0, 0}, []float32{nan, 0}, 0, 1, math.NaN()},
		"NaN bin":                        {[]float32{0, 0}, []float32{0, 0}, []float32{0, 0}, nan, 1, math.NaN()},
		"ends exchanged":                 {[]float32{0, 0}, []float32{0, 0}, []float32{0, 0}, 1, 0, math.NaN()},
		"no width":                       {[]float32{0, 0}, []float32{0, 0}, []float32{0, 0}, 1, 1, math.Inf(1)},
		"a weight of nothing":            {[]float32{-inf, 0}, []float32{0, 0}, []float32{0, 0}, 0, inf, math.Ln2},
		"one mean out of all reach":      {[]float32{0, 0}, []float32{1e30, 0}, []float32{0, 0}, 0, inf, math.Log(4. / 3)},
		"sd of nothing, mean in the bin": {[]float32{0, 0}, []float32{0.5, 0.5}, []float32{-200, -200}, 0, 1, 0},
		"sd of nothing, mean on the end": {[]float32{0, 0}, []float32{0, 0}, []float32{-200, -200}, 0, 1, math.Ln2},
		"logits of 1e4":                  {[]float32{1e4, -1e4}, []float32{0, 0}, []float32{0, 0}, 0, inf, math.Ln2},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			torch.With(func(s *torch.Scope) {
				got := newMixture(s, 2, tc.logits, tc.mean, tc.logSD, []float32{tc.lo}, []float32{tc.hi}).nll().Float64()
				if math.IsNaN(tc.want) != math.IsNaN(got) || got != tc.want && !(math.Abs(got-tc.want) <= 1e-6) && !math.IsNaN(got) {
					t.Errorf("got %g, want %g", got, tc.want)
				}
			})
		})
	}
	t.Run("64 normals, the most", func(t *testing.T) {
		noLeak(t)
		torch.With(func(s *torch.Scope) {
			got := flat(s, 64).nll().Sum().Float64()
			one := flat(s, 1).nll().Sum().Float64()
			if math.Abs(got-one) > 1e-5 { // a float32 sum of 64 terms
				t.Errorf("64 equal normals: got %g, want that of one, %g", got, one)
			}
		})
	})
	t.Run("no rows", func(t *testing.T) {
		noLeak(t)
		torch.With(func(s *torch.Scope) {
			m := newMixture(s, 2, nil, nil, nil, nil, nil)
			nll := m.nll()
			nll.Sum().Backward()
			if got := nll.Shape(); !slices.Equal(got, []int64{0}) {
				t.Errorf("shape: got %v, want [0]", got)
			}
		})
	})
}

func TestMixtureRefuses(t *testing.T) {
	tests := map[string]struct {
		change  func(s *torch.Scope, m *mixture)
		wantErr error
	}{
		"mean of another shape":   {func(s *torch.Scope, m *mixture) { m.mean = m.mean.Transpose(0, 1) }, torch.ErrShape},
		"logits of one dimension": {func(s *torch.Scope, m *mixture) { m.logits = m.lo }, torch.ErrShape},
		"bins of another count":   {func(s *torch.Scope, m *mixture) { m.lo = s.Adopt(torch.Ones([]int64{5}, false)) }, torch.ErrShape},
		"bins of two dimensions":  {func(s *torch.Scope, m *mixture) { m.hi = s.Adopt(torch.Ones([]int64{4, 1}, false)) }, torch.ErrShape},
		"no normals":              {func(s *torch.Scope, m *mixture) { *m = flat(s, 0) }, torch.ErrShape},
		"65 normals":              {func(s *torch.Scope, m *mixture) { *m = flat(s, 65) }, torch.ErrShape},
		"a tensor that is nil":    {func(s *torch.Scope, m *mixture) { m.logSD = torch.Tensor{} }, torch.ErrFreed},
		"a tensor that was freed": {func(s *torch.Scope, m *mixture) { m.lo.Free() }, torch.ErrFreed},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			torch.With(func(s *torch.Scope) {
				m := drawn(s, 4, 2)
				tc.change(s, &m)
				if err := torch.Try(func() { m.nll() }); !errors.Is(err, tc.wantErr) {
					t.Errorf("got error %v, want %v", err, tc.wantErr)
				}
			})
		})
	}
}

// flat makes 4 rows of K equal normals.
func flat(s *torch.Scope, K int64) mixture {
	normals := s.Adopt(torch.Ones([]int64{4, K}, false))
	lo, hi := s.Adopt(torch.Zeros([]int64{4}, torch.Float, torch.Device{})), s.Adopt(torch.Ones([]int64{4}, false))
	return mixture{normals, normals, normals, lo, hi}
}
