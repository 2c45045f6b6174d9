package initializer

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

// noLeak fails t if more tensors are alive at its end than now.
func noLeak(t *testing.T) {
	t.Helper()
	live := torch.LiveHandles()
	t.Cleanup(func() {
		if got := torch.LiveHandles(); got != live {
			t.Errorf("tensors alive: %d, want %d", got, live)
		}
	})
}

// The reference is PyTorch under the same seed; nn/testdata/make_reference.py made it.
func TestSeedGivesPyTorchsNumbers(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "testdata", "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct{ Initializers map[string][]float64 }
	if err := json.Unmarshal(text, &reference); err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*torch.Tensor){
		"uniform":                   func(a *torch.Tensor) { Uniform(a, -2, 3) },
		"normal":                    func(a *torch.Tensor) { Normal(a, 1, 2) },
		"kaiming fan_in leaky_relu": func(a *torch.Tensor) { KaimingUniform(a, 0.5, "fan_in", "leaky_relu") },
		"kaiming fan_out relu":      func(a *torch.Tensor) { KaimingUniform(a, 0, "fan_out", "relu") },
		"kaiming fan_in tanh":       func(a *torch.Tensor) { KaimingUniform(a, 0, "fan_in", "tanh") },
		"kaiming fan_in selu":       func(a *torch.Tensor) { KaimingUniform(a, 0, "fan_in", "selu") },
		"kaiming fan_in sigmoid":    func(a *torch.Tensor) { KaimingUniform(a, 0, "fan_in", "sigmoid") },
		"xavier uniform":            func(a *torch.Tensor) { XavierUniform(a, 2) },
		"xavier normal":             func(a *torch.Tensor) { XavierNormal(a, 2) },
	}
	if len(tests) != len(reference.Initializers) {
		t.Errorf("%d tests for %d references", len(tests), len(reference.Initializers))
	}
	for name, fill := range tests {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			a := torch.Empty([]int64{3, 2, 2, 2}, true)
			defer a.Free()
			ManualSeed(7)
			fill(&a)
			first := a.Float32s()
			for i, want := range reference.Initializers[name] {
				if d := math.Abs(float64(first[i]) - want); d > 1e-6 { // bounds may differ in the last bit
					t.Errorf("element %d: got %g, want %g", i, first[i], want)
				}
			}
			ManualSeed(7)
			fill(&a)
			if again := a.Float32s(); !slices.Equal(again, first) {
				t.Errorf("the seed set again: got %v, want %v", again, first)
			}
			if !a.IsLeaf() || !a.RequiresGrad() {
				t.Error("the parameter is no longer a leaf that requires a gradient")
			}
		})
	}
}

func TestZerosAndOnes(t *testing.T) {
	noLeak(t)
	a := torch.RandN([]int64{3}, true)
	defer a.Free()
	Ones(&a)
	if got := a.Float32s(); !slices.Equal(got, []float32{1, 1, 1}) {
		t.Errorf("Ones: got %v", got)
	}
	Zeros(&a)
	if got := a.Float32s(); !slices.Equal(got, []float32{0, 0, 0}) {
		t.Errorf("Zeros: got %v", got)
	}
}

func TestFans(t *testing.T) {
	noLeak(t)
	for _, tc := range []struct {
		shape   []int64
		in, out int64
	}{
		{[]int64{5, 3}, 3, 5},
		{[]int64{5, 3, 2, 4}, 24, 40},
		{[]int64{5, 0}, 0, 5},
	} {
		a := torch.Empty(tc.shape, false)
		in, out := CalculateFanInAndFanOut(a)
		if in != tc.in || out != tc.out {
			t.Errorf("shape %v: got fans %d and %d, want %d and %d", tc.shape, in, out, tc.in, tc.out)
		}
		KaimingUniform(&a, 0, "fan_in", "relu") // of an empty weight: nothing to do, no division by 0
		XavierUniform(&a, 1)
		a.Free()
	}
}

func TestRefuses(t *testing.T) {
	noLeak(t)
	weight, vector := torch.Empty([]int64{2, 2}, false), torch.Empty([]int64{2}, false)
	defer weight.Free()
	defer vector.Free()
	for name, f := range map[string]func(){
		"a vector has no fans":   func() { CalculateFanInAndFanOut(vector) },
		"unknown fan mode":       func() { KaimingUniform(&weight, 0, "fan_on", "relu") },
		"unknown non-linearity":  func() { KaimingUniform(&weight, 0, "fan_in", "swish") },
		"uniform from 1 to 0":    func() { Uniform(&weight, 1, 0) },
		"a standard deviation<0": func() { Normal(&weight, 0, -1) },
		"no tensor":              func() { Uniform(&torch.Tensor{}, 0, 1) },
	} {
		if err := torch.Try(f); !errors.Is(err, torch.ErrTorch) {
			t.Errorf("%s: got error %v, want a *gotorch.Error", name, err)
		}
	}
}
