package torchmodel

import (
	"context"
	"math"
	"reflect"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"

	"stan/dataset/encode"
	"stan/dataset/table"
)

func TestCUDAScoresAsTheCPU(t *testing.T) {
	device := leaktest.OnCUDA(t)
	m := referenceModel(t)
	_, flows := splitHosts(someFlows(t, 6, 300, 1), 4)
	var perRow [2]map[string]float64
	for i, d := range []torch.Device{{}, device} {
		perRow[i], _ = scoreAllOn(t, m, d, flows, len(flows), m.Manifest.Training.First)
	}
	for name, want := range perRow[0] {
		if got := perRow[1][name]; math.Abs(got-want) > 1e-4*max(1, want) { // float32 sums in another order
			t.Errorf("%s: %.6f nats a row on the device, want %.6f", name, got, want)
		}
	}
}

// The likelihood of a batch and its gradient are those of the CPU.
func TestCUDAGradientsAreThoseOfTheCPU(t *testing.T) {
	device := leaktest.OnCUDA(t)
	c := smallConfig()
	c.Dropout = 0
	w := newSampled(t, c)
	corpus, err := newCorpus(w.tables, w.vocabulary, oneBatch(madeFlows(4, 200)), sampledStart, room{})
	if err != nil {
		t.Fatal(err)
	}
	defer corpus.Free()
	run := func(device torch.Device) (nll float64, grads map[string][]float32) {
		w.net.To(device)
		torch.ZeroGrads(w.net.Parameters())
		torch.With(func(scope *torch.Scope) {
			b, err := corpus.Replay(scope, corpus.epochChunks(1, 0, 100)[:6], c.ReceptiveField(), 100)
			if err != nil {
				t.Fatal(err)
			}
			l := on(device, flowBatch{b, w.net}).score(nil)
			loss := l.perRow(l.rows)
			loss.Backward()
			nll, grads = loss.Float64(), map[string][]float32{}
			for _, p := range w.net.OrderedParameters() {
				grads[p.Name] = scope.Adopt(p.Tensor.Grad()).Float32s()
			}
		})
		return nll, grads
	}
	want, wantGrads := run(torch.Device{})
	got, grads := run(device)
	torch.ZeroGrads(w.net.Parameters())
	if math.Abs(got-want) > 1e-5*want {
		t.Errorf("%.7g nats a row on the device, %.7g on the CPU", got, want)
	}
	for name, want := range wantGrads {
		norm, off := 0.0, 0.0
		for i, x := range want {
			norm += float64(x) * float64(x)
			off += float64(grads[name][i]-x) * float64(grads[name][i]-x)
		}
		if !(off <= 1e-6*norm) { // a thousandth: float32 sums in another order
			t.Errorf("gradient of %s is off by %.3g of its length", name, math.Sqrt(off/norm))
		}
	}
}

// A training on the device is about as good as one on the CPU from the same first weights.
func TestCUDATraining(t *testing.T) {
	device := leaktest.OnCUDA(t)
	flows := someFlows(t, 8, 300, 1)
	var nll []float64
	for _, d := range []torch.Device{{}, device} {
		o := tinyOptions()
		o.Device = d
		w := &watcher{}
		if _, err := Train(context.Background(), flows, nil, t.TempDir(), o, w); err != nil {
			t.Fatal(err)
		}
		nll = append(nll, w.valids[len(w.valids)-1].NLL)
	}
	if math.Abs(nll[1]-nll[0]) > 0.03*nll[0] {
		t.Errorf("%.3f nats a row after training on the device, %.3f on the CPU", nll[1], nll[0])
	}
}

// A recorded step learns what the same step learns kernel by kernel, with a learning rate and dropout of its own each time.
func TestCUDARecordedStepsLearnTheSame(t *testing.T) {
	device := leaktest.OnCUDA(t)
	o := tinyOptions()
	o.Device, o.Epochs = device, 6
	flows := someFlows(t, 8, 300, 1)
	losses := func(warm int) (losses []float64, recorded bool) {
		tr := prepared(t, flows, o)
		tr.warm = warm
		feed := newFeed(tr)
		defer feed.close()
		for range 60 {
			item, _ := feed.take()
			s, err := tr.step(item)
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, s.Loss)
		}
		return losses, tr.recorded != nil
	}
	want, recorded := losses(-1 << 30)
	if recorded {
		t.Fatal("a step is recorded before its time")
	}
	got, recorded := losses(0)
	if !recorded {
		t.Fatal("no step is recorded")
	}
	for i := range want {
		// Sums on a GPU have no fixed order, and a network goes its own way after some steps.
		if math.Abs(got[i]-want[i]) > 0.02*want[i] {
			t.Errorf("step %d: loss %.4f recorded, %.4f otherwise", i+1, got[i], want[i])
		}
	}
}

// A training that is stopped on the device goes on from its checkpoint.
func TestCUDAResume(t *testing.T) {
	device := leaktest.OnCUDA(t)
	flows := someFlows(t, 8, 300, 1)
	o := tinyOptions()
	o.Device = device
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{onStep: func(s Step) {
		if s.Step == 9 {
			cancel()
		}
	}}
	if _, err := Train(ctx, flows, nil, dir, o, w); err == nil {
		t.Fatal("no error of a training that was stopped")
	}
	o.Resume = true
	w = &watcher{}
	if _, err := Train(context.Background(), flows, nil, dir, o, w); err != nil {
		t.Fatal(err)
	}
	if w.steps[0].Step != 10 {
		t.Errorf("goes on at step %d, want 10", w.steps[0].Step)
	}
}

// A block that is replayed draws what its steps draw one by one.
func TestCUDAGraphDrawsWhatStepsDraw(t *testing.T) {
	device := leaktest.OnCUDA(t)
	const width, blocks = 33, 4
	w := newSampled(t, smallConfig())
	w.net.To(device)
	tables, err := newTables(w.vocabulary, newLayout(w.vocabulary), Without{}, device)
	if err != nil {
		t.Fatal(err)
	}
	defer tables.Free()
	draw := func(begin func(*sampler)) (rows []encode.Row, hosts []int32) {
		s, err := newSampler(w.net, tables, device, width, 1, encode.Words(w.addrs), 11)
		if err != nil {
			t.Fatal(err)
		}
		defer s.free()
		var list []assignment
		for lane := range width {
			j := job{host: lane, plans: []plan{evenPlan(5)}, quota: int64(20 + 5*lane)}
			list = append(list, j.in(lane, sampledStart, math.MaxInt64/2))
		}
		if err := s.assign(list); err != nil {
			t.Fatal(err)
		}
		torch.NoGrad(func() {
			for range blocks {
				begin(s)
				if err := s.collect(); err != nil {
					t.Fatal(err)
				}
				for i, h := range s.hosts {
					if h >= 0 {
						rows, hosts = append(rows, s.rows[i]), append(hosts, h)
					}
				}
			}
		})
		return rows, hosts
	}
	rows, hosts := draw((*sampler).begin)
	wantRows, wantHosts := draw(func(s *sampler) {
		for i := range s.steps {
			torch.With(func(scope *torch.Scope) { s.step(scope, i) })
		}
	})
	if len(rows) < width*60 || !slices.Equal(hosts, wantHosts) || !slices.Equal(rows, wantRows) {
		t.Errorf("%d rows by replays, %d by steps, want the same", len(rows), len(wantRows))
	}
}

// Flows drawn on the device keep the rules, are the same by every call and in every shard, and about as many as on the CPU.
func TestCUDAGenerates(t *testing.T) {
	device := leaktest.OnCUDA(t)
	m := busy(t, referenceModel(t), 150)
	o := dayOf(40)
	onCPU := generate(t, m, o)
	o.Device = device
	whole := generate(t, m, o)
	for _, flows := range whole {
		keepsRules(t, m, flows, networks)
	}
	if got, want := float64(whole.rows()), float64(onCPU.rows()); math.Abs(got-want) > 0.1*want {
		t.Errorf("%g rows on the device, %g on the CPU", got, want)
	}
	if !reflect.DeepEqual(generate(t, m, o), whole) {
		t.Error("a second call gives other flows")
	}
	parts := generated{}
	for o.Shard, o.Shards = 1, 3; o.Shard <= o.Shards; o.Shard++ {
		for host, flows := range generate(t, m, o) {
			parts[host] = flows
		}
	}
	if !reflect.DeepEqual(parts, whole) {
		t.Error("three shards give other flows than the whole")
	}
}

// Tables train and are drawn on the device too: the network's rows and those of the paper's have the slopes of the data.
func TestCUDATables(t *testing.T) {
	device := leaktest.OnCUDA(t)
	for arch, o := range map[string]TrainOptions{ArchStan: tableOptions(), ArchPaperSmall: paperOptions(ArchPaperSmall)} {
		o.Device, o.Arch, o.Epochs = device, arch, 20
		m := mustTrainTable(t, table.Simulate(16_000, 1), t.TempDir(), o)
		same, lag := slopes(generateTable(t, m, GenerateOptions{Rows: 20_000, Seed: 1, Device: device}))
		for name, got := range map[string]float64{"y on x": same, "x on x before": lag} {
			if math.Abs(got-table.SimulatedCoefficient) > 0.05 { // tiny networks and some hundred steps
				t.Errorf("%s, %s: coefficient %.3f, want about %g", arch, name, got, table.SimulatedCoefficient)
			}
		}
	}
}
