package gotorch

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wangkuiyi/gotorch/safetensors"
)

func TestTensorsSurviveAFile(t *testing.T) {
	live := LiveHandles()
	With(func(s *Scope) {
		path := filepath.Join(t.TempDir(), "m.safetensors")
		saved := map[string]Tensor{
			"bool": FromBool([]bool{true, false}), "byte": FromUint8([]byte{0, 255}),
			"int": FromInt32([]int32{-1, math.MaxInt32}, 2, 1), "long": FromInt64([]int64{math.MinInt64}),
			"float": FromFloat32([]float32{1, -0.5, float32(math.Inf(1))}), "double": FromFloat64([]float64{math.Pi}),
			"scalar": Full(nil, 3, true), "empty": Empty([]int64{0, 4}, false),
		}
		for _, x := range saved {
			s.Adopt(x)
		}
		for name, dtype := range map[string]int8{"char": Char, "short": Short, "half": Half, "bfloat16": BFloat16, "complex": ComplexFloat} {
			saved[name] = saved["scalar"].Detach().CastTo(dtype)
		}
		saved["transposed"] = s.Adopt(FromFloat32([]float32{1, 2, 3, 4, 5, 6}, 2, 3)).Transpose(0, 1)
		if err := SaveTensors(path, saved, map[string]string{"schema": "1"}); err != nil {
			t.Fatal(err)
		}
		loaded, metadata, err := LoadTensors(path, LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(metadata) != "map[schema:1]" || len(loaded) != len(saved) {
			t.Errorf("got %d tensors and metadata %v, want %d and schema 1", len(loaded), metadata, len(saved))
		}
		for name, want := range saved {
			got := s.Adopt(loaded[name])
			if got.Dtype() != want.Dtype() || !slices.Equal(got.Shape(), want.Shape()) || !Equal(got, want.Detach()) {
				t.Errorf("%s: got %v, want %v", name, got, want)
			}
			if got.RequiresGrad() {
				t.Errorf("%s requires a gradient, want a plain tensor", name)
			}
		}
		first, _ := os.ReadFile(path)
		if err := SaveTensors(path, loaded, metadata); err != nil {
			t.Fatal(err)
		}
		if second, _ := os.ReadFile(path); !slices.Equal(first, second) {
			t.Error("saved again: the bytes differ")
		}
	})
	if got := LiveHandles(); got != live {
		t.Errorf("tensors alive: %d, want %d", got, live)
	}
}

func TestSaveTensorsRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	x := Ones([]int64{1}, false)
	double := x.CastTo(ComplexDouble)
	defer double.Free()
	for name, tc := range map[string]struct {
		tensors map[string]Tensor
		path    string
		want    error
	}{
		"a type that files lack": {map[string]Tensor{"w": double}, path, ErrDType},
		"a nil tensor":           {map[string]Tensor{"w": {}}, path, ErrFreed},
		"a folder that is not":   {map[string]Tensor{"w": x}, filepath.Join(path, "x", "m"), os.ErrNotExist},
	} {
		err := SaveTensors(tc.path, tc.tensors, nil)
		if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.path) {
			t.Errorf("%s: got error %v, want %v naming the file", name, err, tc.want)
		}
	}
	x.Free()
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
		t.Errorf("files left: %v", left)
	}
}

func TestLoadTensorsRefuses(t *testing.T) {
	live := LiveHandles()
	nan32 := []byte{0, 0, 0, 0, 0, 0, 0xc0, 0x7f}
	tests := map[string]struct {
		tensor safetensors.Tensor
		finite bool
		want   string // "" to be loaded
	}{
		"a type that libtorch lacks": {safetensors.Tensor{DType: safetensors.F8E4M3, Shape: []int64{1}, Data: []byte{0}}, false, "dtype F8_E4M3"},
		"a bool of 2":                {safetensors.Tensor{DType: safetensors.Bool, Shape: []int64{2}, Data: []byte{1, 2}}, false, "element 1 of [2] is 2, want 0 or 1"},
		"NaN":                        {safetensors.Tensor{DType: safetensors.F32, Shape: []int64{2}, Data: nan32}, true, `tensor "w": element 1 of [2] is NaN or infinite`},
		"NaN that may be":            {safetensors.Tensor{DType: safetensors.F32, Shape: []int64{2}, Data: nan32}, false, ""},
		"NaN, imaginary":             {safetensors.Tensor{DType: safetensors.C64, Shape: []int64{1}, Data: nan32}, true, "element 0"},
		"infinity in float16":        {safetensors.Tensor{DType: safetensors.F16, Shape: []int64{2}, Data: []byte{0, 0, 0, 0xfc}}, true, "element 1"},
		"infinity in bfloat16":       {safetensors.Tensor{DType: safetensors.BF16, Shape: []int64{1}, Data: []byte{0x80, 0x7f}}, true, "element 0"},
		"NaN in float64":             {safetensors.Tensor{DType: safetensors.F64, Shape: []int64{1}, Data: []byte{1, 0, 0, 0, 0, 0, 0xf0, 0x7f}}, true, "element 0"},
		"integers are finite":        {safetensors.Tensor{DType: safetensors.I16, Shape: []int64{1}, Data: []byte{0xff, 0x7f}}, true, ""},
		"the largest float32":        {safetensors.Tensor{DType: safetensors.F32, Shape: []int64{1}, Data: []byte{0xff, 0xff, 0x7f, 0x7f}}, true, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "m.safetensors")
			tc.tensor.Name = "w"
			if err := safetensors.WriteFile(path, []safetensors.Tensor{tc.tensor}, nil); err != nil {
				t.Fatal(err)
			}
			tensors, _, err := LoadTensors(path, LoadOptions{Finite: tc.finite})
			tensors["w"].Free()
			if tc.want == "" {
				if err != nil {
					t.Errorf("got error %v, want none", err)
				}
				return
			}
			if !errors.Is(err, safetensors.ErrFormat) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got error %v, want ErrFormat with %q and the path", err, tc.want)
			}
		})
	}
	if _, _, err := LoadTensors(filepath.Join(t.TempDir(), "missing"), LoadOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: got error %v, want ErrNotExist", err)
	}
	if got := LiveHandles(); got != live {
		t.Errorf("tensors alive: %d, want %d", got, live)
	}
}
