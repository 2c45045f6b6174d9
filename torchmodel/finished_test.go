package torchmodel

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A run whose end nobody learned of is run again by the same command: then the model that it finished stands, and not a step is
// made. What it left is removed.
func TestResumeOfAFinishedTraining(t *testing.T) {
	referenceModel(t)
	dir := filepath.Join(t.TempDir(), "model")
	if err := os.CopyFS(dir, os.DirFS(reference.dir)); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{checkpointPath(dir, 7), filepath.Join(dir, ".old-checkpoint-00000003")} {
		if err := os.Mkdir(left, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	o, w := tinyOptions(), &watcher{}
	o.Resume, o.Memory, o.Checkpoint = true, 0, time.Hour // which of them change no model
	m, err := Train(context.Background(), referenceFlows(t), nil, dir, o, w)
	if err != nil {
		t.Fatal(err)
	}
	sameAsReference(t, m, dir)
	if len(w.steps) > 0 || !slices.ContainsFunc(w.notes, func(n string) bool { return strings.Contains(n, "finished already") }) {
		t.Errorf("%d steps and notes %q, want no step and a note that the model is finished", len(w.steps), w.notes)
	}
	if left := hidden(t, dir); len(left) > 0 || len(checkpoints(dir)) > 0 {
		t.Errorf("%q and checkpoints %v are left", left, checkpoints(dir))
	}
}

func TestResumeOfAnotherFinishedTrainingIsRefused(t *testing.T) {
	flows, dir := referenceFlows(t), copyOfModel(t)
	changed := slices.Clone(flows)
	changed[len(changed)-1].Bytes++
	for name, tc := range map[string]struct {
		flows  flowList
		change func(*TrainOptions)
	}{
		"another seed":          {flows, func(o *TrainOptions) { o.Seed++ }},
		"another learning rate": {flows, func(o *TrainOptions) { o.LearningRate *= 2 }},
		"more epochs":           {flows, func(o *TrainOptions) { o.Epochs++ }},
		"less time":             {flows, func(o *TrainOptions) { o.MaxTime = time.Second }},
		"another architecture":  {flows, func(o *TrainOptions) { o.Arch = ArchIndependent }},
		"one byte more":         {changed, func(*TrainOptions) {}},
	} {
		t.Run(name, func(t *testing.T) {
			o := tinyOptions()
			o.Resume = true
			tc.change(&o)
			_, err := Train(context.Background(), tc.flows, nil, dir, o, &watcher{})
			if !errors.Is(err, ErrExists) || !strings.Contains(err.Error(), "other data or options") {
				t.Errorf("got error %v, want %v of other data or options", err, ErrExists)
			}
		})
	}
	if m, err := Load(dir); err != nil || m.Digest() != referenceModel(t).Digest() {
		t.Errorf("after the refusals the model differs, or error %v", err)
	}
}

func TestResumeOfFinishedTrainingsOfEveryKind(t *testing.T) {
	flows, machines := someFlows(t, 8, 30, 1), machines(8, 100)
	for _, a := range architectures() {
		for kind, run := range map[string]func(dir string, o TrainOptions, w *watcher) (*Model, error){
			"flows": func(dir string, o TrainOptions, w *watcher) (*Model, error) {
				return Train(context.Background(), flows, nil, dir, o, w)
			},
			"a table": func(dir string, o TrainOptions, w *watcher) (*Model, error) {
				return TrainTable(context.Background(), machines, nil, dir, o, w)
			},
		} {
			t.Run(a.name+" on "+kind, func(t *testing.T) {
				dir, o, w := t.TempDir(), shortOptions(), &watcher{}
				o.Arch = a.name
				first, err := run(dir, o, &watcher{})
				if err != nil {
					t.Fatal(err)
				}
				o.Resume = true
				again, err := run(dir, o, w)
				if err != nil {
					t.Fatal(err)
				}
				if again.Digest() != first.Digest() || len(w.steps)+len(w.valids) > 0 {
					t.Errorf("model %s after %d steps and %d validations, want %s after none", again.Digest(), len(w.steps),
						len(w.valids), first.Digest())
				}
			})
		}
	}
}

// A model that was finished and then altered is no end of a training.
func TestResumeOfAnAlteredModelIsRefused(t *testing.T) {
	dir, o := copyOfModel(t), tinyOptions()
	if err := flipByte(9000)(filepath.Join(dir, weightsFile)); err != nil {
		t.Fatal(err)
	}
	o.Resume = true
	if _, err := Train(context.Background(), referenceFlows(t), nil, dir, o, &watcher{}); !errors.Is(err, ErrModel) {
		t.Errorf("got error %v, want %v", err, ErrModel)
	}
}
