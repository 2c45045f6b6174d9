package evaluate

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"stan/dataset"
	"stan/evaluate/internal/cores"
)

// tellApart returns what each discriminator makes of other against real, on samples of at most limit rows.
func tellApart(t *testing.T, real, other []dataset.Flow, limit int) map[string]*told {
	t.Helper()
	a, b := sampleOf(t, real, limit, 1), sampleOf(t, other, limit, 1)
	found := make(map[string]*told)
	var mutex sync.Mutex
	cores.Each(len(discriminators), func(i int) {
		d := &discriminators[i]
		told := d.tell(everyHost(a), everyHost(b), 1)
		mutex.Lock()
		defer mutex.Unlock()
		found[d.name] = told
	})
	return found
}

func discriminatorOf(t *testing.T, name string) *discriminator {
	t.Helper()
	i := slices.IndexFunc(discriminators, func(d discriminator) bool { return d.name == name })
	if i < 0 {
		t.Fatalf("no discriminator %s", name)
	}
	return &discriminators[i]
}

// inEachHost makes of a change of some rows one of each host's rows.
func inEachHost(change func(rows []dataset.Flow, r *rand.Rand)) func([]dataset.Flow, *rand.Rand) {
	return func(flows []dataset.Flow, r *rand.Rand) {
		for host := range hostsOf(flows) {
			change(host, r)
		}
	}
}

// exchange deals what set copies from one row to another anew among the rows.
func exchange(rows []dataset.Flow, r *rand.Rand, set func(to, from *dataset.Flow)) {
	before := slices.Clone(rows)
	for to, from := range r.Perm(len(rows)) {
		set(&rows[to], &before[from])
	}
}

// exchangePorts gives rows the local and remote port of another.
func exchangePorts(rows []dataset.Flow, r *rand.Rand) {
	exchange(rows, r, func(to, from *dataset.Flow) {
		local, remote := from.DstPort, from.SrcPort
		if from.Outbound() {
			local, remote = remote, local
		}
		to.SrcPort, to.DstPort = remote, local
		if to.Outbound() {
			to.SrcPort, to.DstPort = local, remote
		}
	})
}

// exchangeColumns deals every attribute for itself.
func exchangeColumns(rows []dataset.Flow, r *rand.Rand) {
	for _, set := range []func(to, from *dataset.Flow){
		func(to, from *dataset.Flow) { to.Start = to.End - (from.End - from.Start) },
		func(to, from *dataset.Flow) { to.Packets = from.Packets },
		func(to, from *dataset.Flow) { to.Bytes = from.Bytes },
		func(to, from *dataset.Flow) { to.Proto = from.Proto },
		func(to, from *dataset.Flow) { to.TCPFlags = from.TCPFlags },
	} {
		exchange(rows, r, set)
	}
	exchangePorts(rows, r)
}

// ugr16 returns the flows of testdata/flows: eight hosts, real ones.
func ugr16(t *testing.T) []dataset.Flow {
	t.Helper()
	dir := t.TempDir() + "/flows"
	internal := []netip.Prefix{netip.MustParsePrefix("42.219.0.0/16")}
	if _, _, err := dataset.Ingest(context.Background(), dataset.IngestOptions{Inputs: []string{"../testdata/flows"},
		Output: dir, Internal: internal, Tool: "test"}); err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var flows []dataset.Flow
	for batch, err := range set.Batches(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		flows = append(flows, batch...)
	}
	return flows
}

// The truth about these sets is known. Eight hosts are few: a row alone does not show that ports were dealt anew.
func TestDiscriminatorsAreCalibrated(t *testing.T) {
	real := ugr16(t)
	tests := map[string]struct {
		change        func(flows []dataset.Flow, r *rand.Rand)
		least, atMost map[string]float64
	}{
		"nothing": {func([]dataset.Flow, *rand.Rand) {}, nil,
			map[string]float64{"row_auc": 0.5, "row_auc_no_addresses": 0.5, "window_auc": 0.5, "window_auc_no_addresses": 0.5}},
		"rows dealt anew over the host's times": {inEachHost(dealAnew),
			map[string]float64{"window_auc": 0.85}, map[string]float64{"row_auc": 0.62, "row_auc_no_addresses": 0.62}},
		"columns dealt anew": {exchangeColumns,
			map[string]float64{"row_auc": 0.9, "row_auc_no_addresses": 0.9, "window_auc": 0.95, "window_auc_no_addresses": 0.95}, nil},
		"ports dealt anew": {exchangePorts, map[string]float64{"window_auc": 0.95},
			map[string]float64{"row_auc_no_addresses": 0.5, "window_auc_no_addresses": 0.5}},
		"gaps dealt anew": {inEachHost(gapsAnew), map[string]float64{"window_auc": 0.6}, map[string]float64{"row_auc": 0.62}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			changed := slices.Clone(real)
			tc.change(changed, rand.New(rand.NewPCG(1, 2)))
			for measure, found := range tellApart(t, real, changed, 6000) {
				auc := found.auc()
				if least, bound := tc.least[measure]; bound && !(auc >= least) {
					t.Errorf("%s: got %.3f, want at least %.3f", measure, auc, least)
				}
				if most, bound := tc.atMost[measure]; bound && !(auc <= most) {
					t.Errorf("%s: got %.3f, want at most %.3f", measure, auc, most)
				}
			}
		})
	}
}

// discriminate takes all measures of discriminators on whole sets.
func discriminate(t *testing.T, real, synthetic, train []dataset.Flow) map[string]*Result {
	t.Helper()
	s := &sampled{real: sampleOf(t, real, len(real), 1), synthetic: sampleOf(t, synthetic, len(synthetic), 1), seed: 1}
	if train != nil {
		s.train = sampleOf(t, train, len(train), 1)
	}
	byName := make(map[string]*Result)
	for _, r := range discriminatorResults(s) {
		byName[r.Name] = &r
	}
	return byName
}

func TestOtherHostsAreNotToldApart(t *testing.T) {
	real, other := office(1, 1, 12, 150), office(1, 2, 16, 150)
	for name, train := range map[string][]dataset.Flow{"training hosts": office(1, 3, 16, 150), "halves": nil} {
		for _, m := range discriminate(t, real, other, train) {
			if m.Verdict == Apart || !(m.Synthetic < 0.6) {
				t.Errorf("floor of %s: %s: got %.3f, %s, want at most 0.6, not %s", name, m.Name, m.Synthetic, m.Verdict, Apart)
			}
			if math.Abs(float64(m.Synthetic-m.Difference-0.5)) > 1e-12 || math.Abs(float64(m.OtherReal-m.Floor.Mean-0.5)) > 1e-12 {
				t.Errorf("floor of %s: %s: %+v: want differences from 0.5", name, m.Name, m)
			}
		}
	}
}

func TestWhatGivesASetAwayIsNamed(t *testing.T) {
	real := office(1, 1, 10, 150)
	tests := map[string]struct {
		measure string
		change  func(i int, f *dataset.Flow)
		want    []string
	}{
		"sizes rounded":        {"row_auc", func(_ int, f *dataset.Flow) { f.Bytes -= f.Bytes % 64 }, []string{"bytes", "bytes a packet"}},
		"a type of service":    {"row_auc_no_addresses", func(i int, f *dataset.Flow) { f.ToS = uint8(i % 2) }, []string{"type of service"}},
		"other ports":          {"row_auc", func(i int, f *dataset.Flow) { f.SrcPort, f.DstPort = 40000, 40000 }, []string{"local port", "remote port"}},
		"times in whole hours": {"window_auc", func(_ int, f *dataset.Flow) { f.End -= f.End % microsPerHour }, []string{"gap", "duration"}},
		"no replies": {"window_auc", func(i int, f *dataset.Flow) {
			if i%2 == 1 {
				f.SrcPort, f.DstPort = f.SrcPort^4, f.DstPort^8
			}
		}, []string{"reply to the flow before", "five-tuple as before", "service as before", "remote port",
			"remote port as before", "local port as before"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synthetic := office(1, 2, 10, 150)
			for i := range synthetic {
				tc.change(i, &synthetic[i])
			}
			found := tellApart(t, real, synthetic, len(real))[tc.measure]
			if auc := found.auc(); !(auc > 0.7) {
				t.Errorf("%s: got %.3f, want above 0.7", tc.measure, auc)
			}
			attributes := found.summary(discriminatorOf(t, tc.measure)).Attributes
			shares := Figure(0)
			for _, a := range attributes {
				shares += a.Share
			}
			if math.Abs(float64(shares-1)) > 1e-9 {
				t.Errorf("shares sum to %g, want 1", shares)
			}
			if !slices.Contains(tc.want, attributes[0].Name) {
				t.Errorf("told by %v, want first one of %v", attributes, tc.want)
			}
		})
	}
}

// A set of which all rows are in the sample and one of which an eighth are must look alike.
func TestTheSampledShareIsNotSeen(t *testing.T) {
	few, many := office(1, 1, 10, 300), office(1, 2, 80, 300)
	for name, found := range tellApart(t, few, many, 3000) {
		if auc := found.auc(); !(auc < 0.6) {
			t.Errorf("%s: got %.3f, want at most 0.6", name, auc)
		}
	}
}

func TestWhatCannotBeToldIsSaid(t *testing.T) {
	some, one := office(1, 1, 6, 100), office(1, 2, 1, 100)
	var short []dataset.Flow // hosts of four rows have no window
	for host := range hostsOf(some) {
		short = append(short, host[:4]...)
	}
	tests := map[string]struct {
		real, synthetic []dataset.Flow
		row, window     Verdict
		note            string
	}{
		"one synthetic host":     {some, one, NoData, NoData, "row_auc, row_auc_no_addresses, window_auc, window_auc_no_addresses: not measured"},
		"one real host":          {one, some, NoData, NoData, "row_auc, row_auc_no_addresses, window_auc, window_auc_no_addresses: not measured"},
		"two real hosts":         {some[:200], some[200:], NoFloor, NoFloor, "row_auc, row_auc_no_addresses, window_auc, window_auc_no_addresses: no floor"},
		"hosts without a window": {some, short, "", NoData, "window_auc, window_auc_no_addresses: not measured"},
		"one row":                {some, some[:1], NoData, NoData, "not measured"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			report := compareAll(t, tc.real, tc.synthetic, nil)
			for measure, want := range map[string]Verdict{"row_auc": tc.row, "window_auc": tc.window} {
				if m := report.Measure(measure); want != "" && m.Verdict != want {
					t.Errorf("%s: got %s (%g), want %s", measure, m.Verdict, m.Synthetic, want)
				}
			}
			if !slices.ContainsFunc(report.Notes, func(n string) bool { return strings.Contains(n, tc.note) }) {
				t.Errorf("notes: got %q, want one with %q", report.Notes, tc.note)
			}
			if err := report.WriteTable(new(bytes.Buffer), tableWidth); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHostsOfManyRowsDoNotRule(t *testing.T) {
	for name, tc := range map[string]struct {
		counts      []int
		limit, want int
	}{
		"all fit":                   {[]int{5, 7, 9}, 21, 9},
		"the large ones share":      {[]int{5, 100, 1000}, 65, 30},
		"all share":                 {[]int{50, 100, 1000}, 30, 10},
		"less room than hosts":      {[]int{50, 100, 1000}, 2, 0},
		"what the small ones leave": {[]int{1, 1, 1000, 1}, 13, 10},
	} {
		byHost := make([][]example, len(tc.counts))
		for i, n := range tc.counts {
			byHost[i] = make([]example, n)
		}
		if got := evenShare(byHost, tc.limit); got != tc.want {
			t.Errorf("%s: %d of each host, want %d", name, got, tc.want)
		}
	}
}

func TestFoldsHoldHostsOfBothSides(t *testing.T) {
	side := func(net byte, from, to int) (byHost [][]example) {
		for i := from; i < to; i++ {
			byHost = append(byHost, []example{{host: netip.AddrFrom4([4]byte{10, 1, net, byte(i)})}})
		}
		return byHost
	}
	for name, tc := range map[string]struct{ real, other [][]example }{
		"hosts of their own": {side(1, 0, 9), side(2, 0, 5)},
		"the same hosts":     {side(1, 0, 6), side(1, 0, 6)},
		"some in common":     {side(1, 0, 20), side(1, 10, 40)},
	} {
		var counts [2][folds]int
		fold := dealFolds(tc.real, tc.other, 1)
		for label, byHost := range [2][][]example{tc.real, tc.other} {
			for _, all := range byHost {
				counts[label][fold[all[0].host]]++
			}
		}
		for label, of := range counts {
			if slices.Min(of[:]) == 0 || slices.Max(of[:])-slices.Min(of[:]) > 2 {
				t.Errorf("%s: hosts of side %d in folds: %v, want about equally many", name, label, of)
			}
		}
	}
}

func TestDiscriminatorsAreDocumented(t *testing.T) {
	document, err := os.ReadFile("../docs/format/evaluation.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range discriminators {
		if !bytes.Contains(document, []byte("`"+d.name+"`")) {
			t.Errorf("%s is not in docs/format/evaluation.md", d.name)
		}
	}
}
