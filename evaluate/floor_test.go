package evaluate

import (
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"stan/dataset"
)

func TestJudge(t *testing.T) {
	tests := map[string]struct {
		difference, limit float64
		want              Verdict
	}{
		"within the limit":             {0.1, 0.1, AsReal},
		"within three times the limit": {0.299, 0.1, Near},
		"beyond three times the limit": {0.301, 0.1, Apart},
		"beyond, but too little":       {0.009, 0.002, Near},
		"nothing to measure":           {math.NaN(), 0.1, NoData},
		"nothing to compare with":      {0.1, math.NaN(), NoFloor},
		"neither data nor comparison":  {math.NaN(), math.NaN(), NoData},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := judge(tc.difference, tc.limit, tolerance{0.002, 0.01}); got != tc.want {
				t.Errorf("judge(%g, %g): got %s, want %s", tc.difference, tc.limit, got, tc.want)
			}
		})
	}
}

func TestFloorOfHalves(t *testing.T) {
	groups := make([]*summary, 5)
	for i := range groups {
		groups[i] = new(summary)
		groups[i].rows = 1 << (8 * i) // each group leaves its own mark in a sum
	}
	whole := sum(groups).rows
	different := make(map[int64]bool)
	for _, p := range halves(groups, 30, 1) {
		if p.real.rows+p.other.rows != whole || p.real.rows&p.other.rows != 0 {
			t.Errorf("split: %x and %x, want each host once", p.real.rows, p.other.rows)
		}
		different[p.real.rows] = true
	}
	if len(different) < 5 {
		t.Errorf("30 splits of 5 groups: %d different ones, want more", len(different))
	}
	if halves(groups[:1], 30, 1) != nil {
		t.Error("one group: got splits, want none")
	}
}

func TestDrawsHaveTheSizeOfTheSyntheticSet(t *testing.T) {
	c := &counts{groups: make([]*summary, maxGroups), hosts: make(map[netip.Addr]int64)}
	for i := range 640 {
		c.hosts[netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})] = 1
	}
	for hosts, want := range map[int]int{1: 1, 40: 4, 100: 10, 10_000: maxGroups} {
		if got := groupsFor(hosts, c); got != want {
			t.Errorf("%d hosts from groups of 10: got %d groups, want %d", hosts, got, want)
		}
	}
}

func TestOneRealHostHasNoFloor(t *testing.T) {
	one, synthetic := office(1, 1, 1, 300), office(1, 2, 4, 300)
	report := compare(t, one, synthetic, nil)
	if report.Floor.From != FromNone || report.Verdicts.NoFloor == 0 || report.Verdicts.Apart > 0 {
		t.Errorf("one host, no training set: floor %+v, verdicts %+v, want none but %q", report.Floor, report.Verdicts, NoFloor)
	}
	report = compare(t, one, synthetic, office(1, 3, 8, 300))
	if m := report.Measure("js_bytes"); m.Verdict == NoFloor {
		t.Error("one host and a training set: js_bytes has no floor, want one")
	}
	if m := report.Measure("copy_share"); m.Verdict != NoFloor {
		t.Errorf("one host and a training set: copy_share: got %s, want %s", m.Verdict, NoFloor)
	}
}

func TestFewRealHostsAreSaid(t *testing.T) {
	lenient := func(n string) bool { return strings.Contains(n, "verdicts are lenient") }
	for hosts, want := range map[int]bool{3: true, 7: true, 8: false} {
		report := compare(t, office(1, 1, hosts, 100), office(1, 2, 4, 100), office(1, 3, 8, 100))
		if got := slices.ContainsFunc(report.Notes, lenient); got != want {
			t.Errorf("%d real hosts: notes %q, want one that verdicts are lenient: %t", hosts, report.Notes, want)
		}
	}
}

func TestHostsOfOneRowHaveNoGaps(t *testing.T) {
	var lone []dataset.Flow
	for host := range hostsOf(office(1, 1, 9, 4)) {
		lone = append(lone, host[0])
	}
	report := compare(t, office(1, 2, 9, 300), lone, nil)
	for _, name := range []string{"js_gap", "acf_bytes", "acf_gaps", "js_gap_tie", "repeat_remote_1"} {
		if m := report.Measure(name); m.Verdict != NoData || !math.IsNaN(float64(m.Difference)) {
			t.Errorf("%s: got %g, %s, want %s", name, m.Difference, m.Verdict, NoData)
		}
	}
	if m := report.Measure("js_protocol"); m.Verdict == NoData {
		t.Errorf("js_protocol: got %s, want a verdict", m.Verdict)
	}
}
