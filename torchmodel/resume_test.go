package torchmodel

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// reference is one training, unbroken, that several tests look at. Those that change files take a copy.
var reference struct {
	once  sync.Once
	dir   string
	model *Model
	lines []map[string]any
	steps int
}

// referenceFlows are 300 flows of each host of testdata; tinyOptions train on them for some 110 steps.
func referenceFlows(t testing.TB) flowList { return someFlows(t, 8, 300, 1) }

func referenceModel(t testing.TB) *Model {
	t.Helper()
	r := &reference
	r.once.Do(func() {
		flows := referenceFlows(t)
		dir := filepath.Join(filepath.Dir(flowsFolder.dir), "reference")
		w := &watcher{}
		var err error
		if r.model, err = Train(context.Background(), flows, nil, dir, tinyOptions(), w); err != nil {
			t.Fatal(err)
		}
		r.lines, r.dir, r.steps = metricsOf(t, dir), dir, len(w.steps)
	})
	if r.dir == "" {
		t.Fatal("the reference training failed")
	}
	return r.model
}

// metricsOf reads metrics.jsonl without what the clock has written.
func metricsOf(t testing.TB, dir string) (lines []map[string]any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, metricsName))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		delete(fields, "time")
		delete(fields, "seconds")
		delete(fields, "rows") // of one run
		lines = append(lines, fields)
	}
	return lines
}

// sameAsReference fails the test unless the finished training in dir is that of referenceModel bit for bit.
func sameAsReference(t *testing.T, m *Model, dir string) {
	t.Helper()
	want := referenceModel(t)
	if got := m.Digest(); got != want.Digest() {
		t.Errorf("model %s, want %s", got, want.Digest())
	}
	got := metricsOf(t, dir)
	if len(got) != len(reference.lines) {
		t.Fatalf("%d lines of metrics, want %d", len(got), len(reference.lines))
	}
	for i, want := range reference.lines {
		if !reflect.DeepEqual(got[i], want) {
			t.Fatalf("line %d of the metrics: got %v, want %v", i+1, got[i], want)
		}
	}
}

// at is a moment of a run: after a step, 0 for where it begins, and after so many looks at the context from then on. The loop
// looks once a step, a validation once a batch and at its end.
type at struct{ step, looks int }

// fuse is a context that ends at a moment. It learns of the steps as the training's observer.
type fuse struct {
	context.Context
	at
	mu    sync.Mutex
	lit   bool
	steps []int
}

func (f *fuse) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.lit {
		return nil
	}
	if f.looks--; f.looks < 0 {
		return context.Canceled
	}
	return nil
}

func (f *fuse) light(step int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lit = f.lit || step >= f.step
}

func (f *fuse) Step(s Step) {
	f.steps = append(f.steps, s.Step)
	f.light(s.Step)
}

func (f *fuse) Valid(Validation) {}

func (f *fuse) Note(message string, _ ...any) {
	if message == "training" {
		f.light(0)
	}
}

// trainUntil trains in dir, goes on from what is there, and stops at a moment. It returns the steps that it did.
func trainUntil(t *testing.T, flows Flows, dir string, o TrainOptions, moment at) []int {
	t.Helper()
	f := &fuse{Context: context.Background(), at: moment}
	o.Resume = true
	if _, err := Train(f, flows, nil, dir, o, f); !errors.Is(err, ErrStopped) || !errors.Is(err, context.Canceled) {
		t.Fatalf("got error %v, want %v because of %v", err, ErrStopped, context.Canceled)
	}
	if _, err := Load(dir); !errors.Is(err, ErrModel) || !strings.Contains(err.Error(), "--resume") {
		t.Errorf("the folder of a stopped training loads with error %v, want %v that names --resume", err, ErrModel)
	}
	if _, err := Load(checkpointPath(dir, checkpoints(dir)[0])); err != nil {
		t.Errorf("the checkpoint does not load: %v", err)
	}
	return f.steps
}

func TestOneSeedGivesOneModel(t *testing.T) {
	dir := t.TempDir()
	o := tinyOptions()
	o.Resume = true // without a checkpoint it starts anew
	w := &watcher{}
	m, err := Train(context.Background(), referenceFlows(t), nil, dir, o, w)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(w.notes, func(n string) bool { return strings.Contains(n, "starting anew") }) {
		t.Errorf("notes %q, want one of a start without checkpoint", w.notes)
	}
	sameAsReference(t, m, dir)
	o = tinyOptions()
	o.Seed, o.Epochs = 2, 1
	if other := train(t, referenceFlows(t), t.TempDir(), o); other.Digest() == m.Digest() {
		t.Error("two seeds gave one model")
	}
}

func TestStoppedTrainingGoesOnBitForBit(t *testing.T) {
	flows, o := referenceFlows(t), tinyOptions()
	referenceModel(t)
	some, valid, last := 1+rand.IntN(90), 100, reference.steps
	t.Logf("one stop is after step %d", some)
	for name, moments := range map[string][]at{
		"before the first step, and after another":     {{0, 0}, {some, 0}},
		"in a validation, and at once when it resumes": {{valid, 1}, {0, 1}, {0, 2}, {valid + 3, 0}},
		"in the last validation":                       {{last, 0}, {0, 0}, {0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, moment := range moments {
				trainUntil(t, flows, dir, o, moment)
			}
			o := o
			o.Resume = true
			sameAsReference(t, train(t, flows, dir, o), dir)
			if left := hidden(t, dir); len(left) > 0 || len(checkpoints(dir)) > 0 {
				t.Errorf("%q and checkpoints %v are left", left, checkpoints(dir))
			}
		})
	}
}

func TestResumedTrainingTellsWhatEarlierRunsDid(t *testing.T) {
	flows, o, dir := referenceFlows(t), tinyOptions(), t.TempDir()
	referenceModel(t)
	trainUntil(t, flows, dir, o, at{30, 0})
	o.Resume = true
	w := &watcher{}
	if _, err := Train(context.Background(), flows, nil, dir, o, w); err != nil {
		t.Fatal(err)
	}
	for _, s := range w.steps {
		if want := 30 / float64(reference.steps); math.Abs(s.Before-want) > 0.05 || s.Progress <= s.Before {
			t.Fatalf("step %d: progress %g after %g of earlier runs, want more after about %g", s.Step, s.Progress, s.Before, want)
		}
	}
}

// hidden lists what a training may leave in its folder for a while, but for the lock.
func hidden(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names
}

// A checkpoint that a periodic save wrote just before a validation, also before the one at the training's end, must not make its
// line stand twice.
func TestMetricsOfACheckpointBeforeAValidation(t *testing.T) {
	path := filepath.Join(t.TempDir(), metricsName)
	text := `{"kind":"step","step":90}
{"kind":"valid","step":90}
{"kind":"step","step":100}
{"kind":"valid","step":100}
{"kind":"step","step":110}
{"kind":"st`
	text = `{"kind":"step","step":80,"pad":"` + strings.Repeat("x", 1<<17) + "\"}\n" + text // of a table with many columns
	for name, tc := range map[string]struct {
		step, validated int
		want            int
	}{
		"the validation is yet to come": {100, 90, 4},
		"the validation is done":        {100, 100, 5},
		"a new training":                {0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			m, err := openMetrics(path, tc.step, tc.validated)
			if err != nil {
				t.Fatal(err)
			}
			m.close()
			if got := metricsOf(t, filepath.Dir(path)); len(got) != tc.want {
				t.Errorf("lines %v are kept, want %d", got, tc.want)
			}
		})
	}
}

func TestResumeWithOtherDataOrOptionsIsRefused(t *testing.T) {
	flows, dir := referenceFlows(t), t.TempDir()
	trainUntil(t, flows, dir, tinyOptions(), at{3, 0})
	fewer := flows[:len(flows)-1]
	changed := slices.Clone(flows)
	changed[len(changed)-1].Bytes++
	for name, tc := range map[string]struct {
		flows, valid flowList
		change       func(*TrainOptions)
	}{
		"another seed":           {flows: flows, change: func(o *TrainOptions) { o.Seed++ }},
		"another learning rate":  {flows: flows, change: func(o *TrainOptions) { o.LearningRate *= 2 }},
		"another network":        {flows: flows, change: func(o *TrainOptions) { o.Config.Layers++ }},
		"a part left out":        {flows: flows, change: func(o *TrainOptions) { o.Config.Without.Profile = true }},
		"another min-hosts":      {flows: flows, change: func(o *TrainOptions) { o.MinHosts++ }},
		"a flow less":            {flows: fewer, change: func(*TrainOptions) {}},
		"one byte more":          {flows: changed, change: func(*TrainOptions) {}},
		"a validation set":       {flows: flows, valid: flows, change: func(*TrainOptions) {}},
		"another internal range": {flows: flows, change: func(o *TrainOptions) { o.Internal = append(o.Internal, netip.MustParsePrefix("10.0.0.0/8")) }},
	} {
		t.Run(name, func(t *testing.T) {
			o := tinyOptions()
			o.Resume = true
			tc.change(&o)
			var valid Flows
			if tc.valid != nil {
				valid = tc.valid
			}
			_, err := Train(context.Background(), tc.flows, valid, dir, o, &watcher{})
			if !errors.Is(err, ErrModel) || !strings.Contains(err.Error(), "other data or options") {
				t.Errorf("got error %v, want %v of other data or options", err, ErrModel)
			}
		})
	}
	// More epochs are the same training.
	o := tinyOptions()
	o.Epochs++
	trainUntil(t, flows, dir, o, at{4, 0})
}

func TestDamagedCheckpointsAreRefused(t *testing.T) {
	flows, o := referenceFlows(t), tinyOptions()
	whole := t.TempDir()
	trainUntil(t, flows, whole, o, at{101, 0}) // past the first validation: there are best weights
	step := checkpoints(whole)[0]
	o.Resume = true
	for name, tc := range map[string]struct {
		file   string
		damage func(path string) error
	}{
		"no state":               {stateFile, os.Remove},
		"no weights":             {weightsFile, os.Remove},
		"no optimiser":           {optimiserFile, os.Remove},
		"no best weights":        {bestFile, os.Remove},
		"a state cut short":      {stateFile, func(p string) error { return os.Truncate(p, 40) }},
		"an optimiser cut short": {optimiserFile, func(p string) error { return os.Truncate(p, 5000) }},
		"an optimiser altered":   {optimiserFile, flipByte(9000)},
		"best weights altered":   {bestFile, flipByte(9000)},
		"weights altered":        {weightsFile, flipByte(9000)},
		"a state of version 2":   {stateFile, replaceText(`"version": 1`, `"version": 2`)},
		"another step":           {stateFile, replaceText(`"step": 1`, `"step": 2`)},
		"a batch below 0":        {stateFile, replaceText(`"batch": `, `"batch": -1`)},
		"an unknown field":       {stateFile, replaceText(`"version"`, `"colour": 1, "version"`)},
		"seconds below 0":        {stateFile, replaceText(`"seconds": `, `"seconds": -1`)},
		"no setup":               {stateFile, replaceText(`"setup": "`, `"setup": "0`)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "model")
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			if err := tc.damage(filepath.Join(checkpointPath(dir, step), tc.file)); err != nil {
				t.Fatal(err)
			}
			_, err := Train(context.Background(), flows, nil, dir, o, &watcher{})
			if !errors.Is(err, ErrModel) || !strings.Contains(err.Error(), filepath.Base(checkpointPath(dir, step))) {
				t.Errorf("got error %v, want %v that names the checkpoint", err, ErrModel)
			}
			if len(checkpoints(dir)) != 1 {
				t.Error("the checkpoint is gone")
			}
		})
	}
}

// flipByte changes one bit of the byte at an offset.
func flipByte(at int) func(string) error {
	return func(path string) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		data[at] ^= 4
		return os.WriteFile(path, data, 0o644)
	}
}

// replaceText replaces the first old, which must be there.
func replaceText(old, new string) func(string) error {
	return func(path string) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !strings.Contains(string(text), old) {
			return errors.New("no " + old + " in " + path)
		}
		return os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o644)
	}
}

// trainHere names the folder in which a process started by the test of kills trains.
const trainHere = "STAN_TEST_TRAIN"

// killOptions save often, so that most kills find a checkpoint, and some find one being written; rows lie in a scratch file.
func killOptions() TrainOptions {
	o := tinyOptions()
	o.Memory = 0
	o.Checkpoint, o.Resume = 30*time.Millisecond, true
	return o
}

func trainInHelper(dir string) int {
	flows, err := os.ReadFile(filepath.Join(dir, "flows.json"))
	if err != nil {
		return 2
	}
	var list flowList
	if err := json.Unmarshal(flows, &list); err != nil {
		return 3
	}
	if _, err := Train(context.Background(), list, nil, filepath.Join(dir, "model"), killOptions(), &watcher{}); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		return 1
	}
	return 0
}

func TestKilledTrainingGoesOn(t *testing.T) {
	flows, dir := referenceFlows(t), t.TempDir()
	text, err := json.Marshal(flows)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "flows.json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(dir, "model")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		c := exec.Command(program)
		c.Env = append(os.Environ(), trainHere+"="+dir)
		var stderr strings.Builder
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		before := len(metricsIn(model))
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		for len(metricsIn(model)) <= before {
			select {
			case err := <-ended:
				t.Fatalf("the training ended before it was killed: %v: %s", err, stderr.String())
			case <-time.After(5 * time.Millisecond):
			}
		}
		time.Sleep(time.Duration(rand.Int64N(int64(300 * time.Millisecond))))
		c.Process.Kill()
		<-ended
		if _, err := Load(model); err == nil {
			t.Log("the training was faster than the kill")
			break
		}
		for _, step := range checkpoints(model) {
			if _, err := Load(checkpointPath(model, step)); err != nil {
				t.Errorf("a checkpoint that a kill left: %v", err)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(model, scratchPattern)); len(left) > 0 {
			t.Errorf("a kill left %q", left)
		}
		t.Logf("killed with checkpoints %v and leftovers %q", checkpoints(model), hidden(t, model))
	}
	if m, err := Load(model); err == nil {
		sameAsReference(t, m, model)
		return
	}
	sameAsReference(t, train(t, flows, model, killOptions()), model)
	if left := hidden(t, model); len(left) > 0 {
		t.Errorf("%q of killed runs are left", left)
	}
}

func metricsIn(dir string) []byte {
	text, _ := os.ReadFile(filepath.Join(dir, metricsName))
	return text
}
