package evaluate

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"stan/dataset"
)

// streamsOf gathers hosts whose rows differ in their packets alone.
func streamsOf(limit int, hosts ...[]uint64) *trainStreams {
	c := newStreamCollector()
	c.limit = limit
	for _, packets := range hosts {
		for i, p := range packets {
			r := tellingRow(p)
			r.first = i == 0
			c.row(r)
		}
	}
	return c.finish()
}

// tallyOf looks for the rows of hosts among train's.
func tallyOf(train *trainStreams, hosts ...[]uint64) copiedTally {
	var o copiedObserver
	var t copiedTally
	for _, packets := range hosts {
		for i, p := range packets {
			r := tellingRow(p)
			r.first = i == 0
			o.row(r, train, &t)
		}
	}
	return t
}

// longestRun is the longest run of a that stands in one of hosts, by looking at every pair of places.
func longestRun(a []uint64, hosts [][]uint64) (longest int) {
	for _, b := range hosts {
		for i := range a {
			for j := range b {
				n := 0
				for i+n < len(a) && j+n < len(b) && a[i+n] == b[j+n] {
					n++
				}
				longest = max(longest, n)
			}
		}
	}
	return min(longest, maxRun)
}

func TestCopiedRunsAreThoseOfANaiveSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for values := uint64(1); values <= 64; values *= 4 { // from streams of one row repeated to streams of few repeats
		var hosts [][]uint64
		for range 6 {
			host := make([]uint64, 1+r.IntN(400))
			for i := range host {
				host[i] = 1 + r.Uint64N(values)
			}
			hosts = append(hosts, host)
		}
		train := streamsOf(maxTrainRows, hosts[1:]...)
		spliced := append(slices.Clone(hosts[1][len(hosts[1])/2:]), hosts[2]...) // ends of two hosts are no run
		for _, a := range [][]uint64{hosts[0], spliced} {
			got := tallyOf(train, a)
			var rows, pairs int64
			for i := range a {
				if longestRun(a[i:i+1], hosts[1:]) == 1 {
					rows++
				}
				if i > 0 && longestRun(a[i-1:i+1], hosts[1:]) == 2 {
					pairs++
				}
			}
			want := copiedTally{int64(len(a)), rows, int64(len(a) - 1), pairs, longestRun(a, hosts[1:])}
			if got != want {
				t.Errorf("%d values: got %+v, want %+v", values, got, want)
			}
		}
	}
}

func TestARunDoesNotCrossHosts(t *testing.T) {
	train := streamsOf(maxTrainRows, []uint64{1, 2, 3}, []uint64{4, 5})
	if got := tallyOf(train, []uint64{2, 3, 4, 5}, []uint64{9, 1}); got.longest != 2 || got.copiedPairs != 2 || got.copiedRows != 5 {
		t.Errorf("2 3 | 4 5 of two hosts: got %+v, want runs of 2, two pairs, five rows", got)
	}
}

func TestAnOversizedTrainingSetIsCutShort(t *testing.T) {
	train := streamsOf(8, []uint64{1, 2, 3}, []uint64{4, 5, 6, 7}, []uint64{8})
	if train.complete || len(train.keys) > 8 {
		t.Errorf("8 rows and 3 marks for 8 places: complete %t, %d held, want cut short", train.complete, len(train.keys))
	}
	if got := tallyOf(train, []uint64{1, 2, 3, 4, 7, 8}); got.copiedRows != 4 {
		t.Errorf("got %d rows found, want the first 4", got.copiedRows)
	}
}

func TestTrainingStreamsHandedInAreFound(t *testing.T) {
	train, real := office(1, 1, 12, 300), office(1, 2, 12, 300)
	moved := slices.Clone(train) // under new addresses, a day later
	for i := range moved {
		moved[i] = asOf(moved[i], testAddr("10.1.200."+moved[i].Host.String()[len("10.1.1."):]))
		moved[i].Start += 24 * microsPerHour
		moved[i].End += 24 * microsPerHour
	}
	report := compare(t, real, moved, train)
	for _, name := range []string{"exact_rows", "copied_pairs"} {
		if m := report.Measure(name); m.Synthetic != 1 || m.Verdict != Apart {
			t.Errorf("%s: got %g, %s, want 1, %s", name, m.Synthetic, m.Verdict, Apart)
		}
	}
	if m := report.Measure("copied_run"); m.Synthetic != maxRun || m.Verdict != Apart {
		t.Errorf("copied_run: got %g, %s, want %d, %s", m.Synthetic, m.Verdict, maxRun, Apart)
	}
	report = compare(t, real, office(1, 3, 12, 300), train)
	for _, name := range []string{"exact_rows", "copied_pairs", "copied_run"} {
		if m := report.Measure(name); m.Verdict != AsReal {
			t.Errorf("other hosts: %s: got %g, real %g, %s, want %s", name, m.Synthetic, m.Real, m.Verdict, AsReal)
		}
	}
}

// asOf is f as if host had seen it.
func asOf(f dataset.Flow, host netip.Addr) dataset.Flow {
	if f.Outbound() {
		f.SrcAddr = host
	} else {
		f.DstAddr = host
	}
	f.Host = host
	return f
}
