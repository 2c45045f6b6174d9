package torchmodel

import (
	"context"
	"errors"
	"math"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"

	"stan/dataset"
)

// scoreAll scores hosts, about limit rows of each.
func scoreAll(t *testing.T, m *Model, flows flowList, limit int, first int64) (perRow map[string]float64, rows int64) {
	t.Helper()
	return scoreAllOn(t, m, torch.Device{}, flows, limit, first)
}

func scoreAllOn(t *testing.T, m *Model, device torch.Device, flows flowList, limit int, first int64) (perRow map[string]float64, rows int64) {
	t.Helper()
	s, err := m.NewScorer(device)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	perRow = map[string]float64{}
	for len(flows) > 0 {
		n := sameHost(flows)
		nats, scored, err := s.Score([]dataset.Flow(flows[:n]), first, limit)
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range s.Attributes() {
			perRow[name] += nats[i]
		}
		rows += scored
		flows = flows[n:]
	}
	for name := range perRow {
		perRow[name] /= float64(rows)
	}
	return perRow, rows
}

// A host scored by itself is scored as in the validation of the training, which saw it among others and without the flows of sweeps.
func TestScoresAreThoseOfTheValidation(t *testing.T) {
	leaktest.Check(t)
	learnt, held := splitHosts(someFlows(t, 8, 300, 1), 5)
	for _, arch := range []string{ArchStan, ArchIndependent} {
		o := tinyOptions()
		o.Arch, o.Epochs = arch, 1
		m, err := Train(context.Background(), learnt, held, t.TempDir(), o, &watcher{})
		if err != nil {
			t.Fatal(err)
		}
		perRow, rows := scoreAll(t, m, held, len(held), m.Manifest.Training.First)
		want := int64(0)
		for others := range m.Manifest.Sweeps.Others(held.Batches(context.Background())) {
			want += int64(len(others))
		}
		if rows != want {
			t.Errorf("%s: %d rows scored, want all %d", arch, rows, want)
		}
		for name, want := range m.Manifest.Training.ValidNLL {
			if got := perRow[name]; math.Abs(got-want) > 1e-4*max(1, want) { // float32 sums in another order
				t.Errorf("%s: %s: got %.6f nats a row, the validation had %.6f", arch, name, got, want)
			}
		}
	}
}

func TestALimitIsKept(t *testing.T) {
	flows := someFlows(t, 1, 3000, 1)
	o := tinyOptions()
	o.Epochs, o.MinHosts = 1, 1
	m := train(t, flows, t.TempDir(), o)
	if _, rows := scoreAll(t, m, flows, 600, m.Manifest.Training.First); rows < 600 || rows > 3*scoreLength {
		t.Errorf("a limit of 600 rows: %d scored, want up to a window of %d more", rows, scoreLength)
	}
}

func TestAnArchitectureWithoutALikelihoodIsRefused(t *testing.T) {
	m := &Model{Manifest: Manifest{Arch: ArchWPGAN}}
	if _, err := m.NewScorer(torch.Device{}); !errors.Is(err, ErrModel) {
		t.Errorf("got error %v, want %v", err, ErrModel)
	}
}
