package gotorch_test

import (
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

func TestDataInAndOut(t *testing.T) {
	leaktest.Check(t)
	tests := map[string]struct {
		make  func() T
		dtype int8
		out   func(T) any
		want  any
	}{
		"float32":  {func() T { return torch.FromFloat32([]float32{1.5, -2}) }, torch.Float, func(a T) any { return a.Float32s() }, []float32{1.5, -2}},
		"float64":  {func() T { return torch.FromFloat64([]float64{1.5, -2}) }, torch.Double, func(a T) any { return a.Float64s() }, []float64{1.5, -2}},
		"int64":    {func() T { return torch.FromInt64([]int64{math.MaxInt64, -2}) }, torch.Long, func(a T) any { return a.Int64s() }, []int64{math.MaxInt64, -2}},
		"int32":    {func() T { return torch.FromInt32([]int32{math.MinInt32, 2}) }, torch.Int, func(a T) any { return a.Int32s() }, []int32{math.MinInt32, 2}},
		"uint8":    {func() T { return torch.FromUint8([]uint8{255, 0}) }, torch.Byte, func(a T) any { return a.Uint8s() }, []uint8{255, 0}},
		"bool":     {func() T { return torch.FromBool([]bool{true, false}) }, torch.Bool, func(a T) any { return a.Bools() }, []bool{true, false}},
		"converts": {func() T { return torch.FromInt64([]int64{3, 0}) }, torch.Long, func(a T) any { return a.Float32s() }, []float32{3, 0}},
		"none":     {func() T { return torch.FromFloat32(nil) }, torch.Float, func(a T) any { return a.Float32s() }, []float32{}},
		"to float32": {func() T { return torch.FromInt64([]int64{3, 1}) }, torch.Long,
			func(a T) any { b := make([]float32, 2); a.CopyToFloat32(b); return b }, []float32{3, 1}},
		"to int64": {func() T { return torch.FromFloat32([]float32{3, 1}) }, torch.Float,
			func(a T) any { b := make([]int64, 2); a.CopyToInt64(b); return b }, []int64{3, 1}},
		"to int32": {func() T { return torch.FromFloat32([]float32{3, 1}) }, torch.Float,
			func(a T) any { b := make([]int32, 2); a.CopyToInt32(b); return b }, []int32{3, 1}},
		"to uint8": {func() T { return torch.FromFloat32([]float32{3, 1}) }, torch.Float,
			func(a T) any { b := make([]uint8, 2); a.CopyToUint8(b); return b }, []uint8{3, 1}},
		"transposed": {func() T {
			a := torch.FromFloat32([]float32{1, 2, 3, 4}, 2, 2)
			defer a.Free()
			return a.Transpose(0, 1)
		}, torch.Float, func(a T) any { return a.Float32s() }, []float32{1, 3, 2, 4}},
		"from a blob": {func() T {
			v := []int32{1, 2}
			return torch.FromBlob(unsafe.Pointer(&v[0]), torch.Int, []int64{2})
		}, torch.Int, func(a T) any { return a.Int32s() }, []int32{1, 2}},
		"from float32": {func() T { a := torch.FromInt64([]int64{0, 0}); a.CopyFromFloat32([]float32{4, 5}); return a }, torch.Long,
			func(a T) any { return a.Int64s() }, []int64{4, 5}},
		"from float64": {func() T { a := torch.FromFloat32([]float32{0, 0}); a.CopyFromFloat64([]float64{4, 5}); return a }, torch.Float,
			func(a T) any { return a.Float32s() }, []float32{4, 5}},
		"from int64": {func() T { a := torch.FromFloat32([]float32{0, 0}); a.CopyFromInt64([]int64{4, 5}); return a }, torch.Float,
			func(a T) any { return a.Float32s() }, []float32{4, 5}},
		"from int32": {func() T { a := torch.FromFloat32([]float32{0, 0}); a.CopyFromInt32([]int32{4, 5}); return a }, torch.Float,
			func(a T) any { return a.Float32s() }, []float32{4, 5}},
		"from uint8, into a leaf": {func() T {
			a := torch.FromFloat32([]float32{0, 0}).SetRequiresGrad(true)
			a.CopyFromUint8([]uint8{4, 5})
			return a
		}, torch.Float, func(a T) any { return a.Float32s() }, []float32{4, 5}},
		"nothing into nothing": {func() T { a := torch.FromFloat32(nil); a.CopyFromFloat32(nil); return a }, torch.Float,
			func(a T) any { return a.Float32s() }, []float32{}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			a := tc.make()
			defer a.Free()
			if got := a.Dtype(); got != tc.dtype {
				t.Errorf("type %s, want %s", torch.DTypeName(got), torch.DTypeName(tc.dtype))
			}
			if got := tc.out(a); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// The tensor must not keep or follow the slice it was made from.
func TestDataIsCopied(t *testing.T) {
	leaktest.Check(t)
	v := []float32{1, 2}
	a := torch.FromFloat32(v)
	defer a.Free()
	v[0] = 9
	out := a.Float32s()
	out[1] = 9
	if got := a.Float32s(); !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("got %v, want [1 2]", got)
	}
	p := (*float32)(a.DataPtrNoCopy())
	*p = 7
	runtime.KeepAlive(a)
	if got := a.Float32s(); got[0] != 7 {
		t.Errorf("got %v after a write through the pointer, want 7 first", got)
	}
}

func TestNewTensor(t *testing.T) {
	leaktest.Check(t)
	tests := map[string]struct {
		data  interface{}
		opts  map[string]interface{}
		shape []int64
		dtype int8
		want  []float64
	}{
		"a number":         {float32(2.5), nil, []int64{}, torch.Float, []float64{2.5}},
		"an int":           {7, nil, []int64{}, torch.Long, []float64{7}},
		"a bool":           {true, nil, []int64{}, torch.Bool, []float64{1}},
		"a slice":          {[]int16{1, 2}, nil, []int64{2}, torch.Short, []float64{1, 2}},
		"an array":         {[2]int8{1, -2}, nil, []int64{2}, torch.Char, []float64{1, -2}},
		"rows":             {[][]float32{{1, 2, 3}, {4, 5, 6}}, nil, []int64{2, 3}, torch.Float, []float64{1, 2, 3, 4, 5, 6}},
		"an array of rows": {[2][][1]uint8{{{1}, {2}}, {{3}, {4}}}, nil, []int64{2, 2, 1}, torch.Byte, []float64{1, 2, 3, 4}},
		"no rows":          {[][]float64{}, nil, []int64{0, 0}, torch.Double, []float64{}},
		"another type":     {[]float64{1.5}, map[string]interface{}{"dtype": torch.Int}, []int64{1}, torch.Int, []float64{1}},
		"a leaf":           {[]float64{1.5}, map[string]interface{}{"requires_grad": true}, []int64{1}, torch.Double, []float64{1.5}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var opts []map[string]interface{}
			if tc.opts != nil {
				opts = append(opts, tc.opts)
			}
			a := torch.NewTensor(tc.data, opts...)
			defer a.Free()
			checkValues(t, "tensor", a, arr{tc.shape, tc.want}, 0)
			if got := a.Dtype(); got != tc.dtype {
				t.Errorf("type %s, want %s", torch.DTypeName(got), torch.DTypeName(tc.dtype))
			}
			if got, want := a.RequiresGrad(), tc.opts["requires_grad"] == true; got != want {
				t.Errorf("requires gradients: %v, want %v", got, want)
			}
		})
	}
}

func TestCreate(t *testing.T) {
	cpu := torch.Device{}
	tests := map[string]struct {
		make func() T
		want arr
	}{
		"zeros":     {func() T { return torch.Zeros([]int64{2}, torch.Int, cpu) }, vec(0, 0)},
		"ones":      {func() T { return torch.Ones([]int64{2}, false) }, vec(1, 1)},
		"full":      {func() T { return torch.Full([]int64{1, 2}, 2.5, false) }, mat(1, 2, 2.5, 2.5)},
		"full on":   {func() T { return torch.FullOn([]int64{2}, 1<<40, torch.Long, cpu) }, vec(1<<40, 1<<40)},
		"eye":       {func() T { return torch.Eye(2, 3, false) }, mat(2, 3, 1, 0, 0, 0, 1, 0)},
		"arange":    {func() T { return torch.Arange(1, 2, 0.5, false) }, vec(1, 1.5)},
		"whole":     {func() T { return torch.ArangeInt(3, 6, cpu) }, vec(3, 4, 5)},
		"linspace":  {func() T { return torch.Linspace(0, 1, 5, false) }, vec(0, 0.25, 0.5, 0.75, 1)},
		"logspace":  {func() T { return torch.Logspace(0, 2, 3, 10, false) }, vec(1, 10, 100)},
		"empty":     {func() T { return torch.Empty([]int64{0, 4}, false) }, arr{[]int64{0, 4}, nil}},
		"empty on":  {func() T { return torch.EmptyOn([]int64{0}, torch.Long, cpu) }, arr{[]int64{0}, nil}},
		"of no dim": {func() T { return torch.Full(nil, 3, false) }, arr{nil, []float64{3}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			a := tc.make()
			defer a.Free()
			checkValues(t, name, a, tc.want, 1e-6)
		})
	}
	for name, make := range map[string]func() T{
		"rand":    func() T { return torch.Rand([]int64{1000}, true) },
		"randn":   func() T { return torch.RandN([]int64{1000}, true) },
		"randint": func() T { return torch.Randint(3, 5, []int64{1000}, cpu) },
	} {
		a := make()
		sum, min, max := 0.0, math.Inf(1), math.Inf(-1)
		for _, v := range a.Float64s() {
			sum, min, max = sum+v, math.Min(min, v), math.Max(max, v)
		}
		mean := sum / 1000
		ok := map[string]bool{ // bounds of 6 standard deviations of the mean
			"rand":    min >= 0 && max < 1 && math.Abs(mean-0.5) < 6*0.289/31.6,
			"randn":   min < -1 && max > 1 && math.Abs(mean) < 6/31.6,
			"randint": min == 3 && max == 4 && math.Abs(mean-3.5) < 6*0.5/31.6,
		}[name]
		if !ok {
			t.Errorf("%s: from %g to %g, mean %g", name, min, max, mean)
		}
		a.Free()
	}
}

func TestDescription(t *testing.T) {
	leaktest.Check(t)
	s := torch.NewScope()
	defer s.Close()
	a := s.Adopt(torch.FromFloat32(make([]float32, 24), 2, 3, 4))
	b := a.Transpose(0, 2)
	if a.Dim() != 3 || a.Numel() != 24 || a.NBytes() != 96 || !a.IsContiguous() || b.IsContiguous() {
		t.Errorf("dim %d, numel %d, bytes %d, contiguous %v and %v", a.Dim(), a.Numel(), a.NBytes(), a.IsContiguous(), b.IsContiguous())
	}
	if !equalInts(b.Shape(), []int64{4, 3, 2}) || b.Size(0) != 4 || b.Size(-1) != 2 {
		t.Errorf("shape %v, sizes %d and %d", b.Shape(), b.Size(0), b.Size(-1))
	}
	deep := a.View(1, 1, 1, 1, 1, 1, 1, 2, 3, 4)
	if !equalInts(deep.Shape(), []int64{1, 1, 1, 1, 1, 1, 1, 2, 3, 4}) {
		t.Errorf("shape of ten dimensions: %v", deep.Shape())
	}
	if got, want := s.Adopt(torch.NewTensor([][]float32{{1, 2}, {3, 4}})).String(), " 1  2\n 3  4\n[ CPUFloatType{2,2} ]"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
}

func ExampleTensor_Print() {
	a := torch.NewTensor([]int64{1, 2})
	defer a.Free()
	a.Print()
	// Output:
	//  1
	//  2
	// [ CPULongType{2} ]
}

func TestItem(t *testing.T) {
	leaktest.Check(t)
	for dtype, want := range map[int8]interface{}{
		torch.Byte: uint8(1), torch.Char: int8(1), torch.Short: int16(1), torch.Int: int32(1), torch.Long: int64(1),
		torch.Half: float32(1), torch.BFloat16: float32(1), torch.Float: float32(1), torch.Double: 1.0, torch.Bool: true,
	} {
		t.Run(torch.DTypeName(dtype), func(t *testing.T) {
			a := torch.FullOn([]int64{1}, 1, dtype, torch.Device{})
			defer a.Free()
			if got := a.Item(); got != want {
				t.Errorf("%T %v, want %T %v", got, got, want, want)
			}
			if a.Float64() != 1 || a.Int64() != 1 {
				t.Errorf("as float64 %v, as int64 %v, want 1", a.Float64(), a.Int64())
			}
		})
	}
	if got := fmt.Sprint(torch.DTypeName(-1), torch.DTypeName(99)); got != "dtype(-1)dtype(99)" && got != "dtype(-1) dtype(99)" {
		t.Errorf("names of no type: %s", got)
	}
}
