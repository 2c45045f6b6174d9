package evaluate

import (
	"errors"
	"net/netip"
	"runtime"
	"slices"
	"testing"

	"stan/dataset"
)

func TestCompareRefuses(t *testing.T) {
	flows := office(1, 1, 3, 50)
	fault := errors.New("part-7: cut off")
	broken := setOf("real", nil)
	broken.Flows = func(yield func([]dataset.Flow, error) bool) {
		if yield(flows, nil) {
			yield(nil, fault)
		}
	}
	good, empty := setOf("good", flows), setOf("empty", nil)
	apart := setOf("apart", slices.Concat(flows, flows[:10]))
	tests := map[string]struct {
		real, synthetic Set
		train           *Set
		options         Options
		want            error
	}{
		"an empty real set":      {empty, good, nil, Options{}, ErrEmpty},
		"an empty synthetic set": {good, empty, nil, Options{}, ErrEmpty},
		"an empty training set":  {good, good, &empty, Options{}, dataset.ErrInput},
		"a read error":           {broken, good, nil, Options{}, fault},
		"a host in two places":   {good, apart, nil, Options{}, ErrOrder},
		"draws below 1":          {good, good, nil, Options{Draws: -1}, ErrOptions},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Compare(tc.real, tc.synthetic, tc.train, tc.options); !errors.Is(err, tc.want) {
				t.Errorf("got error %v, want %v", err, tc.want)
			}
		})
	}
}

func TestProgressCountsTheRowsOfEachSet(t *testing.T) {
	rows := make(map[string]int64)
	options := Options{Progress: func(set string, n int64) {
		if n < rows[set] {
			t.Errorf("%s: %d rows after %d", set, n, rows[set])
		}
		rows[set] = n
	}}
	real, synthetic := setOf("real", office(1, 1, 5, 40)), setOf("synthetic", office(1, 2, 6, 50))
	train := setOf("train", office(1, 3, 4, 30))
	if _, err := Compare(real, synthetic, &train, options); err != nil {
		t.Fatal(err)
	}
	if rows["real"] != 200 || rows["synthetic"] != 300 || rows["train"] != 120 {
		t.Errorf("got %v, want 200, 300 and 120 rows", rows)
	}
}

// 600,000 rows, 80 MB as flows, leave no more behind, and need no more on the way, than their hosts and counts do.
func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const hosts, rows = 20, 30_000
	before := live()
	var most uint64
	set := Set{Name: "real", Flows: func(yield func([]dataset.Flow, error) bool) {
		batch := make([]dataset.Flow, 0, 5000)
		for host := range hosts {
			for flow := range officeHost(1, netip.AddrFrom4([4]byte{10, 1, 0, byte(host)}), rows) {
				if batch = append(batch, flow); len(batch) == cap(batch) {
					if !yield(batch, nil) {
						return
					}
					batch = batch[:0]
				}
			}
			most = max(most, live())
		}
	}}
	c, err := count(set, nil, nil, Options{Sample: 1})
	if err != nil {
		t.Fatal(err)
	}
	if c.total.rows != hosts*rows {
		t.Fatalf("%d rows, want %d", c.total.rows, hosts*rows)
	}
	// 20 groups of counts at 700 kB, one batch at 1 MB, the remote addresses of one host.
	if grown := int64(most) - int64(before); grown > 24<<20 {
		t.Errorf("live heap grew by %d bytes over %d rows, want at most 24 MiB", grown, c.total.rows)
	}
	runtime.KeepAlive(c)
}
