package paper

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
	"github.com/wangkuiyi/gotorch/safetensors"
)

func arraysOf(m Model) map[string]safetensors.Tensor {
	out := map[string]safetensors.Tensor{}
	for _, a := range m.Arrays() {
		out[a.Name] = a
	}
	return out
}

func options(epochs, threads int) FitOptions {
	return FitOptions{Seed: 1, Epochs: epochs, Threads: threads, Step: func(Progress) {}}
}

// The paper's simulated data: both networks learn the regression in the row and that over time, a GAN on rows the first one
// alone.
func TestLearnsSimulatedData(t *testing.T) {
	leaktest.Check(t)
	torch.SetNumThreads(1)
	train, valid := simulated(1, 8, 1000), simulated(2, 2, 500)
	columns := ranged(train)
	for name, tc := range map[string]struct {
		config Config
		epochs int
	}{"with convolutions": {Full, 10}, "small": {Small, 40}} {
		t.Run(name, func(t *testing.T) {
			torch.ManualSeed(1)
			n := NewNetworks(tc.config, columns)
			defer n.Free()
			nll, _, err := n.Fit(context.Background(), train, valid, options(tc.epochs, 2))
			if err != nil {
				t.Fatal(err)
			}
			// Both are a Gaussian of standard deviation 0.1, whose entropy in bins of this width is the least there is.
			for i, c := range columns {
				least := 0.5*math.Log(2*math.Pi*math.E*0.01) - math.Log(c.BinWidth())
				if nll[i] > least+0.15 {
					t.Errorf("%s: got %.3f nats a row, the data have %.3f", c.Name, nll[i], least)
				}
			}
			// Some 150 steps: roughly.
			if row, time := slopes(drawn(t, n, 1, 0, 16, 250)); math.Abs(row-0.9) > 0.06 || math.Abs(time-0.9) > 0.06 {
				t.Errorf("coefficients: got %.3f in the row and %.3f over time, want 0.9 of both within 0.06", row, time)
			}
		})
	}
}

// Weights follow from the seed alone, whatever the number of threads; sequences from model, seed and their number alone, in
// whatever company they are drawn.
func TestDeterminism(t *testing.T) {
	leaktest.Check(t)
	torch.SetNumThreads(1)
	train := simulated(1, 5, 200)
	columns := ranged(train)
	fit := map[string]func(threads int) Model{
		"networks": func(threads int) Model {
			torch.ManualSeed(1)
			n := NewNetworks(Full, columns)
			if _, _, err := n.Fit(context.Background(), train, train, options(1, threads)); err != nil {
				t.Fatal(err)
			}
			return n
		},
		"chain": func(int) Model {
			m, err := FitChain(context.Background(), columns, train)
			if err != nil {
				t.Fatal(err)
			}
			return m
		},
		"GAN": func(threads int) Model {
			torch.ManualSeed(1)
			g := NewGAN(columns)
			if _, err := g.Fit(context.Background(), train, options(3, threads)); err != nil {
				t.Fatal(err)
			}
			return g
		},
	}
	for name, fit := range fit {
		t.Run(name, func(t *testing.T) {
			// The number of threads of one operation belongs to an OS thread, and sums round by it.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			torch.SetNumThreads(1)
			a, b := fit(1), fit(2)
			defer a.Free()
			defer b.Free()
			for i, x := range a.Arrays() {
				if y := b.Arrays()[i]; x.Name != y.Name || !slices.Equal(x.Data, y.Data) {
					t.Errorf("%s differs between two trainings of one seed", x.Name)
				}
			}
			all := drawn(t, a, 3, 0, 20, 12)
			part := drawn(t, b, 3, 11, 4, 12)
			if from := all.Starts[11] * 2; !slices.Equal(all.Values[from:from+len(part.Values)], part.Values) {
				t.Error("sequences 11 to 14 differ when drawn alone")
			}
			if other := drawn(t, a, 4, 0, 20, 12); slices.Equal(all.Values, other.Values) {
				t.Error("another seed gives the same rows")
			}
		})
	}
}

// A model that was written and read again draws the same; arrays that are not its own are refused.
func TestArrays(t *testing.T) {
	leaktest.Check(t)
	train := simulated(1, 2, 100)
	columns := ranged(train)
	networks, gan := NewNetworks(Small, columns), NewGAN(columns)
	defer networks.Free()
	defer gan.Free()
	chain, err := FitChain(context.Background(), columns, train)
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]func(map[string]safetensors.Tensor) (Model, error){
		"networks": func(a map[string]safetensors.Tensor) (Model, error) { return ReadNetworks(Small, columns, a) },
		"GAN":      func(a map[string]safetensors.Tensor) (Model, error) { return ReadGAN(columns, a) },
		"chain":    func(a map[string]safetensors.Tensor) (Model, error) { return ReadChain(columns, a) },
	}
	for name, m := range map[string]Model{"networks": networks, "GAN": gan, "chain": chain} {
		t.Run(name, func(t *testing.T) {
			again, err := read[name](arraysOf(m))
			if err != nil {
				t.Fatal(err)
			}
			defer again.Free()
			if name != "chain" && !slices.Equal(drawn(t, m, 1, 0, 3, 20).Values, drawn(t, again, 1, 0, 3, 20).Values) {
				t.Error("the model that was read draws other rows")
			}
			arrays := arraysOf(m)
			first := m.Arrays()[0]
			delete(arrays, first.Name)
			if _, err := read[name](arrays); err == nil {
				t.Errorf("without %s: got no error", first.Name)
			}
			first.Name = "other"
			arrays["other"] = first
			if _, err := read[name](arrays); err == nil {
				t.Error("with a tensor of another name: got no error")
			}
		})
	}
	for what, row := range map[string][]float32{
		"class beyond the last": {200, -1, 0, 1}, "half a class": {0.5, -1, 0, 1},
		"a count of 0": {0, -1, 0, 0}, "no cell": {-1, -1, 0, 1},
	} {
		arrays := arraysOf(chain)
		arrays["counts.x"] = safetensors.Float32Tensor("counts.x", row, 1, 4)
		if _, err := ReadChain(columns, arrays); err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
}

// A training that is told to stop ends with the reason, and a time ends it with a model.
func TestStops(t *testing.T) {
	leaktest.Check(t)
	torch.SetNumThreads(1)
	train := simulated(1, 2, 600)
	n := NewNetworks(Small, ranged(train))
	defer n.Free()
	reason := errors.New("reason")
	ctx, cancel := context.WithCancelCause(context.Background())
	o := options(0, 2)
	steps := 0
	o.Step = func(Progress) {
		if steps++; steps == 3 {
			cancel(reason)
		}
	}
	if _, _, err := n.Fit(ctx, train, train, o); !errors.Is(err, reason) {
		t.Errorf("stopped: got error %v, want the reason", err)
	}
	o = options(0, 1)
	o.MaxTime = 100 * time.Millisecond
	last := 0.0
	o.Step = func(p Progress) { last = p.Share }
	if nll, _, err := n.Fit(context.Background(), train, train, o); err != nil || !(nll[0] > 0) || last < 0.999 {
		t.Errorf("out of time: got likelihood %v, error %v at %.3f of the training", nll, err, last)
	}
}
