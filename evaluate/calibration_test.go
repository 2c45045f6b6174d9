package evaluate

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stan/dataset"
)

// Calibration: sets whose truth is known are handed in as synthetic, and the report must say it. By default on the eight
// hosts of testdata; docs/contributing.md tells how docs/calibration.md is made of more.
var (
	calibrationFlows  = flag.String("flows", "", "calibrate on the flows of these folders, `DIR[,DIR]`")
	calibrationTable  = flag.String("table", "", "write what calibration shows to `FILE`, as a table")
	calibrationSplits = flag.Int("splits", 2, "deal the hosts at random `N` times")
)

// calibrations are the sets and what must be said of them.
var calibrations = []calibration{
	{"other real hosts", func(*calibrationSets, *rand.Rand) {}, []expectation{nothingApart}},
	{"gaps of a host dealt anew", eachHost(gapsAnew), []expectation{apart("acf_gaps", "js_gap_tie", "session_flows", "temporal_mean")}},
	{"rows of a host dealt anew over its times", eachHost(dealAnew), []expectation{apart("repeat_remote_1", "temporal_mean", "pairs_lag")}},
	{"times six hours later", eachHost(sixHoursLater), []expectation{apart("hour_profile", "js_hour", "hour_shares")}},
	{"ports dealt anew among the rows of a protocol", portsAnew, []expectation{apart("pairs_same")}},
	{"every column dealt anew", columnsAnew, []expectation{apart("pairs_same"), apart("pairs_lag")}},
	{"1 % of the rows shorter than their headers", tooShort, []expectation{apart("rule_bytes_header")}},
	{"1 % of the rows copied from training", copied, []expectation{apart("copy_share")}},
	{"the training rows", func(s *calibrationSets, _ *rand.Rand) { s.synthetic = slices.Clone(s.train) },
		[]expectation{apart("copy_share", "unseen_remotes")}},
}

type calibration struct {
	name  string
	spoil func(s *calibrationSets, r *rand.Rand) // changes s.synthetic
	want  []expectation
}

type calibrationSets struct{ train, real, synthetic []dataset.Flow }

// expectation is what a report must say: text in words, and whether it does and by which figure.
type expectation struct {
	text string
	says func(*Report) (holds bool, figure string)
}

var nothingApart = expectation{"nothing apart", func(r *Report) (bool, string) {
	v := r.Verdicts
	return v.Apart == 0, fmt.Sprintf("%d near, %d apart of %d %s", v.Near, v.Apart, v.AsReal+v.Near+v.Apart, strings.Join(r.Furthest, " "))
}}

// apart expects at least one of the measures to be apart.
func apart(names ...string) expectation {
	return expectation{"apart: " + strings.Join(names, " or "), func(r *Report) (bool, string) {
		best := r.Measure(names[0])
		for _, name := range names[1:] {
			if m := r.Measure(name); m.excess() > best.excess() {
				best = m
			}
		}
		return best.Verdict == Apart, fmt.Sprintf("%s %s the limit", best.Name, times(best.excess()))
	}}
}

// eachHost changes the rows of every host.
func eachHost(change func(host []dataset.Flow, r *rand.Rand)) func(*calibrationSets, *rand.Rand) {
	return func(s *calibrationSets, r *rand.Rand) {
		for host := range hostsOf(s.synthetic) {
			change(host, r)
		}
	}
}

func sixHoursLater(host []dataset.Flow, _ *rand.Rand) {
	for i := range host {
		host[i].Start += 6 * microsPerHour
		host[i].End += 6 * microsPerHour
	}
}

// ends returns pointers to the ports of the host's end and of the remote one.
func ends(f *dataset.Flow) (local, remote *uint16) {
	if f.Outbound() {
		return &f.SrcPort, &f.DstPort
	}
	return &f.DstPort, &f.SrcPort
}

// portsAnew deals each end's ports anew among the rows of the same protocol, of all hosts.
func portsAnew(s *calibrationSets, r *rand.Rand) {
	rows := make(map[uint8][]*dataset.Flow)
	for i := range s.synthetic {
		f := &s.synthetic[i]
		rows[f.Proto] = append(rows[f.Proto], f)
	}
	for proto := range 256 {
		flows := rows[uint8(proto)]
		r.Shuffle(len(flows), func(i, j int) {
			a, _ := ends(flows[i])
			b, _ := ends(flows[j])
			*a, *b = *b, *a
		})
		r.Shuffle(len(flows), func(i, j int) {
			_, a := ends(flows[i])
			_, b := ends(flows[j])
			*a, *b = *b, *a
		})
	}
}

// columnsAnew deals every column but the time anew among all rows.
func columnsAnew(s *calibrationSets, r *rand.Rand) {
	flows := s.synthetic
	type columns struct {
		out      bool
		remote   netip.Addr
		lasts    int64
		local    uint16
		distant  uint16
		proto    uint8
		tcpFlags uint8
		tos      uint8
		packets  uint64
		bytes    uint64
	}
	rows := make([]columns, len(flows))
	for i := range flows {
		f := &flows[i]
		local, distant := ends(f)
		rows[i] = columns{f.Outbound(), f.Remote(), f.End - f.Start, *local, *distant, f.Proto, f.TCPFlags, f.ToS, f.Packets, f.Bytes}
	}
	for _, swap := range []func(a, b *columns){
		func(a, b *columns) { a.out, b.out = b.out, a.out },
		func(a, b *columns) { a.remote, b.remote = b.remote, a.remote },
		func(a, b *columns) { a.lasts, b.lasts = b.lasts, a.lasts },
		func(a, b *columns) { a.local, b.local = b.local, a.local },
		func(a, b *columns) { a.distant, b.distant = b.distant, a.distant },
		func(a, b *columns) { a.proto, b.proto = b.proto, a.proto },
		func(a, b *columns) { a.tcpFlags, b.tcpFlags = b.tcpFlags, a.tcpFlags },
		func(a, b *columns) { a.tos, b.tos = b.tos, a.tos },
		func(a, b *columns) { a.packets, b.packets = b.packets, a.packets },
		func(a, b *columns) { a.bytes, b.bytes = b.bytes, a.bytes },
	} {
		r.Shuffle(len(rows), func(i, j int) { swap(&rows[i], &rows[j]) })
	}
	for i := range flows {
		f, c := &flows[i], &rows[i]
		f.SrcAddr, f.DstAddr, f.SrcPort, f.DstPort = f.Host, c.remote, c.local, c.distant
		if !c.out {
			f.SrcAddr, f.DstAddr, f.SrcPort, f.DstPort = c.remote, f.Host, c.distant, c.local
		}
		f.Start, f.Proto, f.TCPFlags, f.ToS, f.Packets, f.Bytes = f.End-c.lasts, c.proto, c.tcpFlags, c.tos, c.packets, c.bytes
	}
}

// tooShort makes one row in a hundred break a rule.
func tooShort(s *calibrationSets, r *rand.Rand) {
	for range len(s.synthetic) / 100 {
		f := &s.synthetic[r.IntN(len(s.synthetic))]
		f.Bytes = 19 * f.Packets
	}
}

// copied puts training rows in the place of one row in a hundred, at its time and as its host's.
func copied(s *calibrationSets, r *rand.Rand) {
	for range len(s.synthetic) / 100 {
		f, c := &s.synthetic[r.IntN(len(s.synthetic))], s.train[r.IntN(len(s.train))]
		outbound, lasts := c.Outbound(), c.End-c.Start
		c.Host, c.End, c.Start = f.Host, f.End, f.End-lasts
		if outbound {
			c.SrcAddr = f.Host
		} else {
			c.DstAddr = f.Host
		}
		*f = c
	}
}

func TestCalibration(t *testing.T) {
	hosts, internal := calibrationHosts(t)
	table := &strings.Builder{}
	fmt.Fprintf(table, "| handed in as synthetic | expected | splits of the hosts | shown |\n|---|---|---|---|\n")
	for _, c := range calibrations {
		held, shown := make([]int, len(c.want)), make([][]string, len(c.want))
		for split := range *calibrationSplits {
			report := c.report(t, hosts, internal, uint64(split))
			for i, want := range c.want {
				holds, figure := want.says(report)
				shown[i] = append(shown[i], figure)
				if holds {
					held[i]++
				} else {
					t.Errorf("%s, split %d: want %s, got %s", c.name, split, want.text, figure)
				}
			}
		}
		for i, want := range c.want {
			fmt.Fprintf(table, "| %s | %s | %d of %d | %s |\n", c.name, want.text, held[i], *calibrationSplits, strings.Join(shown[i], "; "))
		}
	}
	t.Log("\n" + table.String())
}

// report deals the hosts at random, half of them for training, and compares the other two quarters, one of them spoilt.
func (c *calibration) report(t *testing.T, hosts [][]dataset.Flow, internal []netip.Prefix, seed uint64) *Report {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	dealt := make([][]dataset.Flow, len(hosts))
	for i, at := range r.Perm(len(hosts)) {
		dealt[i] = hosts[at]
	}
	half, quarter := len(dealt)/2, len(dealt)/4
	sets := &calibrationSets{slices.Concat(dealt[:half]...), slices.Concat(dealt[half : half+quarter]...), slices.Concat(dealt[half+quarter:]...)}
	c.spoil(sets, r)
	set := func(name string, flows []dataset.Flow) Set {
		return Set{Name: name, Internal: internal, Flows: func(yield func([]dataset.Flow, error) bool) {
			for batch := range slices.Chunk(flows, 1<<14) {
				if !yield(batch, nil) {
					return
				}
			}
		}}
	}
	train := set("train", sets.train)
	report, err := Compare(set("real", sets.real), set("synthetic", sets.synthetic), &train, Options{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// calibrationHosts reads the flows of each host; of one in two folders, those of the first: the other end of a few flows
// between internal hosts.
func calibrationHosts(t *testing.T) ([][]dataset.Flow, []netip.Prefix) {
	t.Helper()
	folders := strings.Split(*calibrationFlows, ",")
	if *calibrationFlows == "" {
		folders[0] = filepath.Join(t.TempDir(), "flows")
		_, err := dataset.Ingest(context.Background(), dataset.IngestOptions{Inputs: []string{"../testdata/flows"}, Output: folders[0],
			Internal: []netip.Prefix{netip.MustParsePrefix("42.219.0.0/16")}})
		if err != nil {
			t.Fatal(err)
		}
	}
	var hosts [][]dataset.Flow
	var internal []netip.Prefix
	folderOf := make(map[netip.Addr]string)
	for _, folder := range folders {
		set, err := dataset.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		internal = set.Internal()
		for batch, err := range set.Batches(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			for host := range hostsOf(batch) {
				switch from, known := folderOf[host[0].Host]; {
				case !known:
					folderOf[host[0].Host] = folder
					hosts = append(hosts, slices.Clone(host))
				case from == folder:
					hosts[len(hosts)-1] = append(hosts[len(hosts)-1], host...)
				}
			}
		}
	}
	return hosts, internal
}

var _ = os.WriteFile
