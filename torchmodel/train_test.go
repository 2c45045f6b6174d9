package torchmodel

import (
	"context"
	"errors"
	"iter"
	"math"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wangkuiyi/gotorch/leaktest"

	"stan/dataset"
)

// changed are flows with f applied to each.
func changed(flows flowList, f func(*dataset.Flow)) flowList {
	out := slices.Clone(flows)
	for i := range out {
		f(&out[i])
	}
	return out
}

// toIPv6 moves a flow's addresses to 2001:db8::/96, the internal ones to 2001:db8:1::/96, with the longer header and ICMPv6.
func toIPv6(f *dataset.Flow) {
	move := func(a netip.Addr) netip.Addr {
		b := a.As16()
		copy(b[:12], []byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0})
		if networks[0].Contains(a) {
			b[5] = 1
		}
		return netip.AddrFrom16(b)
	}
	f.Host, f.SrcAddr, f.DstAddr = move(f.Host), move(f.SrcAddr), move(f.DstAddr)
	f.Bytes += 20 * f.Packets
	if f.Proto == 1 {
		f.Proto = 58
	}
}

// Whatever flows there are, training and generating work, or say what is missing.
func TestOddFlowsTrainAndGenerate(t *testing.T) {
	real := someFlows(t, 8, 40, 7)
	v6 := []netip.Prefix{netip.MustParsePrefix("2001:db8:1::/96")}
	host := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{42, 219, 200, byte(i)}) }
	for name, tc := range map[string]struct {
		flows  flowList
		change func(*TrainOptions)
	}{
		"one row a host":  {flows: someFlows(t, 8, 1, 1)},
		"two rows a host": {flows: someFlows(t, 8, 2, 1)},
		"one row in all":  {real[:1], func(o *TrainOptions) { o.MinHosts = 1 }},
		"one host":        {someFlows(t, 1, 100, 1), func(o *TrainOptions) { o.MinHosts = 1 }},
		"two hosts":       {flows: someFlows(t, 2, 60, 1)},
		"TCP alone":       {flows: changed(real, func(f *dataset.Flow) { f.Proto = 6 })},
		"ICMP alone":      {flows: changed(real, func(f *dataset.Flow) { f.Proto, f.SrcPort, f.DstPort = 1, 0, 2048 })},
		"ESP alone":       {flows: changed(real, func(f *dataset.Flow) { f.Proto, f.SrcPort, f.DstPort = 50, 0, 0 })},
		"IPv6 alone":      {changed(real, toIPv6), func(o *TrainOptions) { o.Internal = v6 }},
		"hosts of IPv4 and of IPv6": {changed(real, func(f *dataset.Flow) {
			if slices.Index(hostsOf(real), f.Host)%2 == 1 {
				toIPv6(f)
			}
		}), func(o *TrainOptions) { o.Internal = append(v6, o.Internal...) }},
		"one label":            {flows: changed(real, func(f *dataset.Flow) { f.Label = "" })},
		"all at the same time": {flows: changed(real, func(f *dataset.Flow) { f.Start, f.End = real[0].End, real[0].End })},
		"constant columns": {flows: changed(real, func(f *dataset.Flow) {
			f.Start, f.Packets, f.Bytes, f.TCPFlags, f.ToS, f.SrcPort, f.DstPort = f.End, 1, 40, 2, 0, 80, 80
		})},
		"hosts among themselves": {flows: changed(real, func(f *dataset.Flow) {
			if f.Outbound() {
				f.DstAddr = host(int(f.DstPort % 9))
			} else {
				f.SrcAddr = host(int(f.SrcPort % 9))
			}
		})},
		"no value at two hosts": {flows: changed(real, func(f *dataset.Flow) {
			// Every host has numbers of its own.
			n := slices.Index(hostsOf(real), f.Host)
			f.Proto, f.SrcPort, f.DstPort, f.TCPFlags, f.ToS, f.Label = uint8(100+n), 0, 0, uint8(n), uint8(n), string(rune('a'+n))
			f.Packets, f.Bytes = f.Packets*8+uint64(n), (f.Packets*8+uint64(n))*(1000+uint64(n))
			f.Start = f.End - 8000*(1+f.Duration().Milliseconds())*1000 - int64(n)*1000
		})},
	} {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			o := shortOptions()
			if tc.change != nil {
				tc.change(&o)
			}
			m := train(t, tc.flows, t.TempDir(), o)
			g := dayOf(3)
			g.Rows = 60
			var flows []dataset.Flow
			for _, part := range generate(t, m, g) {
				flows = append(flows, part...)
			}
			keepsRules(t, m, flows, o.Internal)
			o.Arch = ArchIndependent
			generate(t, train(t, tc.flows, t.TempDir(), o), g)
		})
	}
}

func hostsOf(flows flowList) (hosts []netip.Addr) {
	for i := range flows {
		if len(hosts) == 0 || hosts[len(hosts)-1] != flows[i].Host {
			hosts = append(hosts, flows[i].Host)
		}
	}
	return hosts
}

func TestTooFewFlowsAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		flows flowList
		says  string
	}{
		"no flow":                        {nil, "no flows"},
		"fewer hosts than a value needs": {someFlows(t, 1, 50, 1), "1 hosts to learn from, want the 2 of min-hosts"},
	} {
		for _, arch := range []string{ArchStan, ArchIndependent} {
			t.Run(name+", "+arch, func(t *testing.T) {
				o := shortOptions()
				o.Arch = arch
				dir := t.TempDir()
				_, err := Train(context.Background(), tc.flows, nil, dir, o, &watcher{})
				if !errors.Is(err, ErrData) || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("got error %v, want %v that says %q", err, ErrData, tc.says)
				}
			})
		}
	}
}

// What a user should know of a set is told before the training.
func TestOddSetsAreNoted(t *testing.T) {
	many, four := someFlows(t, 8, 20, 1), someFlows(t, 4, 20, 1)
	rare := changed(many, func(f *dataset.Flow) {
		f.Label = "background"
		if f.Host == many[0].Host {
			f.Label = "scan"
		}
	})
	for name, tc := range map[string]struct {
		flows flowList
		says  string // nothing for no note
	}{
		"eight hosts":         {many, ""},
		"four hosts":          {four, "few hosts to learn from"},
		"a label of one host": {rare, "scan"},
	} {
		t.Run(name, func(t *testing.T) {
			var w watcher
			if _, err := splitSets(context.Background(), tc.flows, someFlows(t, 1, 1, 1), tinyOptions(), &w); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(w.notes, ""); !strings.Contains(got, tc.says) || (tc.says == "" && got != "") {
				t.Errorf("notes %q, want some that say %q", w.notes, tc.says)
			}
		})
	}
}

func TestTrainOptionsOutOfRange(t *testing.T) {
	for name, change := range map[string]func(*TrainOptions){
		"gan":                     func(o *TrainOptions) { o.Arch = "gan" },
		"min-hosts 0":             func(o *TrainOptions) { o.MinHosts = 0 },
		"epochs -1":               func(o *TrainOptions) { o.Epochs = -1 },
		"epochs 0":                func(o *TrainOptions) { o.Epochs = 0 },
		"max-time -1s":            func(o *TrainOptions) { o.MaxTime = -time.Second },
		"batch 0":                 func(o *TrainOptions) { o.Batch = 0 },
		"batch 72057594037927936": func(o *TrainOptions) { o.Batch = 1 << 56 },
		"mixtures 61":             func(o *TrainOptions) { o.Config.Mixtures = 61 },
		"length 16777216":         func(o *TrainOptions) { o.Length = 1 << 24 },
		"learning-rate 0":         func(o *TrainOptions) { o.LearningRate = 0 },
		"clip-norm -1":            func(o *TrainOptions) { o.ClipNorm = -1 },
		"learning-rate +Inf":      func(o *TrainOptions) { o.LearningRate = math.Inf(1) },
		"learning-rate NaN":       func(o *TrainOptions) { o.LearningRate = math.NaN() },
		"patience -1":             func(o *TrainOptions) { o.Patience = -1 },
		"checkpoint -1s":          func(o *TrainOptions) { o.Checkpoint = -time.Second },
		"threads -3":              func(o *TrainOptions) { o.Threads = -3 },
		"threads 100000":          func(o *TrainOptions) { o.Threads = 100000 },
		"max-time 1ns":            func(o *TrainOptions) { o.MaxTime = 1 },
		"no internal network":     func(o *TrainOptions) { o.Internal = nil },
		"width 20, want a multi":  func(o *TrainOptions) { o.Config.Width = 20 },
		"layers 0":                func(o *TrainOptions) { o.Config.Layers = 0 },
		"dropout 1":               func(o *TrainOptions) { o.Config.Dropout = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			o, dir := tinyOptions(), filepath.Join(t.TempDir(), "model")
			change(&o)
			_, err := Train(context.Background(), referenceFlows(t), nil, dir, o, &watcher{})
			if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), name) {
				t.Errorf("got error %v, want %v that says %q", err, ErrConfig, name)
			}
		})
	}
}

// failing is a set of flows whose n-th reading breaks off.
type failing struct {
	flowList
	left *int
}

var errReading = errors.New("the file is gone")

func (f failing) Batches(ctx context.Context) iter.Seq2[[]dataset.Flow, error] {
	if *f.left--; *f.left >= 0 {
		return f.flowList.Batches(ctx)
	}
	return func(yield func([]dataset.Flow, error) bool) {
		if yield(f.flowList[:20], nil) {
			yield(nil, errReading)
		}
	}
}

func TestFlowsThatCannotBeReadEndTraining(t *testing.T) {
	leaktest.Check(t)
	flows := someFlows(t, 8, 30, 1)
	for _, arch := range []string{ArchStan, ArchIndependent} {
		for passes := 0; ; passes++ {
			o, left, dir := shortOptions(), passes, t.TempDir()
			o.Arch = arch
			_, err := Train(context.Background(), failing{flows, &left}, nil, dir, o, &watcher{})
			if err == nil {
				if passes < 4 {
					t.Errorf("%s reads the flows %d times, want at least 4: hosts, vocabulary, training, validation", arch, passes)
				}
				break
			}
			if !errors.Is(err, errReading) {
				t.Fatalf("%s, reading %d: got error %v, want %v", arch, passes+1, err, errReading)
			}
			if _, err := Load(dir); !errors.Is(err, ErrMissing) {
				t.Errorf("%s, reading %d: there is a model, or error %v", arch, passes+1, err)
			}
		}
	}
}

func TestHeldOutHostsAreAnEighth(t *testing.T) {
	flows := someFlows(t, 8, 3, 1)
	for _, n := range []int{4, 7, 8, 15, 16, 40} {
		var many flowList
		for i := range n {
			many = append(many, changed(flows[:3], func(f *dataset.Flow) { f.Host = netip.AddrFrom4([4]byte{42, 219, 1, byte(i)}) })...)
		}
		out, err := heldOut(many.Batches(context.Background()), 1)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := heldOut(many.Batches(context.Background()), 1)
		if want := max(1, n/8); len(out) != want || len(again) != want {
			t.Errorf("%d of %d hosts are held out, want %d", len(out), n, want)
		}
		for a := range out {
			if !again[a] {
				t.Errorf("of %d hosts another one is held out the second time", n)
			}
		}
	}
}

func TestPatienceEndsTraining(t *testing.T) {
	o := tinyOptions()
	o.Patience = 2
	tr := prepared(t, someFlows(t, 8, 30, 1), o)
	var err error
	if tr.metrics, err = openMetrics(filepath.Join(tr.dir, metricsName), 0, 0); err != nil {
		t.Fatal(err)
	}
	defer tr.metrics.close()
	for i, want := range []bool{false, false, false, true} { // the first is the best, then three are no better
		done, err := tr.validate(context.Background())
		if err != nil || done != want {
			t.Errorf("validation %d: done %v and error %v, want %v", i+1, done, err, want)
		}
	}
	lines := metricsOf(t, tr.dir)
	if len(lines) != 4 || lines[0]["best"] != true || lines[3]["best"] != false {
		t.Errorf("metrics %v, want four validations, the first the best", lines)
	}
}

func TestTimeBoundsTraining(t *testing.T) {
	o, w := tinyOptions(), &watcher{}
	o.Epochs, o.MaxTime = 0, 300*time.Millisecond
	if _, err := Train(context.Background(), referenceFlows(t), nil, t.TempDir(), o, w); err != nil {
		t.Fatal(err)
	}
	last := w.steps[len(w.steps)-1]
	// The time may run out between the last step's report and the check of the clock.
	if last.Progress < 0.5 || len(w.valids) == 0 {
		t.Errorf("the last step has progress %g, and there are %d validations, want about 1 and at least 1", last.Progress, len(w.valids))
	}
	for i := 1; i < len(w.steps); i++ {
		if w.steps[i].Step != w.steps[i-1].Step+1 || w.steps[i].Progress < w.steps[i-1].Progress || w.steps[i].Rows <= w.steps[i-1].Rows {
			t.Fatalf("step %+v after %+v", w.steps[i], w.steps[i-1])
		}
	}
}

func TestGivenValidationSetIsUsed(t *testing.T) {
	flows := someFlows(t, 8, 30, 1)
	var last int
	for i := range flows {
		if flows[i].Host != flows[len(flows)-1].Host {
			last = i + 1
		}
	}
	for _, arch := range []string{ArchStan, ArchIndependent} {
		o, w := shortOptions(), &watcher{}
		o.Arch = arch
		m, err := Train(context.Background(), flows[:last], flows[last:], t.TempDir(), o, w)
		if err != nil {
			t.Fatal(err)
		}
		about := m.Manifest.Training
		if about.Flows != int64(last) || about.Hosts != 7 || len(w.valids) == 0 || len(about.ValidNLL) == 0 || len(about.BaselineNLL) == 0 {
			t.Errorf("%s: model of %+v after %d validations, want one of %d flows of 7 hosts with likelihoods", arch, about, len(w.valids), last)
		}
		if arch == ArchStan && w.valids[0].Rows != int64(len(flows)-last) {
			t.Errorf("%d rows are validated, want %d", w.valids[0].Rows, len(flows)-last)
		}
	}
}
