package evaluate

import (
	"math/rand/v2"
	"testing"
)

// collect feeds rows with these packet counts, all else equal, to a collector of at most limit keys.
func collect(limit int, packets []uint64) *keySet {
	c := newKeyCollector()
	c.limit = limit
	for _, p := range packets {
		c.row(tellingRow(p))
		if len(c.keys) >= limit {
			panic("more keys than the limit")
		}
	}
	return c.finish()
}

func tellingRow(packets uint64) *row {
	r := new(row)
	r.Packets, r.End, r.remote = packets, microsPerMilli, testAddr("192.0.2.1")
	return r
}

func TestAnOversizedTrainingSetIsSampled(t *testing.T) {
	const rows, limit = 20_000, 1000
	train := make([]uint64, rows)
	for i := range train {
		train[i] = uint64(i + 3)
	}
	keys := collect(limit, train)
	if n := len(keys.keys); n < limit/8 || n >= limit {
		t.Fatalf("%d keys held, want %d to %d", n, limit/8, limit-1)
	}
	var tally copyTally
	for i := range uint64(rows) { // half copies, half new
		tally.row(tellingRow(i+3+rows/2), keys)
	}
	share := float64(tally.copies) / float64(tally.telling)
	if share < 0.4 || share > 0.6 { // about 600 rows looked at: standard deviation 0.02
		t.Errorf("half the rows are copies: got share %g of %d rows, want about 0.5", share, tally.telling)
	}
}

func TestRowsThatRepeatInTrainingAreNoCopies(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var train []uint64
	for range 5000 {
		train = append(train, 100+r.Uint64N(50)) // each of 50 rows about 100 times
	}
	keys := collect(200, append(train, 7))
	if len(keys.keys) != 1 {
		t.Fatalf("one row of 5001 occurs once: %d keys held, want 1", len(keys.keys))
	}
	var tally copyTally
	tally.row(tellingRow(120), keys)
	tally.row(tellingRow(7), keys)
	if tally.copies != 1 || tally.telling != 2 {
		t.Errorf("got %d copies of %d, want 1 of 2", tally.copies, tally.telling)
	}
}

func TestShortFlowsTellNothing(t *testing.T) {
	keys := collect(200, []uint64{2, 3})
	if len(keys.keys) != 1 {
		t.Errorf("rows of 2 and 3 packets: %d keys, want only that of 3", len(keys.keys))
	}
	instant := tellingRow(3)
	instant.Start = instant.End
	var tally copyTally
	tally.row(instant, keys)
	if tally.telling != 0 {
		t.Errorf("a flow of 0 ms is looked at, want it left out")
	}
}
