package evaluate

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"stan/dataset"
)

// Calibration: sets whose truth is known are handed in as synthetic, and the report must say it. By default hosts are made
// up; docs/contributing.md tells how docs/calibration.md is made of real ones.
var (
	calibrationFlows  = flag.String("flows", "", "calibrate on the flows of these folders, `DIR[,DIR]`")
	calibrationTable  = flag.String("table", "", "write what calibration shows to `FILE`, as a table")
	calibrationSplits = flag.Int("splits", 1, "deal the hosts at random `N` times")
	calibrationSample = flag.Int("sample", 1, "`ROWS` of each set for what looks at rows; the default leaves it out")
)

// calibrations are the sets and what must be said of them.
var calibrations = []calibration{
	{"other real hosts", func(*calibrationSets, *rand.Rand) {}, []expectation{nothingApart}},
	{"gaps of a host dealt anew", eachHost(gapsAnew), []expectation{
		apart("acf_gaps", "js_gap_tie", "host_hour_dispersion", "session_flows", "sessions_per_host", "pairs_gap")}},
	{"rows of a host dealt anew over its times", eachHost(dealAnew), []expectation{apart("repeat_remote_1", "js_gap_tie", "pairs_lag")}},
	{"times six hours later", eachHost(sixHoursLater), []expectation{beyond("hour_profile", "js_hour", "hour_shares")}},
	{"ports dealt anew among all rows", portsAnew, []expectation{apart("pairs_local_port", "pairs_remote_port", "pairs_same")}},
	{"every column dealt anew", columnsAnew, []expectation{apart("pairs_same", "pairs_lag")}},
	{"1 % of the rows shorter than their headers", tooShort, []expectation{apart("rule_bytes_header")}},
	{"1 % of the rows copied from training", copied, []expectation{apart("copy_share")}},
	{"the training rows", func(s *calibrationSets, _ *rand.Rand) { s.synthetic = slices.Clone(s.train) }, []expectation{apart("copy_share")}},
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
func apart(names ...string) expectation { return oneOf("apart", []Verdict{Apart}, names) }

// beyond expects at least one of the measures to be beyond its limit.
func beyond(names ...string) expectation {
	return oneOf("near or apart", []Verdict{Near, Apart}, names)
}

func oneOf(text string, verdicts []Verdict, names []string) expectation {
	return expectation{text + ": " + strings.Join(names, " or "), func(r *Report) (bool, string) {
		best := r.Measure(names[0])
		for _, name := range names[1:] {
			if m := r.Measure(name); m.Excess() > best.Excess() {
				best = m
			}
		}
		return slices.Contains(verdicts, best.Verdict), fmt.Sprintf("%s %s the limit", best.Name, times(best.Excess()))
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

// portsAnew deals the ports of each end anew among all rows.
func portsAnew(s *calibrationSets, r *rand.Rand) {
	flows := s.synthetic
	r.Shuffle(len(flows), func(i, j int) {
		a, _ := ends(&flows[i])
		b, _ := ends(&flows[j])
		*a, *b = *b, *a
	})
	r.Shuffle(len(flows), func(i, j int) {
		_, a := ends(&flows[i])
		_, b := ends(&flows[j])
		*a, *b = *b, *a
	})
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
	held, shown := make(map[string]int), make(map[string][]string)
	for split := range *calibrationSplits {
		sets := dealHosts(hosts, uint64(split))
		train := calibrationSet("train", sets.train, internal)
		b, err := newBaseline(calibrationSet("real", sets.real, internal), &train,
			Options{Seed: uint64(split), Draws: DefaultDraws, Sample: *calibrationSample})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range calibrations {
			spoilt := *sets
			spoilt.synthetic = slices.Clone(sets.synthetic)
			c.spoil(&spoilt, rand.New(rand.NewPCG(uint64(split), 4)))
			report, err := b.compare(calibrationSet("synthetic", spoilt.synthetic, internal))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				holds, figure := want.says(report)
				key := c.name + " | " + want.text
				shown[key] = append(shown[key], figure)
				if holds {
					held[key]++
				} else {
					t.Errorf("%s, split %d: want %s, got %s", c.name, split, want.text, figure)
				}
			}
		}
	}
	if *calibrationTable == "" {
		return
	}
	var text strings.Builder
	text.WriteString(calibrationHead)
	for _, c := range calibrations {
		for _, want := range c.want {
			key := c.name + " | " + want.text
			fmt.Fprintf(&text, "| %s | %d of %d | %s |\n", key, held[key], *calibrationSplits, strings.Join(shown[key], "; "))
		}
	}
	if err := os.WriteFile(*calibrationTable, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

const calibrationHead = `# Calibration of the measures

Sets whose truth is known, handed to the comparison as synthetic: real hosts are dealt at random to three parts, training,
real and synthetic, and the synthetic part is spoilt. The figures are those of each split. Made by TestCalibration
([contributing.md](contributing.md) has the command).

| handed in as synthetic | expected | splits | shown |
|---|---|---|---|
`

// dealHosts deals the hosts at random to three sets of equal size.
func dealHosts(hosts [][]dataset.Flow, seed uint64) *calibrationSets {
	dealt := make([][]dataset.Flow, len(hosts))
	for i, at := range rand.New(rand.NewPCG(seed, 3)).Perm(len(hosts)) {
		dealt[i] = hosts[at]
	}
	third := len(dealt) / 3
	return &calibrationSets{slices.Concat(dealt[:third]...), slices.Concat(dealt[third : 2*third]...), slices.Concat(dealt[2*third:]...)}
}

func calibrationSet(name string, flows []dataset.Flow, internal []netip.Prefix) Set {
	return Set{Name: name, Internal: internal, Flows: func(yield func([]dataset.Flow, error) bool) {
		for batch := range slices.Chunk(flows, 1<<14) {
			if !yield(batch, nil) {
				return
			}
		}
	}}
}

// calibrationHosts returns the flows of each host: made up, or those of -flows; of one in two folders, those of the first: the other end of a few flows
// between internal hosts.
func calibrationHosts(t *testing.T) ([][]dataset.Flow, []netip.Prefix) {
	t.Helper()
	if *calibrationFlows == "" {
		var hosts [][]dataset.Flow
		for host := range hostsOf(office(1, 1, 60, 300)) {
			hosts = append(hosts, host)
		}
		return hosts, testNetwork
	}
	var hosts [][]dataset.Flow
	var internal []netip.Prefix
	folderOf := make(map[netip.Addr]string)
	for _, folder := range strings.Split(*calibrationFlows, ",") {
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
