package torchmodel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wangkuiyi/gotorch/safetensors"

	"stan/dataset"
)

// dayOf are options for a day of n hosts.
func dayOf(n int) GenerateOptions {
	return GenerateOptions{
		Hosts: n, Duration: 24 * time.Hour, Start: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Seed: 1, Shard: 1, Shards: 1, Threads: 1,
	}
}

func discard([]dataset.Flow) error { return nil }

// generated are flows by host, each host's in the order in which they came.
type generated map[netip.Addr][]dataset.Flow

func (g generated) rows() (n int64) {
	for _, flows := range g {
		n += int64(len(flows))
	}
	return n
}

// generate draws flows and fails the test on an error, or where rows are not counted right.
func generate(t *testing.T, m *Model, o GenerateOptions) generated {
	t.Helper()
	return generateBy(t, m, o, 0)
}

// generateBy is generate with so many decoders beside each sampler, 0 for the usual number.
func generateBy(t *testing.T, m *Model, o GenerateOptions, decoders int) generated {
	t.Helper()
	out := generated{}
	var mu sync.Mutex
	var told int64
	g, err := m.newGeneration(o, func(flows []dataset.Flow) error {
		mu.Lock()
		defer mu.Unlock()
		out[flows[0].Host] = append(out[flows[0].Host], flows...)
		return nil
	}, func(rows, planned int64) {
		if rows <= told || (o.Rows > 0 && rows > planned) {
			t.Errorf("progress %d of %d after %d", rows, planned, told)
		}
		told = rows
	})
	if err != nil {
		t.Fatal(err)
	}
	g.decoders = cmp.Or(decoders, g.decoders)
	rows, err := g.generate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if got := out.rows(); rows != got || told != got {
		t.Errorf("%d rows came, %d are counted and %d told", got, rows, told)
	}
	return out
}

// keepsRules checks the hard rules on flows, each host's in the order in which they came.
func keepsRules(t *testing.T, m *Model, flows []dataset.Flow, internal []netip.Prefix) {
	t.Helper()
	last := map[netip.Addr]int64{}
	for i := range flows {
		f := &flows[i]
		fail := func(what string) {
			t.Helper()
			t.Fatalf("flow %d: %s: %+v", i, what, *f)
		}
		if before, seen := last[f.Host]; seen && f.End < before {
			fail("time goes back")
		}
		last[f.Host] = f.End
		mtu := uint64(m.Manifest.Vocabulary.MTU)
		switch {
		case f.Host != f.SrcAddr && f.Host != f.DstAddr:
			fail("the host is at neither end")
		case !slices.ContainsFunc(internal, func(p netip.Prefix) bool { return p.Contains(f.Host) }):
			fail("the host is outside the internal networks")
		case f.Start > f.End || f.Start < 0:
			fail("it ends before it starts, or starts before 1970")
		case f.Proto != 6 && f.Proto != 17 && (f.SrcPort != 0 || (f.DstPort != 0 && f.Proto != 1 && f.Proto != 58)):
			fail("ports without TCP or UDP")
		case f.SrcAddr.Is4() != f.DstAddr.Is4():
			fail("addresses of two IP versions")
		case (f.Proto == 1 && f.SrcAddr.Is6()) || (f.Proto == 58 && f.SrcAddr.Is4()):
			fail("ICMP of the other IP version")
		case f.SrcAddr.Is6() && f.Bytes < 48*f.Packets:
			fail("fewer bytes than the headers of IPv6 hold")
		case f.Packets < 1:
			fail("no packet")
		case f.Packets == 1 && f.Start != f.End:
			fail("one packet lasts")
		case f.Bytes < 28*f.Packets || f.Bytes > mtu*f.Packets:
			fail("bytes a packet out of range")
		case f.SrcAddr.Is4In6() || f.DstAddr.Is4In6():
			fail("IPv4 in IPv6")
		}
	}
}

// wild is the reference model with weights so large that its draws are extreme: the rules hold by masks, not by learning.
func wild(t *testing.T, factor float32) *Model {
	t.Helper()
	m, err := Load(rewritten(t, referenceModel(t), func(c *contents) {
		for i := range c.arrays {
			if a := &c.arrays[i]; strings.HasPrefix(a.Name, "Network.") {
				x := a.Float32s()
				for j := range x {
					x[j] *= factor
				}
				a.Data = safetensors.Float32Tensor("", x).Data
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// busy is a model whose hosts have about so many flows a day.
func busy(t *testing.T, m *Model, rows float64) *Model {
	t.Helper()
	m, err := Load(rewritten(t, m, func(c *contents) {
		q := slices.Repeat([]float32{float32(math.Log(rows))}, profileQuantiles)
		copy(c.array(quantilesName).Data[4*marks*profileQuantiles:], safetensors.Float32Tensor("", q).Data)
	}))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// onIPv6 is a model whose hosts have IPv6, and whose places IPv4 but for the last.
func onIPv6(t *testing.T, m *Model) *Model {
	t.Helper()
	m, err := Load(rewritten(t, m, func(c *contents) {
		q := slices.Repeat([]float32{1}, profileQuantiles)
		copy(c.array(quantilesName).Data[4*ipv6Mark*profileQuantiles:], safetensors.Float32Tensor("", q).Data)
	}))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestGeneratedFlowsKeepTheRules(t *testing.T) {
	trained, wild, wilder := busy(t, referenceModel(t), 60), busy(t, wild(t, 30), 60), busy(t, wild(t, 1e9), 60)
	prefix := func(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }
	for name, tc := range map[string]struct {
		m      *Model
		change func(*GenerateOptions)
	}{
		"a day":            {trained, func(*GenerateOptions) {}},
		"over midnight":    {trained, func(o *GenerateOptions) { o.Start, o.Duration = o.Start.Add(22*time.Hour+1), 3*time.Hour }},
		"one host":         {trained, func(o *GenerateOptions) { o.Hosts = 1 }},
		"200 hosts":        {trained, func(o *GenerateOptions) { o.Hosts, o.Duration = 200, 6*time.Hour }},
		"IPv6":             {onIPv6(t, trained), func(o *GenerateOptions) { o.Internal = prefix("2001:db8:1::/48") }},
		"IPv6, wild":       {onIPv6(t, wild), func(o *GenerateOptions) { o.Internal = append(prefix("2001:db8:1::/48"), networks...) }},
		"a network of one": {trained, func(o *GenerateOptions) { o.Hosts, o.Internal = 1, prefix("192.0.2.7/32") }},
		"wild weights":     {wild, func(o *GenerateOptions) { o.Internal = prefix("192.0.2.0/24") }},
		"wilder weights":   {wilder, func(*GenerateOptions) {}},
		"rows, wild":       {wild, func(o *GenerateOptions) { o.Rows, o.Hosts = 1500, 0 }},
		"from 1970 on":     {wild, func(o *GenerateOptions) { o.Start = time.Unix(0, 0) }},
	} {
		t.Run(name, func(t *testing.T) {
			o := dayOf(12)
			o.Internal = networks
			tc.change(&o)
			got := generate(t, tc.m, o)
			if o.Hosts > 0 && len(got) > o.Hosts {
				t.Errorf("flows of %d hosts, want %d at most", len(got), o.Hosts)
			}
			from := o.Start.UnixMicro()
			to := from + o.Duration.Microseconds()
			for _, flows := range got {
				keepsRules(t, tc.m, flows, o.Internal)
				first, last := flows[0].End, flows[len(flows)-1].End
				if first < from || (o.Rows == 0 && last >= to) {
					t.Errorf("flows end from %d to %d, want from %d and before %d", first, last, from, to)
				}
			}
		})
	}
}

// The flows of a seed do not depend on threads, shards or the run.
func TestFlowsDependOnSeedAndHostAlone(t *testing.T) {
	m := busy(t, referenceModel(t), 90)
	for name, change := range map[string]func(*GenerateOptions){
		"a span of more hosts than lanes": func(o *GenerateOptions) { o.Hosts = 2*cpuLanes + 5 },
		"short spans, so short blocks":    func(o *GenerateOptions) { o.Hosts, o.Duration = 3*cpuLanes+5, 40*time.Minute },
		"rows of hosts":                   func(o *GenerateOptions) { o.Hosts, o.Rows = 7, 300 },
		"rows alone":                      func(o *GenerateOptions) { o.Hosts, o.Rows = 0, 400 },
	} {
		t.Run(name, func(t *testing.T) {
			o := dayOf(0)
			change(&o)
			want := generate(t, m, o)
			o.Threads = 2
			if got := generate(t, m, o); !reflect.DeepEqual(got, want) {
				t.Error("two threads give other flows than one")
			}
			if got := generateBy(t, m, o, 5); !reflect.DeepEqual(got, want) {
				t.Error("five decoders beside each of two threads give other flows, or another order, than one")
			}
			merged := generated{}
			for shard := 1; shard <= 3; shard++ {
				o.Shard, o.Shards = shard, 3
				for host, flows := range generate(t, m, o) {
					if merged[host] != nil {
						t.Errorf("host %v is in two shards", host)
					}
					merged[host] = flows
				}
			}
			if !reflect.DeepEqual(merged, want) {
				t.Error("three shards give other flows than one")
			}
			o.Seed, o.Shard, o.Shards = 2, 1, 1
			if got := generate(t, m, o); reflect.DeepEqual(got, want) {
				t.Error("two seeds give the same flows")
			}
		})
	}
}

func TestRowsAreExact(t *testing.T) {
	for _, m := range []*Model{referenceModel(t), independentModel(t, referenceFlows(t))} {
		for _, o := range []GenerateOptions{{Rows: 1}, {Rows: 1, Hosts: 5}, {Rows: 7, Hosts: 3}, {Rows: 200, Hosts: 2}, {Rows: 399}} {
			t.Run(fmt.Sprintf("%s, %d rows of %d hosts", m.Manifest.Arch, o.Rows, o.Hosts), func(t *testing.T) {
				all := dayOf(o.Hosts)
				all.Rows, all.Duration = o.Rows, 0
				got := generate(t, m, all)
				if rows := got.rows(); rows != o.Rows {
					t.Errorf("%d rows, want %d", rows, o.Rows)
				}
				if o.Hosts > 0 && len(got) > o.Hosts {
					t.Errorf("rows of %d hosts, want at most %d", len(got), o.Hosts)
				}
			})
		}
	}
}

func TestShareDealsEveryRow(t *testing.T) {
	for _, rows := range []int64{0, 1, 2, 10, 999, 1 << 40} {
		jobs := make([]job, 37)
		var total int64
		for i := range jobs {
			jobs[i] = job{plans: []plan{{Rows: int32(1 + i*i)}}, quota: -1}
			total += jobs[i].planned()
		}
		share(jobs, rows, total)
		var dealt int64
		for i, j := range jobs {
			want := float64(rows) * float64(1+i*i) / float64(total)
			if math.Abs(float64(j.quota)-want) > 1 {
				t.Errorf("host %d gets %d of %d rows, want %.1f", i, j.quota, rows, want)
			}
			dealt += j.quota
		}
		if dealt != rows {
			t.Errorf("%d rows are dealt, want %d", dealt, rows)
		}
	}
}

func TestGenerationStops(t *testing.T) {
	broken := errors.New("the disk is on fire")
	for _, m := range []*Model{referenceModel(t), independentModel(t, referenceFlows(t))} {
		for _, by := range []struct{ threads, decoders int }{{1, 1}, {2, 1}, {1, 3}, {2, 3}} {
			// stop generates until the second call of the sink does what stops it, and returns the flows of calls after that.
			stop := func(t *testing.T, ctx context.Context, second func() error) (after [][]dataset.Flow) {
				o := dayOf(8)
				o.Rows, o.Threads = 1<<40, by.threads
				calls := 0
				var mu sync.Mutex
				g, err := m.newGeneration(o, func(flows []dataset.Flow) error {
					mu.Lock()
					defer mu.Unlock()
					switch calls++; {
					case calls == 2:
						return second()
					case calls > 2:
						after = append(after, slices.Clone(flows))
					}
					return nil
				}, nil)
				if err != nil {
					t.Fatal(err)
				}
				g.decoders = by.decoders
				if _, err := g.generate(ctx); !errors.Is(err, broken) {
					t.Errorf("got error %v, want %v", err, broken)
				}
				return after
			}
			name := fmt.Sprintf("%s, %d threads, %d decoders", m.Manifest.Arch, by.threads, by.decoders)
			t.Run(name+", by its sink", func(t *testing.T) {
				after := stop(t, context.Background(), func() error { return broken })
				// Only what other goroutines had in hand, or drew until they saw it.
				if by.threads == 1 && len(after) >= by.decoders {
					t.Errorf("%d calls of the sink after it failed, want fewer than %d", len(after), by.decoders)
				}
			})
			t.Run(name+", by its context", func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(context.Background())
				after := stop(t, ctx, func() error { cancel(broken); return nil })
				hosts := map[netip.Addr]bool{}
				for _, flows := range after {
					if host := flows[0].Host; hosts[host] {
						t.Errorf("host %v comes twice after the end, want the rest of a block at most", host)
					} else {
						hosts[host] = true
					}
				}
			})
		}
	}
}

func TestDaysWithoutRows(t *testing.T) {
	const day = 24 * 3600 * 1e6
	m := busy(t, referenceModel(t), 1)
	o := dayOf(30)
	o.Duration = 4 * 24 * time.Hour
	silent := 0
	for _, flows := range generate(t, m, o) {
		keepsRules(t, m, flows, networks)
		days := map[int64]bool{}
		for i := range flows {
			days[flows[i].End/day] = true
		}
		silent += 4 - len(days)
	}
	if silent == 0 {
		t.Error("every host has flows every day, want some days without")
	}
	o = dayOf(2)
	o.Duration = time.Second
	if _, err := m.Generate(context.Background(), o, discard, nil); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "no flow") {
		t.Errorf("hosts that are silent all the time: got error %v, want %v", err, ErrConfig)
	}
}

func TestGenerateOptionsOutOfRange(t *testing.T) {
	m := referenceModel(t)
	within := func(network string, hosts int) func(*GenerateOptions) {
		return func(o *GenerateOptions) { o.Internal, o.Hosts = []netip.Prefix{netip.MustParsePrefix(network)}, hosts }
	}
	for name, tc := range map[string]struct {
		change func(*GenerateOptions)
		says   string
	}{
		"no hosts":             {func(o *GenerateOptions) { o.Hosts = 0 }, "hosts 0"},
		"hosts below 0":        {func(o *GenerateOptions) { o.Hosts = -1 }, "hosts -1"},
		"a billion hosts":      {func(o *GenerateOptions) { o.Hosts = 1e9 }, "hosts 1000000000"},
		"rows below 0":         {func(o *GenerateOptions) { o.Rows = -5 }, "rows -5"},
		"no time":              {func(o *GenerateOptions) { o.Duration = 0 }, "duration 0s"},
		"ten years":            {func(o *GenerateOptions) { o.Duration = 87600 * time.Hour }, "duration 87600h"},
		"shard 0":              {func(o *GenerateOptions) { o.Shard = 0 }, "shard 0/1"},
		"shard 4 of 3":         {func(o *GenerateOptions) { o.Shard, o.Shards = 4, 3 }, "shard 4/3"},
		"threads below 0":      {func(o *GenerateOptions) { o.Threads = -2 }, "threads -2"},
		"threads beyond sense": {func(o *GenerateOptions) { o.Threads = 100000 }, "threads 100000"},
		"a crowded network":    {within("192.0.2.0/28", 17), "17 hosts"},
		"a crowded large one":  {within("10.0.0.0/15", 70000), "70000 hosts"},
		"more shards than due": {func(o *GenerateOptions) { o.Hosts, o.Shard, o.Shards = 1, 1, 2 }, "no flow of 0 hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			o := dayOf(3)
			tc.change(&o)
			_, err := m.Generate(context.Background(), o, discard, nil)
			if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got error %v, want %v that says %q", err, ErrConfig, tc.says)
			}
		})
	}
}

func TestAddressesAreDistinctAndInside(t *testing.T) {
	for name, tc := range map[string]struct {
		networks string
		n        int
	}{
		"a large network":            {"10.0.0.0/8", 5000},
		"all of a small one":         {"192.0.2.0/24", 254},
		"all of a tiny one":          {"192.0.2.4/30", 4},
		"one address":                {"192.0.2.9/32", 1},
		"the same network twice":     {"192.0.2.0/24 192.0.2.0/24", 254},
		"a network inside another":   {"192.0.2.0/25 192.0.2.0/24 192.0.2.128/26", 254},
		"the end of the addresses":   {"255.255.255.0/24", 254},
		"IPv6":                       {"2001:db8::/32", 5000},
		"the last of IPv6":           {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124", 16},
		"several, of both families":  {"10.1.0.0/16 2001:db8::/112 192.168.0.0/17", 20000},
		"a small and a large":        {"192.0.2.0/30 10.0.0.0/9", 3000},
		"large ones that lie inside": {"10.0.0.0/8 10.1.0.0/16 10.0.0.0/8", 3000},
	} {
		t.Run(name, func(t *testing.T) {
			var in []netip.Prefix
			for s := range strings.FieldsSeq(tc.networks) {
				in = append(in, netip.MustParsePrefix(s))
			}
			got, err := addresses(in, tc.n, 3)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[netip.Addr]bool{}
			for _, a := range got {
				if seen[a] || !slices.ContainsFunc(in, func(p netip.Prefix) bool { return p.Contains(a) }) {
					t.Fatalf("%v is repeated or outside %v", a, in)
				}
				seen[a] = true
			}
			if len(got) != tc.n {
				t.Errorf("%d addresses, want %d", len(got), tc.n)
			}
			again, err := addresses(in, tc.n, 3)
			if err != nil || !slices.Equal(got, again) {
				t.Errorf("a second call gives other addresses, and error %v", err)
			}
		})
	}
}
