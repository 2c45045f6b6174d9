package torchmodel

import (
	"context"
	"errors"
	"math"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
	"github.com/wangkuiyi/gotorch/leaktest"
)

// prepared is a trainer that has not made a step. The test's thread is its own until the test ends.
func prepared(t testing.TB, flows Flows, o TrainOptions) *trainer {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	torch.SetNumThreads(1)
	s, err := splitSets(context.Background(), flows, nil, o, &watcher{})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := newTrainer(s, t.TempDir(), o, &watcher{})
	t.Cleanup(tr.free)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// flowsOf is what a training on flows trains.
func flowsOf(t *trainer) *flowSubject { return t.subject.(*flowSubject) }

// headNLL is the likelihood of a batch by head, in nats for each row that draws it, and the number of these rows.
func headNLL(n *Network, b *lanes.Batch) (nats, rows [Heads]float64) {
	torch.NoGrad(func() {
		l := n.Forward(b, nil)
		target := b.Target.Int64s()
		for i, class := range target {
			if class != ignore {
				rows[i%int(Heads)]++
			}
		}
		for h, x := range l.heads {
			nats[h] = x.Float64() / max(rows[h], 1)
		}
	})
	return nats, rows
}

// A network that has learned nothing takes every class for about as likely: its first loss is what the sizes of the
// vocabulary say, so no head starts lost.
func TestFirstLossIsThatOfEvenOdds(t *testing.T) {
	leaktest.Check(t)
	tr := prepared(t, referenceFlows(t), tinyOptions())
	flowsOf(tr).net.Train(false)
	scope := torch.NewScope()
	defer scope.Close()
	b, err := flowsOf(tr).train.Replay(scope, flowsOf(tr).train.allChunks(64)[:20], flowsOf(tr).net.config.ReceptiveField(), 64)
	if err != nil {
		t.Fatal(err)
	}
	nats, rows := headNLL(flowsOf(tr).net, b)
	classes := newLayout(flowsOf(tr).sets.vocabulary).classes
	for h := range Heads {
		_, value := valueIndex[h] // beside the class a place in the mixture
		if value || h == Conversation || h == Peer || h == Place || h == Repeat || rows[h] == 0 {
			continue
		}
		// First logits differ by what the tables of inputs hold, with standard deviation 0.3 a channel: less than one nat.
		if want := math.Log(float64(classes[h])); math.Abs(nats[h]-want) > 1 {
			t.Errorf("%v: %.2f nats over %.0f rows, want about ln %d = %.2f", h, nats[h], rows[h], classes[h], want)
		}
	}
	for h, entries := range map[Head]int{Conversation: 16, Peer: 24, Repeat: 24} {
		// Lists fill in the course of a stream.
		if most := math.Log(float64(entries+1)) + 1; !(nats[h] > 0 && nats[h] < most) {
			t.Errorf("%v: %.2f nats, want 0 to %.2f", h, nats[h], most)
		}
	}
}

// What a network cannot learn by heart it cannot learn at all.
func TestOneBatchIsLearntByHeart(t *testing.T) {
	leaktest.Check(t)
	o := tinyOptions()
	o.Config = Config{Width: 24, Hidden: 32, Layers: 2, Key: 8, Value: 8, Plan: 16, Place: 8, Mixtures: 2}
	tr := prepared(t, referenceFlows(t), o)
	chunks := flowsOf(tr).train.allChunks(32)[3:5]
	batch := func(f func(*lanes.Batch)) {
		torch.With(func(scope *torch.Scope) {
			b, err := flowsOf(tr).train.Replay(scope, chunks, flowsOf(tr).net.config.ReceptiveField(), 32)
			if err != nil {
				t.Fatal(err)
			}
			f(b)
		})
	}
	var first, last, rows [Heads]float64
	batch(func(b *lanes.Batch) { first, rows = headNLL(flowsOf(tr).net, b) })
	tr.opt.SetLR(0.02)
	for range 150 {
		batch(func(b *lanes.Batch) {
			tr.opt.ZeroGrad()
			l := flowsOf(tr).net.Forward(b, nil)
			l.perRow(l.rows).Backward()
			torch.ClipGradNorm(flowsOf(tr).net.Parameters(), 1)
			tr.opt.Step()
		})
	}
	batch(func(b *lanes.Batch) { last, _ = headNLL(flowsOf(tr).net, b) })
	var before, after float64
	for h := range Heads {
		before += first[h] * rows[h]
		after += last[h] * rows[h]
		if rows[h] > 0 && first[h] > 0.01 && !(last[h] < first[h]) {
			t.Errorf("%v: %.3f nats after 150 steps, %.3f before", h, last[h], first[h])
		}
	}
	if !(after < before/4) {
		t.Errorf("loss %.1f after 150 steps on one batch of 64 rows, %.1f before, want less than a quarter", after, before)
	}
}

func TestLossOfEveryHeadFalls(t *testing.T) {
	m := referenceModel(t)
	tr := prepared(t, referenceFlows(t), tinyOptions())
	first, _, err := evaluateNLL(context.Background(), flowsOf(tr).net, flowsOf(tr).train, torch.Device{})
	if err != nil {
		t.Fatal(err)
	}
	if err := setWeights(flowsOf(tr).net, m.arrays); err != nil {
		t.Fatal(err)
	}
	last, rows, err := evaluateNLL(context.Background(), flowsOf(tr).net, flowsOf(tr).train, torch.Device{})
	if err != nil {
		t.Fatal(err)
	}
	if rows != flowsOf(tr).train.rows {
		t.Errorf("%d rows are scored, want all %d", rows, flowsOf(tr).train.rows)
	}
	for h := range Heads {
		if first[h] > 0 && !(last[h] < first[h]) {
			t.Errorf("%v: %.3f nats a row after training, %.3f before", h, last[h], first[h])
		}
	}
}

// nextStep does one step as the training loop does.
func nextStep(tr *trainer) (Step, error) {
	f := newFeed(tr)
	defer f.close()
	item, _ := f.take()
	return tr.step(item)
}

func TestNotANumberStopsTraining(t *testing.T) {
	leaktest.Check(t)
	nan := func(x torch.Tensor) {
		v := x.Float32s()
		v[0] = float32(math.NaN())
		x.CopyFromFloat32(v)
	}
	for name, tc := range map[string]struct {
		poison func(*Network) torch.Tensor
		want   string
	}{
		"in the head of bytes":  {func(n *Network) torch.Tensor { return n.Values[valueIndex[Bytes]].Exact.Bias }, `attribute "bytes"`},
		"in the head of flags":  {func(n *Network) torch.Tensor { return n.Classes[classIndex[Flags]].Classes.Bias }, `attribute "flags"`},
		"in what all heads see": {func(n *Network) torch.Tensor { return n.Context.Bias }, `attribute "gap"`},
	} {
		t.Run(name, func(t *testing.T) {
			tr := prepared(t, referenceFlows(t), tinyOptions())
			if _, err := nextStep(tr); err != nil {
				t.Fatal(err)
			}
			if err := tr.writeCheckpoint(); err != nil {
				t.Fatal(err)
			}
			nan(tc.poison(flowsOf(tr).net))
			_, err := nextStep(tr)
			if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "epoch 1, step 2") {
				t.Errorf("step: got error %v, want %v with step and %s", err, ErrDiverged, tc.want)
			}
			if _, err = tr.validate(context.Background()); !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("validation: got error %v, want %v with %s", err, ErrDiverged, tc.want)
			}
			tr.state.Step = 2
			if err := tr.writeCheckpoint(); !errors.Is(err, ErrDiverged) {
				t.Errorf("checkpoint: got error %v, want %v", err, ErrDiverged)
			}
			if got := checkpoints(tr.dir); len(got) != 1 || got[0] != 1 {
				t.Fatalf("checkpoints %v, want that of step 1", got)
			}
			if _, err := Load(checkpointPath(tr.dir, 1)); err != nil {
				t.Errorf("the last checkpoint: %v", err)
			}
		})
	}
}

func TestHugeLearningRateStopsTraining(t *testing.T) {
	o, dir := tinyOptions(), t.TempDir()
	o.LearningRate, o.Checkpoint = 1e6, 1
	_, err := Train(context.Background(), referenceFlows(t), nil, dir, o, &watcher{})
	if !errors.Is(err, ErrDiverged) || !regexp.MustCompile(`step \d+: .*`).MatchString(err.Error()) {
		t.Fatalf("got error %v, want %v with its step", err, ErrDiverged)
	}
	if len(checkpoints(dir)) == 0 {
		t.Fatal("no checkpoint is left")
	}
	for _, step := range checkpoints(dir) {
		if _, err := Load(checkpointPath(dir, step)); err != nil {
			t.Error(err)
		}
	}
}

// rss is the memory of this process that is not on disk, in bytes.
func rss(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	kib := regexp.MustCompile(`RssAnon:\s+(\d+) kB`).FindSubmatch(text)
	n, err := strconv.Atoi(string(kib[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}

func TestMemoryOfTrainingStaysTheSame(t *testing.T) {
	const warm, steps = 100, 800
	o := tinyOptions()
	o.Batch, o.Length, o.Config.Layers = 1, 4, 1
	tr := prepared(t, someFlows(t, 8, 60, 1), o)
	run := func(steps int) (handles int64, bytes int) {
		f := newFeed(tr)
		for range steps {
			item, _ := f.take()
			if _, err := tr.step(item); err != nil {
				t.Fatal(err)
			}
		}
		f.close()
		runtime.GC()
		return torch.LiveHandles(), rss(t)
	}
	handles, bytes := run(warm)
	gotHandles, gotBytes := run(steps - warm)
	if gotHandles != handles {
		t.Errorf("%d tensors alive after %d steps, %d after %d", gotHandles, steps, handles, warm)
	}
	if gotBytes > bytes*11/10 {
		t.Errorf("%d bytes of memory after %d steps, %d after %d, want at most a tenth more", gotBytes, steps, bytes, warm)
	}
}

func TestNoTensorIsLeft(t *testing.T) {
	leaktest.Check(t)
	o := tinyOptions()
	o.Epochs = 1
	m := train(t, someFlows(t, 8, 60, 1), t.TempDir(), o)
	if _, err := m.Generate(context.Background(), dayOf(5), discard, nil); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	trainUntil(t, someFlows(t, 8, 60, 1), dir, o, at{2, 0})
	o.Seed, o.Resume = 7, true
	if _, err := Train(context.Background(), someFlows(t, 8, 60, 1), nil, dir, o, &watcher{}); !errors.Is(err, ErrModel) {
		t.Errorf("got error %v, want %v", err, ErrModel)
	}
}
