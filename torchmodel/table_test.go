package torchmodel

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
	"github.com/wangkuiyi/gotorch/safetensors"
	"gonum.org/v1/gonum/stat"

	"stan/dataset/table"
)

// slopes are the two regressions of the paper on a table of its simulated data: y on x in the row, x on the x before.
func slopes(t *table.Table) (same, lag float64) {
	var x, y, now, before []float64
	for e := range t.Entities {
		for i := t.Starts[e]; i < t.Starts[e+1]; i++ {
			x, y = append(x, t.Row(i)[0]), append(y, t.Row(i)[1])
			if i > t.Starts[e] {
				now, before = append(now, t.Row(i)[0]), append(before, t.Row(i - 1)[0])
			}
		}
	}
	_, same = stat.LinearRegression(x, y, nil, false)
	_, lag = stat.LinearRegression(before, now, nil, false)
	return same, lag
}

// machines is a table of every kind of column: states by name that stay, a sum of money that depends on the state, is often
// exactly 0 and else heavy-tailed, in cents; and rows at odd times.
func machines(entities, rows int) *table.Table {
	t := table.New(table.Schema{Entity: "machine", Time: "at", Columns: []table.Column{
		{Name: "state", Classes: 3, ClassNames: []string{"off", "on", "broken"}}, {Name: "cost"},
	}})
	for e := range entities {
		r := rand.New(rand.NewPCG(1, uint64(e)))
		var times []int64
		var values []float64
		state, clock := r.IntN(3), int64(1e15)
		for range rows {
			if r.Float64() < 0.1 {
				state = r.IntN(3)
			}
			clock += int64(r.ExpFloat64()*1e6) + 1
			cost := 0.0
			if state > 0 && r.Float64() < 0.7 {
				cost = math.Round(100*math.Exp(2*r.NormFloat64()+float64(state))) / 100
			}
			times, values = append(times, clock), append(values, float64(state), cost)
		}
		t.Append(string(rune('a'+e)), times, values)
	}
	return t
}

func tableOptions() TrainOptions {
	o := tinyOptions()
	o.Config.Width, o.Config.Hidden = 16, 16
	o.Batch, o.Length, o.LearningRate, o.WeightDecay = 4, 128, 0.01, TableWeightDecay
	return o
}

func mustTrainTable(t testing.TB, data *table.Table, dir string, o TrainOptions) *Model {
	t.Helper()
	m, err := TrainTable(context.Background(), data, nil, dir, o, &watcher{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// machinesModel is a small network trained on machines, once for all tests.
var machinesModel = sync.OnceValues(func() (*Model, error) {
	dir, err := os.MkdirTemp("", "torchmodel-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	o := tableOptions()
	o.Epochs = 40
	return TrainTable(context.Background(), machines(16, 300), nil, dir, o, &watcher{})
})

func trainedMachines(t testing.TB) *Model {
	t.Helper()
	m, err := machinesModel()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// generateTable draws a table.
func generateTable(t testing.TB, m *Model, o GenerateOptions) *table.Table {
	t.Helper()
	out := table.New(m.Manifest.Table.Schema())
	if o.Shards == 0 {
		o.Shard, o.Shards = 1, 1
	}
	o.Start = time.Unix(1e9, 0)
	rows, err := m.GenerateTable(context.Background(), o, func(part *table.Table) error {
		for e, name := range part.Entities {
			from, to := part.Starts[e], part.Starts[e+1]
			out.Append(name, part.Times[from:to], part.Values[from*len(part.Columns):to*len(part.Columns)])
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Validate(); err != nil || int64(out.Rows()) != rows {
		t.Fatalf("%d rows drawn, %d counted, %v", out.Rows(), rows, err)
	}
	return out
}

func TestSimulatedDataAreLearned(t *testing.T) {
	leaktest.Check(t)
	o := tableOptions()
	o.Epochs = 20
	m := mustTrainTable(t, table.Simulate(16_000, 1), t.TempDir(), o)
	// The entropy of a normal with standard deviation 0.1, which no model is below but by chance: 2000 rows, so 0.016 either way.
	truth := 0.5*math.Log(2*math.Pi*math.E) + math.Log(table.SimulatedNoise)
	for name, got := range m.Manifest.Training.ValidNLL {
		if math.Abs(got-truth) > 0.08 {
			t.Errorf("column %s: %.3f nats a row, want about %.3f", name, got, truth)
		}
	}
	same, lag := slopes(generateTable(t, m, GenerateOptions{Rows: 20_000, Seed: 1}))
	for name, got := range map[string]float64{"y on x": same, "x on x before": lag} {
		if math.Abs(got-table.SimulatedCoefficient) > 0.03 { // a tiny network and 500 steps
			t.Errorf("%s: coefficient %.3f, want about %g", name, got, table.SimulatedCoefficient)
		}
	}
}

func TestTablesOfEveryKindOfColumnAreLearned(t *testing.T) {
	m := trainedMachines(t)
	s := m.Manifest.Table
	if len(s.Columns) != 3 || s.Step != 0 || s.Columns[0].Name != "gap of at" {
		t.Fatalf("schema %+v, want a column of gaps before state and cost", s)
	}
	if cost := s.Columns[2]; cost.Tick != 0.01 || len(cost.Atoms) == 0 || cost.Atoms[0] != 0 || cost.Log == 0 {
		t.Errorf("cost is %+v, want cents, 0 as an exact value, and logarithms", cost)
	}
	about := m.Manifest.Training
	for _, name := range []string{"state", "cost"} {
		if !(about.ValidNLL[name] < about.BaselineNLL[name]-0.1) {
			t.Errorf("column %s: %.3f nats a row, independent %.3f, want less", name, about.ValidNLL[name], about.BaselineNLL[name])
		}
	}
	drawn := generateTable(t, m, GenerateOptions{Rows: 3000, Hosts: 7, Seed: 3})
	if got := len(drawn.Entities); got != 7 || drawn.Entities[0] != "machine-000001" {
		t.Errorf("%d entities from %q on, want 7 from machine-000001 on", got, drawn.Entities[0])
	}
	stays, off := 0, 0
	for i := range drawn.Rows() {
		state, cost := drawn.Row(i)[0], drawn.Row(i)[1]
		if cost < 0 || math.Abs(cost*100-math.Round(cost*100)) > 1e-6 {
			t.Fatalf("row %d: cost %g, want cents", i, cost)
		}
		if state == 0 && cost > 0 {
			off++
		}
		if i > 0 && state == drawn.Row(i - 1)[0] {
			stays++
		}
	}
	// In truth 93 % of the rows keep the state, and a machine that is off costs nothing.
	if share := float64(stays) / 3000; share < 0.75 {
		t.Errorf("%.2f of the rows keep the state, want nearly all", share)
	}
	if off > 300 {
		t.Errorf("%d rows of 3000 cost something while off, want few", off)
	}
}

func TestTableRowsDependOnTheSeedAlone(t *testing.T) {
	torch.SetNumThreads(1)
	for _, arch := range []string{ArchStan, ArchIndependent} {
		t.Run(arch, func(t *testing.T) {
			m := trainedMachines(t)
			if arch != ArchStan {
				o := tableOptions()
				o.Arch = arch
				m = mustTrainTable(t, machines(16, 300), t.TempDir(), o)
			}
			o := GenerateOptions{Rows: 1000, Hosts: 100, Seed: 5, Threads: 1}
			want := generateTable(t, m, o)
			o.Threads = 3
			if !reflect.DeepEqual(generateTable(t, m, o), want) {
				t.Error("3 threads draw other rows than 1")
			}
			o.Shards = 3
			parts := table.New(want.Schema())
			for o.Shard = 1; o.Shard <= 3; o.Shard++ {
				part := generateTable(t, m, o)
				for e, name := range part.Entities {
					from, to := part.Starts[e], part.Starts[e+1]
					parts.Append(name, part.Times[from:to], part.Values[2*from:2*to])
				}
			}
			if !reflect.DeepEqual(parts, want) {
				t.Error("3 shards draw other rows than one")
			}
			o.Shard, o.Shards, o.Seed = 1, 1, 6
			if reflect.DeepEqual(generateTable(t, m, o), want) {
				t.Error("another seed draws the same rows")
			}
		})
	}
}

func TestTableTrainingGoesOnWhereItStopped(t *testing.T) {
	leaktest.Check(t)
	data, o := machines(8, 200), tableOptions()
	w := &watcher{}
	want, err := TrainTable(context.Background(), data, nil, t.TempDir(), o, w)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	o.Resume = true
	for _, moment := range []at{{5, 0}, {len(w.steps), 1}} { // the second one is in the last validation
		f := &fuse{Context: context.Background(), at: moment}
		if _, err := TrainTable(f, data, nil, dir, o, f); !errors.Is(err, ErrStopped) {
			t.Fatalf("got error %v, want %v", err, ErrStopped)
		}
	}
	if got := mustTrainTable(t, data, dir, o); got.Digest() != want.Digest() {
		t.Errorf("stopped and resumed: model %s, in one go %s", got.Digest(), want.Digest())
	}
}

// A loaded model tells the likelihood that its training told.
func TestTableLikelihoodIsThatOfTheTraining(t *testing.T) {
	leaktest.Check(t)
	train, valid := machines(8, 100), machines(4, 150)
	for _, arch := range []string{ArchStan, ArchIndependent} {
		o := tableOptions()
		o.Arch, o.Epochs = arch, 1
		m, err := TrainTable(context.Background(), train, valid, t.TempDir(), o, &watcher{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.TableNLL(context.Background(), valid, torch.Device{})
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range m.Manifest.Training.ValidNLL {
			if math.Abs(got[name]-want) > 1e-5 { // float32 weights and counts
				t.Errorf("%s: column %s: %.6f nats a row, training told %.6f", arch, name, got[name], want)
			}
		}
		stopped, stop := context.WithCancel(context.Background())
		stop()
		if heads, err := m.TableNLL(stopped, valid, torch.Device{}); arch == ArchStan && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: stopped: %v, error %v, want %v", arch, heads, err, context.Canceled)
		}
		if _, err := m.TableNLL(context.Background(), table.Simulate(10, 1), torch.Device{}); !errors.Is(err, ErrData) {
			t.Errorf("%s: a table of other columns: %v, want %v", arch, err, ErrData)
		}
	}
}

// Each bin ends where that of the next tick begins, and a value comes back from its normal number.
func TestBinsOfAColumnTile(t *testing.T) {
	for name, c := range map[string]TableColumn{
		"whole numbers":         {Tick: 1, Centre: 10, Scale: 4, High: 30},
		"cents by logarithm":    {Tick: 0.01, Log: 0.05, Centre: 3, Scale: 2, High: 1000},
		"far finer than spread": {Tick: 1e-6, Centre: 1, Scale: 50, High: 100},
	} {
		t.Run(name, func(t *testing.T) {
			for _, x := range []float64{0, 3, 4, 17.0} {
				if got := c.value(c.normal(x)); math.Abs(got-x) > 1e-9 {
					t.Errorf("%g comes back as %g", x, got)
				}
				_, upper, rest := c.bin(x)
				lower, _, _ := c.bin(x + c.Tick)
				if rest == 0 && math.Abs(upper-lower) > 1e-9 {
					t.Errorf("the bin of %g ends at %g, the next begins at %g", x, upper, lower)
				}
			}
		})
	}
}

// The baseline's probabilities of all whole numbers add up to at most 1: bins count the exact values inside them too.
func TestTableBaselineIsADistribution(t *testing.T) {
	data := table.New(table.Schema{Entity: "e", Time: "t", Columns: []table.Column{{Name: "n"}}})
	r := rand.New(rand.NewPCG(1, 1))
	for e := range 8 {
		var times []int64
		var values []float64
		for i := range 400 {
			times, values = append(times, int64(i)), append(values, float64(r.IntN(5)+r.IntN(3)*r.IntN(2000)))
		}
		data.Append(string(rune('a'+e)), times, values)
	}
	s, err := splitTable(data, data, tableOptions(), &watcher{})
	if err != nil {
		t.Fatal(err)
	}
	b, total := countMarginals(s), 0.0
	column := len(s.schema.Columns) - 1
	for n := -100; n < 5000; n++ {
		if x := float64(n); x >= s.schema.Columns[column].Low && x <= s.schema.Columns[column].High {
			total += math.Exp(-b.columns[column].nll(b.place(column, x)))
		}
	}
	if total > 1.001 || total < 0.9 {
		t.Errorf("probabilities add up to %.4f, want nearly 1 and no more", total)
	}
}

func TestTablesThatAreRefused(t *testing.T) {
	good := machines(8, 20)
	for name, tc := range map[string]struct {
		change  func(train *table.Table, o *TrainOptions)
		want    error
		message string
	}{
		"no rows":         {func(d *table.Table, _ *TrainOptions) { *d = *table.New(d.Schema()) }, ErrData, "no rows"},
		"not a number":    {func(d *table.Table, _ *TrainOptions) { d.Values[3] = math.NaN() }, ErrData, `row 1: column "cost"`},
		"a class too far": {func(d *table.Table, _ *TrainOptions) { d.Values[0] = 3 }, ErrData, `row 0: column "state"`},
		"name of the gap": {func(d *table.Table, _ *TrainOptions) { d.Columns[1].Name = "gap of at" }, ErrData, `column "gap of at" twice`},
		"unknown arch":    {func(_ *table.Table, o *TrainOptions) { o.Arch = "gru" }, ErrConfig, `arch "gru"`},
	} {
		t.Run(name, func(t *testing.T) {
			o := tableOptions()
			d := good.Select(func(int) bool { return true })
			d.Columns = append([]table.Column(nil), d.Columns...)
			tc.change(d, &o)
			dir := filepath.Join(t.TempDir(), "model")
			_, err := TrainTable(context.Background(), d, nil, dir, o, &watcher{})
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("%v, want %v with %q", err, tc.want, tc.message)
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("refused, and left a folder")
			}
		})
	}
	other := table.Simulate(100, 1)
	if _, err := TrainTable(context.Background(), good, other, t.TempDir(), tableOptions(), &watcher{}); !errors.Is(err, ErrData) {
		t.Errorf("validation table of other columns: %v, want %v", err, ErrData)
	}
}

func TestTableModelsThatAreRefused(t *testing.T) {
	m := trainedMachines(t)
	for name, tc := range map[string]struct {
		change  func(*Manifest)
		message string
	}{
		"a class more":            {func(m *Manifest) { m.Table.Columns[1].Classes, m.Table.Columns[1].ClassNames = 4, nil }, "Classes"},
		"classes without end":     {func(m *Manifest) { m.Table.Columns[1].Classes, m.Table.Columns[1].ClassNames = 60000, nil }, "numbers, want at least"},
		"a column less":           {func(m *Manifest) { m.Table.Columns = m.Table.Columns[:2] }, "tensor"},
		"no columns":              {func(m *Manifest) { m.Table.Columns = nil }, "0 columns"},
		"a scale of nothing":      {func(m *Manifest) { m.Table.Columns[2].Scale = 0 }, "scale 0"},
		"atoms out of order":      {func(m *Manifest) { m.Table.Columns[2].Atoms = []float64{1, 0} }, "atoms"},
		"a step, yet gaps":        {func(m *Manifest) { m.Table.Step = -1 }, "step -1"},
		"no table":                {func(m *Manifest) { m.Table = nil }, "vocabulary and table, want one"},
		"a range turned round":    {func(m *Manifest) { m.Table.Columns[2].Low = 1e9 }, "range"},
		"of the baseline instead": {func(m *Manifest) { m.Arch, m.Config = ArchIndependent, nil }, "tensors, want 3"},
	} {
		t.Run(name, func(t *testing.T) {
			altered := m.Manifest
			s := *m.Manifest.Table
			s.Columns = append([]TableColumn(nil), s.Columns...)
			s.Columns[2].Atoms = append([]float64(nil), s.Columns[2].Atoms...)
			altered.Table = &s
			tc.change(&altered)
			dir := t.TempDir()
			var arrays []safetensors.Tensor
			for _, name := range sortedNames(m.arrays) {
				arrays = append(arrays, m.arrays[name])
			}
			if err := writeModel(dir, altered, arrays); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(dir); !errors.Is(err, ErrModel) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("%v, want %v with %q", err, ErrModel, tc.message)
			}
		})
	}
}
