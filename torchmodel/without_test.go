package torchmodel

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/wangkuiyi/gotorch/leaktest"
	"github.com/wangkuiyi/gotorch/safetensors"

	"stan/dataset/table"
)

// What a network is trained without it is scored and generates without too.
func TestPartsAreLeftOut(t *testing.T) {
	leaktest.Check(t)
	learnt, held := splitHosts(someFlows(t, 8, 300, 1), 5)
	for _, list := range []string{"conversations", "profile", "atoms", "conversations,profile,atoms"} {
		t.Run(list, func(t *testing.T) {
			without, err := ParseWithout(list)
			if err != nil || without.String() != list {
				t.Fatalf("%q is read as %q, and error %v", list, without, err)
			}
			o := tinyOptions()
			o.Config.Without, o.Epochs = without, 1
			m, err := Train(context.Background(), learnt, held, t.TempDir(), o, &watcher{})
			if err != nil {
				t.Fatal(err)
			}
			perRow, _ := scoreAll(t, m, held, len(held), m.Manifest.Training.First)
			for name, want := range m.Manifest.Training.ValidNLL {
				if got := perRow[name]; math.Abs(got-want) > 1e-4*max(1, want) { // float32 sums in another order
					t.Errorf("%s: scored %.6f nats a row, the validation had %.6f", name, got, want)
				}
			}
			if got := perRow["conversation"] + perRow["peer"]; (got == 0) != without.Conversations {
				t.Errorf("to choose a conversation or a peer costs %g nats, want something only where they are offered", got)
			}
			m = busy(t, m, 90) // writes the model and loads it again
			if got := m.Manifest.Config.Without; got != without {
				t.Fatalf("the loaded model is without %q", got)
			}
			day := dayOf(40)
			want := generate(t, m, day)
			for _, flows := range want {
				keepsRules(t, m, flows, networks)
			}
			day.Threads = 2
			if got := generate(t, m, day); !reflect.DeepEqual(got, want) {
				t.Error("two threads give other flows than one")
			}
		})
	}
}

// Without a profile a host's flows are as many as it plans, and otherwise as if it planned anything.
func TestFlowsWithoutProfileDoNotHeedIt(t *testing.T) {
	for name, without := range map[string]Without{"whole": {}, "without profile": {Profile: true}} {
		o := tinyOptions()
		o.Config.Without, o.Epochs = without, 1
		m := busy(t, train(t, referenceFlows(t), t.TempDir(), o), 90)
		other, err := Load(rewritten(t, m, func(c *contents) {
			copy(c.array(quantilesName).Data, safetensors.Float32Tensor("", slices.Repeat([]float32{0.3}, marks*profileQuantiles)).Data)
		}))
		if err != nil {
			t.Fatal(err)
		}
		if same := reflect.DeepEqual(generate(t, m, dayOf(4)), generate(t, other, dayOf(4))); same != without.Profile {
			t.Errorf("%s: other marks of the plan give the same flows: %t", name, same)
		}
	}
}

func TestWhatCannotBeLeftOutIsRefused(t *testing.T) {
	for _, list := range []string{"", "atoms,", "Atoms", "profile, atoms", "heads"} {
		if w, err := ParseWithout(list); err == nil {
			t.Errorf("%q is read as %q, want an error", list, w)
		}
	}
	o := tinyOptions()
	o.Config.Without.Profile = true
	if _, err := TrainTable(context.Background(), table.Simulate(100, 1), nil, t.TempDir(), o, &watcher{}); !errors.Is(err, ErrConfig) {
		t.Errorf("a table: got error %v, want %v", err, ErrConfig)
	}
	o.Arch = ArchIndependent
	if err := o.Validate(); !errors.Is(err, ErrConfig) {
		t.Errorf("the baseline: got error %v, want %v", err, ErrConfig)
	}
	if err := (Without{Profile: true}).check(nil); err == nil {
		t.Error("a model of a table without a profile is accepted")
	}
	refused(t, rewritten(t, referenceModel(t), func(c *contents) { c.manifest.Config.Without.Atoms = true }), manifestFile, "without atoms")
}
