package torchmodel

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var paperArchs = []string{ArchPaper, ArchPaperSmall, ArchChain, ArchWPGAN}

// paperOptions train an architecture of package paper for a moment.
func paperOptions(arch string) TrainOptions {
	o := tinyOptions()
	o.Arch, o.Epochs = arch, 1
	return o
}

// Every architecture of the paper goes the whole road: flows, model folder, flows of new hosts inside span and networks, the
// same whatever the threads and shards, and exactly as many as asked for.
func TestPaperFromFlowsToFlows(t *testing.T) {
	flows := someFlows(t, 5, 150, 3)
	for _, arch := range paperArchs {
		t.Run(arch, func(t *testing.T) {
			m := train(t, flows, t.TempDir(), paperOptions(arch))
			likelihood := m.Manifest.Training.ValidNLL
			if arch == ArchWPGAN != (likelihood == nil) {
				t.Errorf("likelihood of %s: %v", arch, likelihood)
			}
			for name, nats := range likelihood {
				if !(nats > 0) || nats > 60 || m.Manifest.Training.BaselineNLL[name] == 0 {
					t.Errorf("likelihood of %s: got %g beside %g, want some nats of both", name, nats, m.Manifest.Training.BaselineNLL[name])
				}
			}
			o := dayOf(6)
			o.Duration = 40 * time.Minute
			if arch != ArchPaper {
				o.Hosts = 11
			}
			want := generate(t, m, o)
			for host, flows := range want {
				if !networks[0].Contains(host) {
					t.Errorf("host %v, want one inside %v", host, networks)
				}
				end := o.Start.UnixMicro()
				for i := range flows {
					f := &flows[i]
					if f.End < end || f.End >= o.Start.Add(o.Duration).UnixMicro() || f.Start > f.End || f.Packets < 1 || f.Bytes < 1 ||
						(f.SrcAddr != host && f.DstAddr != host) {
						t.Fatalf("flow %d of host %v: %+v", i, host, *f)
					}
					end = f.End
				}
			}
			o.Threads = 2
			merged := generated{}
			for o.Shard, o.Shards = 1, 2; o.Shard <= 2; o.Shard++ {
				for host, flows := range generate(t, m, o) {
					merged[host] = flows
				}
			}
			if !reflect.DeepEqual(merged, want) {
				t.Error("two shards on two threads give other flows than one")
			}
			o = dayOf(3)
			o.Rows, o.Duration = 50, 0
			if got := generate(t, m, o).rows(); got != 50 {
				t.Errorf("%d rows, want 50", got)
			}
		})
	}
}

// A stop leaves nothing that looks like a model, and says why.
func TestPaperStops(t *testing.T) {
	flows := someFlows(t, 4, 100, 3)
	reason := errors.New("the reason")
	for _, arch := range paperArchs {
		ctx, cancel := context.WithCancelCause(context.Background())
		w := &watcher{onStep: func(Step) { cancel(reason) }}
		if arch == ArchChain { // counts in one go
			cancel(reason)
		}
		dir, o := t.TempDir(), paperOptions(arch)
		o.Epochs = 100
		if _, err := Train(ctx, flows, nil, dir, o, w); !errors.Is(err, reason) {
			t.Errorf("%s: got error %v, want the reason", arch, err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "model*")); len(left) > 0 {
			t.Errorf("%s: %v is left", arch, left)
		}
	}
}

// IPv6 does not fit the paper's columns: data refused, with the address.
func TestPaperRefusesIPv6(t *testing.T) {
	flows := changed(someFlows(t, 4, 20, 3), toIPv6)
	o := paperOptions(ArchChain)
	o.Internal = nil
	for i := range flows {
		o.Internal = append(o.Internal, netip.PrefixFrom(flows[i].Host, flows[i].Host.BitLen()))
	}
	_, err := Train(context.Background(), flows, nil, t.TempDir(), o, &watcher{})
	if !errors.Is(err, ErrData) || !strings.Contains(err.Error(), "want IPv4") {
		t.Errorf("got error %v, want data refused", err)
	}
}

// A model whose numbers are another architecture's is refused.
func TestPaperModelsAreToldApart(t *testing.T) {
	flows := someFlows(t, 4, 40, 3)
	dir := t.TempDir()
	m := train(t, flows, dir, paperOptions(ArchChain))
	for _, arch := range []string{ArchPaper, ArchPaperSmall, ArchWPGAN, ArchIndependent, ArchStan} {
		manifest := m.Manifest
		manifest.Arch = arch
		if arch == ArchStan {
			c := tinyOptions().Config
			manifest.Config = &c
		}
		var arrays = m.profiles.arrays()
		for _, a := range m.ownArrays() {
			arrays = append(arrays, a)
		}
		if err := writeModel(dir, manifest, arrays); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); !errors.Is(err, ErrModel) {
			t.Errorf("counts of a chain as %s: got error %v, want a refusal", arch, err)
		}
	}
}
