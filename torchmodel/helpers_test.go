package torchmodel

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"stan/dataset"
)

// TestMain runs the tests, or, in the process that a test of kills starts, one training.
func TestMain(m *testing.M) {
	if dir := os.Getenv(trainHere); dir != "" {
		os.Exit(trainInHelper(dir))
	}
	code := m.Run()
	os.RemoveAll(filepath.Dir(flowsFolder.dir))
	os.Exit(code)
}

var networks = []netip.Prefix{netip.MustParsePrefix("42.219.0.0/16")}

// flowsFolder is testdata/flows, ingested once for all tests.
var flowsFolder struct {
	once sync.Once
	dir  string
	err  error
}

// testFlows are the real flows of testdata, host by host.
func testFlows() (*dataset.Set, error) {
	f := &flowsFolder
	f.once.Do(func() {
		var parent string
		if parent, f.err = os.MkdirTemp("", "torchmodel-"); f.err != nil {
			return
		}
		f.dir = filepath.Join(parent, "flows")
		_, _, f.err = dataset.Ingest(context.Background(), dataset.IngestOptions{
			Inputs: []string{"../testdata/flows"}, Output: f.dir, Internal: networks})
	})
	if f.err != nil {
		return nil, f.err
	}
	return dataset.Open(f.dir)
}

// flowList is a set of flows in memory, in stream order.
type flowList []dataset.Flow

func (l flowList) Flows() int64 { return int64(len(l)) }

func (l flowList) Hosts() int {
	n := 0
	for i := range l {
		if i == 0 || l[i].Host != l[i-1].Host {
			n++
		}
	}
	return n
}

func (l flowList) Span() (first, last int64) {
	first, last = l[0].Start, l[0].End
	for i := range l {
		first, last = min(first, l[i].Start), max(last, l[i].End)
	}
	return first, last
}

// Batches gives pieces that cut hosts in two, as those of a dataset.Set do.
func (l flowList) Batches(ctx context.Context) iter.Seq2[[]dataset.Flow, error] {
	return func(yield func([]dataset.Flow, error) bool) {
		for part := range slices.Chunk(l, 777) {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			if !yield(part, nil) {
				return
			}
		}
	}
}

// someFlows are every step-th flow of each host of testdata, at most rows of each of the first hosts hosts.
func someFlows(t testing.TB, hosts, rows, step int) flowList {
	t.Helper()
	set, err := testFlows()
	if err != nil {
		t.Fatal(err)
	}
	var out flowList
	var host netip.Addr
	seen, of := 0, 0
	for batch, err := range set.Batches(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range batch {
			if batch[i].Host != host {
				host, of, seen = batch[i].Host, of+1, 0
			}
			if of <= hosts && seen%step == 0 && seen/step < rows {
				out = append(out, batch[i])
			}
			seen++
		}
	}
	return out
}

// tinyOptions train a network of a few thousand weights on one thread.
func tinyOptions() TrainOptions {
	o := DefaultTrainOptions()
	o.Config = Config{Width: 8, Hidden: 8, Layers: 2, Key: 4, Value: 4, Plan: 16, Place: 8, Mixtures: 2, Dropout: 0.1}
	o.Internal, o.Threads, o.Batch, o.Length = networks, 1, 2, 32
	o.Epochs, o.Patience, o.LearningRate = 4, 0, 0.01
	return o
}

// watcher is an Observer that keeps what it is told.
type watcher struct {
	onStep  func(Step)
	onValid func(Validation)
	steps   []Step
	valids  []Validation
	notes   []string
}

func (w *watcher) Step(s Step) {
	w.steps = append(w.steps, s)
	if w.onStep != nil {
		w.onStep(s)
	}
}

func (w *watcher) Valid(v Validation) {
	w.valids = append(w.valids, v)
	if w.onValid != nil {
		w.onValid(v)
	}
}

func (w *watcher) Note(message string, attrs ...any) {
	w.notes = append(w.notes, fmt.Sprintln(append([]any{message}, attrs...)...))
}

// train trains in dir, and fails the test on an error.
func train(t testing.TB, flows Flows, dir string, o TrainOptions) *Model {
	t.Helper()
	m, err := Train(context.Background(), flows, nil, dir, o, &watcher{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// splitHosts parts flows into those of the first hosts and the others.
func splitHosts(flows flowList, hosts int) (first, rest flowList) {
	at := 0
	for range hosts {
		at += sameHost(flows[at:])
	}
	return flows[:at], flows[at:]
}
