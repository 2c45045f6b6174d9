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
	calibrationSample = flag.Int("sample", 0, "`ROWS` of each set for classifiers and attacks, which take minutes; 0 leaves them out")
)

// calibrations are the sets and what must be said of them.
var calibrations = []calibration{
	{"other real hosts", func(*calibrationSets, *rand.Rand) {}, []expectation{nothingApart}, []expectation{
		atMost("row_auc", 0.6), atMost("row_auc_no_addresses", 0.6), atMost("window_auc", 0.6), atMost("window_auc_no_addresses", 0.6),
		notApart("nearest_is_train", "membership_auc", "singling_out")}},
	{"gaps of a host dealt anew", eachHost(gapsAnew), []expectation{
		beyond("acf_gaps", "js_gap_tie", "host_hour_dispersion", "session_flows", "sessions_per_host", "pairs_gap")}, nil},
	{"rows of a host dealt anew over its times", eachHost(dealAnew), []expectation{beyond("repeat_remote_1", "js_gap_tie", "pairs_lag")},
		[]expectation{atLeast("window_auc", 0.85), atMost("row_auc", 0.62)}},
	{"times six hours later", eachHost(sixHoursLater), []expectation{beyond("hour_profile", "js_hour", "hour_shares")}, nil},
	{"ports dealt anew among all rows", portsAnew, []expectation{beyond("pairs_local_port", "pairs_remote_port", "pairs_same")},
		[]expectation{atLeast("window_auc", 0.85)}},
	{"every column dealt anew", columnsAnew, []expectation{beyond("pairs_same", "pairs_lag")}, []expectation{atLeast("row_auc", 0.95)}},
	{"1 % of the rows shorter than their headers", tooShort, []expectation{apart("rule_bytes_header")}, nil},
	{"1 % of the rows copied from training", copied, []expectation{apart("copy_share"), between("copy_share", 0.008, 0.012)}, nil},
	{"the training rows", func(s *calibrationSets, _ *rand.Rand) { s.synthetic = slices.Clone(s.train) },
		[]expectation{apart("copy_share"), apart("copied_run")}, []expectation{apart("nearest_is_train"), atLeast("membership_auc", 0.9)}},
}

type calibration struct {
	name  string
	spoil func(s *calibrationSets, r *rand.Rand) // changes s.synthetic
	want  []expectation
	tells []expectation // of classifiers and attacks, looked at with -sample alone
}

type calibrationSets struct{ train, real, synthetic []dataset.Flow }

// expectation is what a report must say: text in words, and whether it does and by which figure.
type expectation struct {
	text string
	says func(*Report) (holds bool, figure string)
}

var nothingApart = expectation{"nothing apart", func(r *Report) (bool, string) {
	v := r.Verdicts
	figure := fmt.Sprintf("%d near, %d apart of %d", v.Near, v.Apart, v.AsReal+v.Near+v.Apart)
	for _, name := range r.Furthest {
		figure += fmt.Sprintf(", %s %s the limit", name, times(r.Measure(name).Excess()))
	}
	return v.Apart == 0, figure
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

// between expects what the synthetic set shows of a measure to lie from low to high.
func between(name string, low, high float64) expectation {
	return expectation{fmt.Sprintf("%s %g to %g", name, low, high), func(r *Report) (bool, string) {
		x := float64(r.Measure(name).Synthetic)
		return x >= low && x <= high, fmt.Sprintf("%.3f", x)
	}}
}

func atMost(name string, high float64) expectation {
	e := between(name, 0, high)
	e.text = fmt.Sprintf("%s at most %g", name, high)
	return e
}

func atLeast(name string, low float64) expectation {
	e := between(name, low, 1)
	e.text = fmt.Sprintf("%s at least %g", name, low)
	return e
}

// notApart expects none of the measures to be apart.
func notApart(names ...string) expectation {
	return expectation{"not apart: " + strings.Join(names, ", "), func(r *Report) (bool, string) {
		holds, figures := true, []string{}
		for _, name := range names {
			m := r.Measure(name)
			holds = holds && m.Verdict != Apart
			figures = append(figures, fmt.Sprintf("%.3f", float64(m.Synthetic)))
		}
		return holds, strings.Join(figures, ", ")
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
	key := func(c *calibration, want *expectation) string { return c.name + " | " + want.text }
	for split := range *calibrationSplits {
		sets := dealHosts(hosts, uint64(split)+10) // 0 to 9 are those that limits were chosen on
		train := calibrationSet("train", sets.train, internal)
		real := calibrationSet("real", sets.real, internal)
		o := Options{Seed: uint64(split), Draws: DefaultDraws, Sample: 1}
		b, err := newBaseline(real, &train, o)
		if err != nil {
			t.Fatal(err)
		}
		o.Sample = *calibrationSample
		for i := range calibrations {
			c := &calibrations[i]
			spoilt := *sets
			spoilt.synthetic = slices.Clone(sets.synthetic)
			c.spoil(&spoilt, rand.New(rand.NewPCG(uint64(split), 4)))
			synthetic := calibrationSet("synthetic", spoilt.synthetic, internal)
			report, err := b.compare(synthetic)
			if err != nil {
				t.Fatal(err)
			}
			say := func(report *Report, wants []expectation) {
				for i := range wants {
					holds, figure := wants[i].says(report)
					k := key(c, &wants[i])
					if shown[k] = append(shown[k], figure); holds {
						held[k]++
					} else {
						t.Errorf("%s, split %d: want %s, got %s", c.name, split, wants[i].text, figure)
					}
				}
			}
			say(report, c.want)
			if o.Sample > 0 && len(c.tells) > 0 {
				say(tellSamples(t, train, real, synthetic, o), c.tells)
			}
		}
	}
	if *calibrationTable == "" {
		return
	}
	var text strings.Builder
	text.WriteString(calibrationHead)
	for i := range calibrations {
		c := &calibrations[i]
		for _, want := range slices.Concat(c.want, c.tells) {
			if k := key(c, &want); len(shown[k]) > 0 {
				fmt.Fprintf(&text, "| %s | %d of %d | %s |\n", k, held[k], *calibrationSplits, strings.Join(shown[k], "; "))
			}
		}
	}
	if err := os.WriteFile(*calibrationTable, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tellSamples is a report of classifiers, without their floors, and attacks alone.
func tellSamples(t *testing.T, train, real, synthetic Set, o Options) *Report {
	t.Helper()
	var c [3]*counts
	for i, set := range []Set{train, real, synthetic} {
		var err error
		if c[i], err = count(set, nil, nil, o); err != nil {
			t.Fatal(err)
		}
	}
	s := &sampled{train: c[0].sample, real: c[1].sample, synthetic: c[2].sample, seed: o.Seed}
	for i := range c {
		s.byContent[i] = c[i].byContent
	}
	report := &Report{Findings: Findings{Measures: attackResults(s)}}
	for i := range discriminators {
		d := &discriminators[i]
		told := d.tell(everyHost(s.real), everyHost(s.synthetic), mix(s.seed, 0))
		report.Measures = append(report.Measures, d.result(told, nil))
	}
	return report
}

const calibrationHead = `# Calibration of the measures

Sets whose truth is known, handed to the comparison as synthetic: real hosts are dealt at random to three parts, training,
real and synthetic, and the synthetic part is spoilt. The figures are those of each split. Made by TestCalibration
([contributing.md](contributing.md) has the command).

Where other real hosts are apart, hosts are odd, not draws few: the floor of ` + "`" + `exact_rows` + "`" + `, ` + "`" + `copied_pairs` + "`" + ` and ` + "`" + `copy_share` + "`" + ` comes from
real's hosts alone, since training hosts share rows with themselves, and where real holds none of the few hosts that repeat what
training holds, nothing in it tells of them. Over 300 other deals of the same hosts ` + "`" + `exact_rows` + "`" + ` is as real in 286, near in 14, apart
in none, the furthest at 2.39 limits (` + "`" + `go test ./evaluate -run TestHowOften -v -timeout 0 -flows DIR[,DIR] -splits 300` + "`" + `); over 300 more
it was apart in two, at 3.3 and 3.6 limits, from 20 draws and from 2,000 alike, and hosts weighed by their rows count as 15 of 23,
so that a factor for few hosts is 1.1. A limit that took in the synthetic hosts' own spread would be met, and would pass over one
training host replayed among many: it stays as it is.

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
