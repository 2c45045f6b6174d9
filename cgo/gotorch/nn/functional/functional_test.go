package functional

import (
	"errors"
	"math"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

func TestLinear(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		x := s.Adopt(torch.FromFloat32([]float32{1, 2, 3, -1, 0, 4}, 2, 3))
		w := s.Adopt(torch.FromFloat32([]float32{1, 0, -1, 2, 1, 0.5}, 2, 3))
		b := s.Adopt(torch.FromFloat32([]float32{10, 20}))
		near(t, "without bias", Linear(x, w, torch.Tensor{}).Float32s(), []float64{-2, 5.5, -5, 0}, 0)
		near(t, "with bias", Linear(x, w, b).Float32s(), []float64{8, 25.5, 5, 20}, 0)
	})
}

func TestBatchNormMovesRunningStatisticsOnlyInTraining(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		x := s.Adopt(torch.FromFloat32([]float32{1, 3, 5, 7}, 2, 1, 1, 2)) // mean 4, variance 5, unbiased 20/3
		mean, variance := s.Adopt(torch.FromFloat32([]float32{2})), s.Adopt(torch.FromFloat32([]float32{4}))
		w, b := s.Adopt(torch.FromFloat32([]float32{3})), s.Adopt(torch.FromFloat32([]float32{1}))
		want := func(m, v float64) []float64 {
			var out []float64
			for _, x := range []float64{1, 3, 5, 7} {
				out = append(out, 3*(x-m)/math.Sqrt(v+0.5)+1)
			}
			return out
		}
		near(t, "evaluation", BatchNorm(x, mean, variance, w, b, false, 0.1, 0.5).Float32s(), want(2, 4), 1e-6)
		near(t, "training", BatchNorm(x, mean, variance, w, b, true, 0.1, 0.5).Float32s(), want(4, 5), 1e-6)
		near(t, "running mean", mean.Float32s(), []float64{0.9*2 + 0.1*4}, 1e-6)
		near(t, "running variance", variance.Float32s(), []float64{0.9*4 + 0.1*20/3}, 1e-6)
		none := torch.Tensor{}
		near(t, "of the batch alone", BatchNorm(x, none, none, none, none, true, 0.1, 5).Float32s(),
			[]float64{-3 / math.Sqrt(10), -1 / math.Sqrt(10), 1 / math.Sqrt(10), 3 / math.Sqrt(10)}, 1e-6)
	})
}

func TestLayerNorm(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		x := s.Adopt(torch.FromFloat32([]float32{1, 3, 10, 20}, 2, 2))
		w, b := s.Adopt(torch.FromFloat32([]float32{1, 2})), s.Adopt(torch.FromFloat32([]float32{0, 5}))
		near(t, "rows", LayerNorm(x, []int64{2}, w, b, 0).Float32s(), []float64{-1, 7, -1, 7}, 1e-6)
	})
}

func TestEmbeddings(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		table := s.Adopt(torch.FromFloat32([]float32{0, 1, 10, 11, 20, 21}, 3, 2)).SetRequiresGrad(true)
		ids := s.Adopt(torch.FromInt64([]int64{2, 0, 2, 2}, 2, 2))
		rows := Embedding(ids, table)
		if want := []int64{2, 2, 2}; !slices.Equal(rows.Shape(), want) {
			t.Errorf("shape: got %v, want %v", rows.Shape(), want)
		}
		near(t, "rows", rows.Float32s(), []float64{20, 21, 0, 1, 20, 21, 20, 21}, 0)
		sums := EmbeddingBag(ids, table)
		near(t, "sums", sums.Float32s(), []float64{20, 22, 40, 42}, 0)
		sums.Sum().Backward()
		near(t, "gradient of the sums", table.Grad().Float32s(), []float64{1, 1, 0, 0, 3, 3}, 0)
		bad := s.Adopt(torch.FromInt64([]int64{3}, 1, 1))
		if err := torch.Try(func() { Embedding(bad, table) }); !errors.Is(err, torch.ErrShape) {
			t.Errorf("index beyond the table: got error %v, want ErrShape", err)
		}
	})
}

func TestActivations(t *testing.T) {
	in := []float32{-2, -0.5, 0, 1.5}
	tests := map[string]struct {
		f    func(torch.Tensor) torch.Tensor
		want func(float64) float64
	}{
		"relu":       {func(x torch.Tensor) torch.Tensor { return Relu(x, false) }, func(x float64) float64 { return max(x, 0) }},
		"leaky relu": {func(x torch.Tensor) torch.Tensor { return LeakyRelu(x, 0.1, false) }, func(x float64) float64 { return max(x, 0.1*x) }},
		"gelu":       {GELU, func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			torch.With(func(s *torch.Scope) {
				x := s.Adopt(torch.FromFloat32(in))
				var want []float64
				for _, v := range in {
					want = append(want, tc.want(float64(v)))
				}
				near(t, "value", tc.f(x).Float32s(), want, 1e-6)
				if !slices.Equal(x.Float32s(), in) {
					t.Errorf("input changed: got %v, want %v", x.Float32s(), in)
				}
			})
		})
	}
}

func TestInplaceActivationsChangeTheInputAndKeepGradients(t *testing.T) {
	for name, f := range map[string]func(x torch.Tensor, inplace bool) torch.Tensor{
		"relu":       Relu,
		"leaky relu": func(x torch.Tensor, inplace bool) torch.Tensor { return LeakyRelu(x, 0.1, inplace) },
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			torch.With(func(s *torch.Scope) {
				leaf := s.Adopt(torch.FromFloat32([]float32{-2, 3})).SetRequiresGrad(true)
				f(leaf, false).Square().Sum().Backward()
				want := leaf.Grad().Float32s()
				torch.ZeroGrads([]torch.Tensor{leaf})

				x := leaf.MulScalar(1)
				y := f(x, true)
				if !slices.Equal(x.Float32s(), y.Float32s()) || x.Float32s()[0] == -2 {
					t.Errorf("in place: input %v, result %v, want them equal and changed", x.Float32s(), y.Float32s())
				}
				y.Square().Sum().Backward()
				if got := leaf.Grad().Float32s(); !slices.Equal(got, want) {
					t.Errorf("gradient in place: got %v, want %v", got, want)
				}
			})
		})
	}
}

func TestLogSoftmaxAndDropout(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		x := s.Adopt(torch.FromFloat32([]float32{0, float32(math.Log(3))}, 1, 2))
		near(t, "log softmax", LogSoftmax(x, 1).Float32s(), []float64{math.Log(0.25), math.Log(0.75)}, 1e-6)

		ones := s.Adopt(torch.Ones([]int64{10000}, false))
		zeros := 0
		for _, v := range Dropout(ones, 0.25, true).Float32s() {
			if v == 0 {
				zeros++
			} else if math.Abs(float64(v)-4./3) > 1e-6 {
				t.Fatalf("kept element: got %g, want 4/3", v)
			}
		}
		if zeros < 2300 || zeros > 2700 { // 2500 expected, sd 43
			t.Errorf("dropped %d of 10000, want about 2500", zeros)
		}
		if !torch.Equal(Dropout(ones, 0.25, false), ones) {
			t.Error("dropout changes values without training")
		}
	})
}

func TestArgumentsThatFitNothing(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		x := newImage(1, 4, 4).tensor(s)
		w := s.Adopt(torch.FromFloat32(ramp(4), 1, 1, 2, 2))
		none, one := torch.Tensor{}, []int64{1}
		tests := map[string]struct {
			f       func()
			wantErr error
		}{
			"no stride":            {func() { Conv2d(x, w, none, nil, one, one, 1) }, torch.ErrShape},
			"three dilations":      {func() { Conv2d(x, w, none, one, one, []int64{1, 1, 1}, 1) }, torch.ErrShape},
			"no output size":       {func() { AdaptiveAvgPool2d(x, nil) }, torch.ErrShape},
			"unknown reduction":    {func() { BinaryCrossEntropy(x, x, none, "median") }, torch.ErrTorch},
			"channels of no group": {func() { Conv2d(x, w, none, one, one, one, 3) }, torch.ErrTorch},
			"one value a channel":  {func() { BatchNorm(s.Adopt(torch.Ones([]int64{1, 2}, false)), none, none, none, none, true, 0.1, 1e-5) }, torch.ErrShape},
		}
		for name, tc := range tests {
			if err := torch.Try(tc.f); !errors.Is(err, tc.wantErr) {
				t.Errorf("%s: got error %v, want %v", name, err, tc.wantErr)
			}
		}
	})
}
