package torchmodel

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"stan/dataset"
)

var prober = netip.MustParseAddr("192.0.2.9")

// probed are real flows of some hosts, each of which a remote probes at noon, all within a minute.
func probed(t *testing.T) flowList {
	t.Helper()
	flows := someFlows(t, 8, 200, 1)
	midnight := flows[0].End / dayUs * dayUs
	var out flowList
	for h := int64(0); len(flows) > 0; h++ {
		host := flows[:sameHost(flows)]
		flows = flows[len(host):]
		at := midnight + dayUs/2 + h*1_000_000
		probe := dataset.Flow{
			Host: host[0].Host, Start: at, End: at, SrcAddr: prober, DstAddr: host[0].Host, SrcPort: 6000, DstPort: 1433, Proto: 6, TCPFlags: 2,
			Packets: 1, Bytes: 40, Label: host[0].Label,
		}
		host = append(slices.Clone(host), probe)
		slices.SortStableFunc(host, func(a, b dataset.Flow) int { return int((a.End - b.End) / 1_000_000) })
		out = append(out, host...)
	}
	return out
}

const dayUs = 24 * 3600 * 1_000_000

// probes are the flows of the prober, by host.
func probes(g generated) map[netip.Addr][]dataset.Flow {
	out := map[netip.Addr][]dataset.Flow{}
	for host, flows := range g {
		for i := range flows {
			if flows[i].Remote() == prober {
				out[host] = append(out[host], flows[i])
			}
		}
	}
	return out
}

func TestGeneratedHostsAreSwept(t *testing.T) {
	o := tinyOptions()
	o.Epochs = 1
	m := train(t, probed(t), t.TempDir(), o)
	day := dayOf(12)
	day.Duration = 48 * time.Hour
	flows := generate(t, m, day)
	found := probes(flows)
	for host := range flows {
		keepsRules(t, m, flows[host], networks)
		days := map[int64]bool{}
		for i := range flows[host] {
			days[flows[host][i].End/dayUs] = true
		}
		if len(found[host]) > 2 || len(days) == 2 && len(found[host]) < 2 {
			t.Errorf("%v: probed %d times, want once on each of %d days", host, len(found[host]), len(days))
		}
		for _, f := range found[host] {
			if at := f.End % dayUs; at < dayUs/2 || at > dayUs/2+8_000_000 {
				t.Errorf("%v: probed at %v, want some seconds after noon", host, time.UnixMicro(f.End).UTC())
			}
		}
	}

	early := dayOf(12)
	early.Duration = 11 * time.Hour
	if n := len(probes(generate(t, m, early))); n > 0 {
		t.Errorf("%d hosts are probed outside the span, want none", n)
	}

	counted := GenerateOptions{Hosts: 3, Rows: 3000, Start: day.Start, Seed: 1, Shard: 1, Shards: 1, Threads: 1}
	flows = generate(t, m, counted)
	if got := flows.rows(); got != 3000 {
		t.Errorf("%d rows, want the 3000 that were asked for, sweeps among them", got)
	}
	if len(probes(flows)) == 0 {
		t.Error("no host of a number of rows is probed")
	}

	o.Config.Without.Sweeps = true
	if m := train(t, probed(t), t.TempDir(), o); m.Manifest.Sweeps != nil {
		t.Errorf("without sweeps the model holds %d events", len(m.Manifest.Sweeps.Events))
	}
}
