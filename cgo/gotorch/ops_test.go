package gotorch_test

import (
	"math"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

type (
	T = torch.Tensor
	S = torch.Scope
)

// opCase is an operation, what it gives for some numbers, and whether its gradient is checked by differences.
type opCase struct {
	in       []arr
	f        func(s *S, x []T) T
	want     arr
	constant bool // its gradient is zero, undefined or not wanted
}

// Float64 operations are within some rounding errors of Go's own; 1e-12 leaves room for another order of summing.
const opTolerance = 1e-12

func runOps(t *testing.T, cases map[string]opCase) {
	t.Helper()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			s := torch.NewScope()
			defer s.Close()
			var x []T
			for _, in := range tc.in {
				x = append(x, in.in(s))
			}
			checkValues(t, "result", tc.f(s, x), tc.want, opTolerance)
			if !tc.constant {
				checkGradients(t, tc.f, tc.in)
			}
		})
	}
}

// one is an operation of the first input alone.
func one(f func(T) T) func(*S, []T) T {
	return func(_ *S, x []T) T { return f(x[0]) }
}

// two is an operation of the first two inputs.
func two(f func(a, b T) T) func(*S, []T) T {
	return func(_ *S, x []T) T { return f(x[0], x[1]) }
}

func TestUnaryOps(t *testing.T) {
	x := mat(2, 3, -2, -0.5, 0.25, 1, 1.5, 3)
	positive := mat(2, 3, 0.1, 0.5, 1, 2, 3, 10)
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	elementwise := map[string]struct {
		in       arr
		op       func(T) T
		ref      func(float64) float64
		constant bool
	}{
		"abs":    {x, T.Abs, math.Abs, false},
		"neg":    {x, T.Neg, func(v float64) float64 { return -v }, false},
		"exp":    {x, T.Exp, math.Exp, false},
		"log":    {positive, T.Log, math.Log, false},
		"log1p":  {positive, T.Log1p, math.Log1p, false},
		"sqrt":   {positive, T.Sqrt, math.Sqrt, false},
		"square": {x, T.Square, func(v float64) float64 { return v * v }, false},
		"sin":    {x, T.Sin, math.Sin, false},
		"cos":    {x, T.Cos, math.Cos, false},
		"floor":  {x, T.Floor, math.Floor, true},
		"round":  {x, T.Round, math.RoundToEven, true},
		"relu":   {x, torch.Relu, func(v float64) float64 { return math.Max(v, 0) }, false},
		"leaky relu": {x,
			func(a T) T { return torch.LeakyRelu(a, 0.1) },
			func(v float64) float64 { return math.Max(v, 0.1*v) }, false},
		"sigmoid": {x, torch.Sigmoid, sigmoid, false},
		"tanh":    {x, torch.Tanh, math.Tanh, false},
		"silu":    {x, T.Silu, func(v float64) float64 { return v * sigmoid(v) }, false},
		"gelu":    {x, T.Gelu, func(v float64) float64 { return v * 0.5 * math.Erfc(-v/math.Sqrt2) }, false},
		"gelu by tanh": {x, T.GeluTanh, func(v float64) float64 {
			return 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
		}, false},
		"softplus":            {x, T.Softplus, func(v float64) float64 { return math.Log1p(math.Exp(v)) }, false},
		"softplus, far right": {vec(30), T.Softplus, func(v float64) float64 { return v }, false},
		"add scalar": {x,
			func(a T) T { return a.AddScalar(1.5) }, func(v float64) float64 { return v + 1.5 }, false},
		"mul scalar": {x,
			func(a T) T { return a.MulScalar(-2) }, func(v float64) float64 { return v * -2 }, false},
		"div scalar": {x,
			func(a T) T { return a.DivScalar(4) }, func(v float64) float64 { return v / 4 }, false},
		"pow": {positive,
			func(a T) T { return a.Pow(2.5) }, func(v float64) float64 { return math.Pow(v, 2.5) }, false},
		"clamp": {x,
			func(a T) T { return a.Clamp(-1, 1.25) },
			func(v float64) float64 { return math.Min(math.Max(v, -1), 1.25) }, false},
		"clamp min": {x,
			func(a T) T { return a.ClampMin(0) }, func(v float64) float64 { return math.Max(v, 0) }, false},
		"clamp max": {x,
			func(a T) T { return a.ClampMax(0) }, func(v float64) float64 { return math.Min(v, 0) }, false},
		"clone": {x, T.Clone, func(v float64) float64 { return v }, false},
		"dropout, not training": {x, func(a T) T { return torch.Dropout(a, 0.5, false) },
			func(v float64) float64 { return v }, false},
		"dropout of everything": {x, func(a T) T { return torch.Dropout(a, 1, true) },
			func(v float64) float64 { return 0 }, false},
		"fill": {x,
			func(a T) T { return a.Clone().FillI(7) }, func(v float64) float64 { return 7 }, true},
		"zero": {x,
			func(a T) T { return a.Clone().ZeroI() }, func(v float64) float64 { return 0 }, true},
		"relu in place": {x,
			func(a T) T { return a.Clone().ReluI() }, func(v float64) float64 { return math.Max(v, 0) }, false},
		"add scalar in place": {x,
			func(a T) T { return a.Clone().AddScalarI(2) }, func(v float64) float64 { return v + 2 }, false},
		"mul scalar in place": {x,
			func(a T) T { return a.Clone().MulScalarI(3) }, func(v float64) float64 { return 3 * v }, false},
	}
	cases := map[string]opCase{}
	for name, c := range elementwise {
		cases[name] = opCase{[]arr{c.in}, one(c.op), mapped(c.ref, c.in), c.constant}
	}
	runOps(t, cases)
}

func TestBinaryOps(t *testing.T) {
	a, b := mat(2, 2, 1, 2, 3, 4), mat(2, 2, 0.5, -1, 2, 8)
	runOps(t, map[string]opCase{
		"add scales the second": {[]arr{a, b},
			two(func(a, b T) T { return a.Add(b, 2) }), mat(2, 2, 2, 0, 7, 20), false},
		"add broadcasts a row": {[]arr{a, vec(10, 20)},
			two(func(a, b T) T { return torch.Add(a, b, 1) }), mat(2, 2, 11, 22, 13, 24), false},
		"sub scales the second": {[]arr{a, b},
			two(func(a, b T) T { return a.Sub(b, 2) }), mat(2, 2, 0, 4, -1, -12), false},
		"mul": {[]arr{a, b}, two(T.Mul), mat(2, 2, 0.5, -2, 6, 32), false},
		"div": {[]arr{a, b}, two(T.Div), mat(2, 2, 2, -2, 1.5, 0.5), false},
		"add in place": {[]arr{a, b},
			two(func(a, b T) T { return a.Clone().AddI(b, 2) }), mat(2, 2, 2, 0, 7, 20), false},
		"sub in place": {[]arr{a, b},
			two(func(a, b T) T { return a.Clone().SubI(b, 1) }), mat(2, 2, 0.5, 3, 1, -4), false},
		"mul in place": {[]arr{a, b},
			two(func(a, b T) T { return a.Clone().MulI(b) }), mat(2, 2, 0.5, -2, 6, 32), false},
		"div in place": {[]arr{a, b},
			two(func(a, b T) T { return a.Clone().DivI(b) }), mat(2, 2, 2, -2, 1.5, 0.5), false},
		"copy broadcasts": {[]arr{a, vec(7, 8)},
			two(func(a, b T) T { return a.Clone().CopyI(b) }), mat(2, 2, 7, 8, 7, 8), true},
		"minimum":            {[]arr{a, b}, two(torch.Minimum), mat(2, 2, 0.5, -1, 2, 4), false},
		"maximum":            {[]arr{a, b}, two(torch.Maximum), mat(2, 2, 1, 2, 3, 8), false},
		"power of a tensor":  {[]arr{a, mat(2, 2, 0.5, -1, 2, 3)}, two(torch.PowTensor), mat(2, 2, 1, 0.5, 9, 64), false},
		"matmul of a vector": {[]arr{a, vec(1, -1)}, two(torch.Matmul), vec(-1, -1), false},
		"mm":                 {[]arr{a, b}, two(torch.MM), mat(2, 2, 4.5, 15, 9.5, 29), false},
		"bmm": {[]arr{cube(2, 1, 2, 1, 2, 3, 4), cube(2, 2, 1, 5, 6, 7, 8)},
			two(torch.Bmm), cube(2, 1, 1, 17, 53), false},
		"addmm": {[]arr{vec(100, 200), a, b},
			func(_ *S, x []T) T { return torch.Addmm(x[0], x[1], x[2]) }, mat(2, 2, 104.5, 215, 109.5, 229), false},
		"linear": {[]arr{mat(1, 2, 1, 2), mat(3, 2, 1, 0, 0, 1, 1, 1), vec(10, 20, 30)},
			func(_ *S, x []T) T { return torch.Linear(x[0], x[1], x[2]) }, mat(1, 3, 11, 22, 33), false},
		"linear without a bias": {[]arr{mat(1, 2, 1, 2), mat(3, 2, 1, 0, 0, 1, 1, 1)},
			two(func(x, w T) T { return torch.Linear(x, w, T{}) }), mat(1, 3, 1, 2, 3), false},
		"expand as": {[]arr{mat(1, 2, 1, 2), b},
			two(func(a, b T) T { return a.ExpandAs(b).Mul(b) }), mat(2, 2, 0.5, -2, 2, 16), false},
		"baddbmm": {[]arr{cube(2, 1, 1, 1000, 2000), cube(2, 1, 2, 1, 2, 3, 4), cube(2, 2, 1, 5, 6, 7, 8)},
			func(_ *S, x []T) T { return torch.BAddBmm(x[0], x[1], x[2]) }, cube(2, 1, 1, 1017, 2053), false},
		"where": {[]arr{a, b}, two(func(a, b T) T { return torch.Where(a.Gt(b), a, b) }), mat(2, 2, 1, 2, 3, 8), false},
		"masked fill": {[]arr{a, b}, two(func(a, b T) T { return a.MaskedFill(b.LtScalar(1), -9) }),
			mat(2, 2, -9, -9, 3, 4), true},
	})
}

func TestLayers(t *testing.T) {
	norm := func(v ...float64) (out []float64) {
		mean, variance := 0.0, 0.0
		for _, x := range v {
			mean += x / float64(len(v))
		}
		for _, x := range v {
			variance += (x - mean) * (x - mean) / float64(len(v))
		}
		for _, x := range v {
			out = append(out, (x-mean)/math.Sqrt(variance+1e-5))
		}
		return out
	}
	x := mat(2, 3, 1, 2, 4, -1, 0, 5)
	normed := arr{x.shape, append(norm(1, 2, 4), norm(-1, 0, 5)...)}
	scaled := arr{x.shape, append([]float64(nil), normed.v...)}
	for i := range scaled.v {
		scaled.v[i] = scaled.v[i]*[]float64{1, 2, 3}[i%3] + []float64{10, 20, 30}[i%3]
	}
	rms := func(v ...float64) (out []float64) {
		sum := 0.0
		for _, x := range v {
			sum += x * x / float64(len(v))
		}
		for i, x := range v {
			out = append(out, x/math.Sqrt(sum+1e-5)*float64(i+1))
		}
		return out
	}
	runOps(t, map[string]opCase{
		"layer norm": {[]arr{x}, one(func(x T) T { return torch.LayerNorm(x, T{}, T{}, 3, 1e-5) }), normed, false},
		"layer norm with weight and bias": {[]arr{x, vec(1, 2, 3), vec(10, 20, 30)}, func(_ *S, x []T) T {
			return torch.LayerNorm(x[0], x[1], x[2], 3, 1e-5)
		}, scaled, false},
		"rms norm": {[]arr{x, vec(1, 2, 3)}, two(func(x, w T) T { return torch.RMSNorm(x, w, 3, 1e-5) }),
			arr{x.shape, append(rms(1, 2, 4), rms(-1, 0, 5)...)}, false},
		"conv1d": {[]arr{cube(1, 1, 4, 1, 2, 3, 4), cube(1, 1, 2, 10, 1), vec(100)}, func(_ *S, x []T) T {
			return torch.Conv1d(x[0], x[1], x[2], 1, 0, 1, 1)
		}, cube(1, 1, 3, 112, 123, 134), false},
		"conv1d, dilated, padded": {[]arr{cube(1, 1, 4, 1, 2, 3, 4), cube(1, 1, 2, 10, 1)}, two(func(x, w T) T {
			return torch.Conv1d(x, w, T{}, 1, 2, 2, 1)
		}), cube(1, 1, 6, 1, 2, 13, 24, 30, 40), false},
		"max pool": {[]arr{cube(1, 1, 5, 3, 1, 2, 5, 4)},
			one(func(x T) T { return torch.MaxPool1d(x, 2, 2, 0, 1, false) }),
			cube(1, 1, 2, 3, 5), false},
		"max pool, last window cut": {[]arr{cube(1, 1, 5, 3, 1, 2, 5, 4)},
			one(func(x T) T { return torch.MaxPool1d(x, 2, 2, 0, 1, true) }),
			cube(1, 1, 3, 3, 5, 4), false},
	})
}

func TestReductions(t *testing.T) {
	x := mat(2, 3, 1, 5, 3, -2, 0, 4)
	logSum := func(v ...float64) float64 {
		sum := 0.0
		for _, x := range v {
			sum += math.Exp(x)
		}
		return math.Log(sum)
	}
	a, b := logSum(1, 5, 3), logSum(-2, 0, 4)
	scalar := func(v float64) arr { return arr{[]int64{}, []float64{v}} }
	byDim := map[string]interface{}{"dim": 1, "keepDim": true}
	runOps(t, map[string]opCase{
		"sum":            {[]arr{x}, one(func(x T) T { return torch.Sum(x) }), scalar(11), false},
		"sum by options": {[]arr{x}, one(func(x T) T { return x.Sum(byDim) }), mat(2, 1, 9, 2), false},
		"sum of two dims": {[]arr{x},
			one(func(x T) T { return x.SumDim([]int64{0, 1}, false) }), scalar(11), false},
		"sum along the first": {[]arr{x},
			one(func(x T) T { return x.SumDim([]int64{0}, false) }), vec(-1, 5, 7), false},
		"mean": {[]arr{x}, one(torch.Mean), scalar(11.0 / 6), false},
		"mean along a dim": {[]arr{x},
			one(func(x T) T { return x.MeanDim([]int64{-1}, false) }), vec(3, 2.0/3), false},
		"variance": {[]arr{x},
			one(func(x T) T { return x.Var([]int64{1}, true, false) }), vec(4, 28.0/3), false},
		"variance by count": {[]arr{x},
			one(func(x T) T { return x.Var([]int64{1}, false, true) }), mat(2, 1, 8.0/3, 56.0/9), false},
		"max": {[]arr{x}, one(T.Max), scalar(5), false},
		"min": {[]arr{x}, one(T.Min), scalar(-2), false},
		"max along a dim": {[]arr{x},
			one(func(x T) T { v, _ := x.MaxDim(1, false); return v }), vec(5, 4), false},
		"where max is": {[]arr{x},
			one(func(x T) T { _, i := x.MaxDim(1, true); return i }), mat(2, 1, 1, 2), true},
		"min along a dim": {[]arr{x},
			one(func(x T) T { v, _ := x.MinDim(0, true); return v }), mat(1, 3, -2, 0, 3), false},
		"where min is": {[]arr{x},
			one(func(x T) T { _, i := x.MinDim(0, false); return i }), vec(1, 1, 0), true},
		"log sum exp": {[]arr{x},
			one(func(x T) T { return x.LogSumExp([]int64{1}, false) }), vec(a, b), false},
		"log sum exp of all": {[]arr{x},
			one(func(x T) T { return x.LogSumExp(nil, false) }), scalar(logSum(a, b)), false},
		"log sum exp of large": {[]arr{vec(1000, 1000)},
			one(func(x T) T { return x.LogSumExp(nil, false) }), scalar(1000 + math.Ln2), false},
		"2-norm": {[]arr{x},
			one(func(x T) T { return x.Norm(2, nil, false) }), scalar(math.Sqrt(55)), false},
		"1-norm along a dim": {[]arr{x},
			one(func(x T) T { return x.Norm(1, []int64{1}, true) }), mat(2, 1, 9, 6), true},
		"running sum": {[]arr{x},
			one(func(x T) T { return x.Cumsum(1) }), mat(2, 3, 1, 6, 9, -2, -2, 2), false},
		"softmax": {[]arr{x},
			one(func(x T) T { return x.Softmax(1) }), mapped(math.Exp, mat(2, 3, 1-a, 5-a, 3-a, -2-b, -b, 4-b)), false},
		"log softmax": {[]arr{x},
			one(func(x T) T { return torch.LogSoftmax(x, -1) }), mat(2, 3, 1-a, 5-a, 3-a, -2-b, -b, 4-b), false},
		"argmax of all": {[]arr{x}, one(func(x T) T { return x.Argmax() }), scalar(1), true},
		"argmax along a dim": {[]arr{x},
			one(func(x T) T { return x.Argmax(int64(0), true) }), mat(1, 3, 0, 0, 1), true},
		"argmin along a dim": {[]arr{x}, one(func(x T) T { return x.Argmin(int32(1)) }), vec(0, 0), true},
		"sort": {[]arr{x},
			one(func(x T) T { v, _ := x.Sort(1, false); return v }), mat(2, 3, 1, 3, 5, -2, 0, 4), false},
		"sort keeps the order of equals": {[]arr{vec(2, 1, 2, 1)},
			one(func(x T) T { return x.Argsort(0, true) }), vec(0, 2, 1, 3), true},
		"top k": {[]arr{x},
			one(func(x T) T { v, _ := torch.TopK(x, 2, 1, true, true); return v }), mat(2, 2, 5, 3, 4, 0), false},
		"where top k is": {[]arr{x},
			one(func(x T) T { _, i := torch.TopK(x, 1, 1, false, true); return i }), mat(2, 1, 0, 0), true},
	})
}

func TestShapeOps(t *testing.T) {
	x := mat(2, 3, 1, 2, 3, 4, 5, 6)
	runOps(t, map[string]opCase{
		"view": {[]arr{x},
			one(func(x T) T { return torch.View(x, 3, -1) }), mat(3, 2, 1, 2, 3, 4, 5, 6), false},
		"reshape copies": {[]arr{x},
			one(func(x T) T { return x.Transpose(0, 1).Reshape(6) }), vec(1, 4, 2, 5, 3, 6), false},
		"expand": {[]arr{mat(2, 1, 7, 8)},
			one(func(x T) T { return x.Expand(-1, 2) }), mat(2, 2, 7, 7, 8, 8), false},
		"permute": {[]arr{x},
			one(func(x T) T { return x.Permute([]int64{1, 0}) }), mat(3, 2, 1, 4, 2, 5, 3, 6), false},
		"transpose": {[]arr{x},
			one(func(x T) T { return torch.Transpose(x, 0, -1) }), mat(3, 2, 1, 4, 2, 5, 3, 6), false},
		"flip": {[]arr{x},
			one(func(x T) T { return x.FlipDim(1) }), mat(2, 3, 3, 2, 1, 6, 5, 4), false},
		"squeeze of all": {[]arr{cube(1, 2, 1, 7, 8)},
			one(func(x T) T { return torch.Squeeze(x) }), vec(7, 8), false},
		"squeeze of one": {[]arr{cube(1, 2, 1, 7, 8)},
			one(func(x T) T { return torch.Squeeze(x, 2) }), mat(1, 2, 7, 8), false},
		"unsqueeze": {[]arr{vec(7, 8)},
			one(func(x T) T { return x.Unsqueeze(0).Unsqueeze(-1) }), cube(1, 2, 1, 7, 8), false},
		"flatten": {[]arr{cube(2, 2, 1, 1, 2, 3, 4)},
			one(func(x T) T { return torch.Flatten(x, 0, 1) }), mat(4, 1, 1, 2, 3, 4), false},
		"contiguous": {[]arr{x},
			one(func(x T) T { return x.Transpose(0, 1).Contiguous() }), mat(3, 2, 1, 4, 2, 5, 3, 6), false},
		"narrow": {[]arr{x},
			one(func(x T) T { return x.Narrow(1, 1, 2) }), mat(2, 2, 2, 3, 5, 6), false},
		"select": {[]arr{x}, one(func(x T) T { return x.Select(0, -1) }), vec(4, 5, 6), false},
		"index": {[]arr{x},
			one(func(x T) T { return x.Index(1, 2) }), arr{[]int64{}, []float64{6}}, false},
		"index of a row": {[]arr{x}, one(func(x T) T { return x.Index(0) }), vec(1, 2, 3), false},
		"cat": {[]arr{x, mat(2, 1, 8, 9)},
			two(func(a, b T) T { return torch.Cat([]T{a, b}, 1) }), mat(2, 4, 1, 2, 3, 8, 4, 5, 6, 9), false},
		"stack": {[]arr{vec(1, 2), vec(3, 4)},
			two(func(a, b T) T { return torch.Stack([]T{a, b}, 1) }), mat(2, 2, 1, 3, 2, 4), false},
		"detach has no history": {[]arr{x}, one(func(x T) T { return x.Detach() }), x, true},
	})
}

func TestIndexOps(t *testing.T) {
	x := mat(3, 2, 1, 2, 3, 4, 5, 6)
	runOps(t, map[string]opCase{
		"index select": {[]arr{x}, func(s *S, x []T) T {
			return torch.IndexSelect(x[0], 0, ints(s, []int64{3}, 2, 0, 2))
		}, mat(3, 2, 5, 6, 1, 2, 5, 6), false},
		"gather": {[]arr{x}, func(s *S, x []T) T {
			return x[0].Gather(1, ints(s, []int64{3, 1}, 1, 0, 1))
		}, mat(3, 1, 2, 3, 6), false},
		"scatter": {[]arr{x, mat(3, 1, 10, 20, 30)}, func(s *S, x []T) T {
			return x[0].Scatter(1, ints(s, []int64{3, 1}, 1, 0, 1), x[1])
		}, mat(3, 2, 1, 10, 20, 4, 5, 30), false},
		"index add, twice to one row": {[]arr{x, mat(2, 2, 10, 20, 30, 40)}, func(s *S, x []T) T {
			return x[0].IndexAdd(0, ints(s, []int64{2}, 1, 1), x[1])
		}, mat(3, 2, 1, 2, 43, 64, 5, 6), false},
		"index add in place": {[]arr{x, mat(2, 2, 10, 20, 30, 40)}, func(s *S, x []T) T {
			return x[0].Clone().IndexAddI(0, ints(s, []int64{2}, 0, 2), x[1])
		}, mat(3, 2, 11, 22, 3, 4, 35, 46), false},
		"index copy in place": {[]arr{x, mat(1, 2, 10, 20)}, func(s *S, x []T) T {
			return x[0].Clone().IndexCopyI(0, ints(s, []int64{1}, 1), x[1])
		}, mat(3, 2, 1, 2, 10, 20, 5, 6), false},
		"index fill in place": {[]arr{x}, func(s *S, x []T) T {
			return x[0].Clone().IndexFillI(1, ints(s, []int64{1}, 1), 7)
		}, mat(3, 2, 1, 7, 3, 7, 5, 7), false},
		"nonzero": {[]arr{mat(2, 2, 0, 1, 2, 0)}, func(_ *S, x []T) T { return x[0].NonZero() },
			mat(2, 2, 0, 1, 1, 0), true},
		"one hot": {[]arr{vec(2, 0)}, func(_ *S, x []T) T { return x[0].CastTo(torch.Long).OneHot(3) },
			mat(2, 3, 0, 0, 1, 1, 0, 0), true},
		"embedding": {[]arr{x}, func(s *S, x []T) T {
			return torch.Embedding(x[0], ints(s, []int64{1, 2}, 2, 0))
		}, cube(1, 2, 2, 5, 6, 1, 2), false},
		"embedding bag": {[]arr{x}, func(s *S, x []T) T {
			return torch.EmbeddingBagSum(x[0], ints(s, []int64{2, 3}, 0, 1, 1, 2, 2, 2))
		}, mat(2, 2, 7, 10, 15, 18), false},
	})
}
