package evaluate

import (
	"testing"

	"stan/dataset"
)

// sampleOf takes a sample of flows.
func sampleOf(t *testing.T, flows []dataset.Flow, limit int, seed uint64) *sample {
	t.Helper()
	c, err := count(setOf("set", flows), nil, nil, Options{Sample: limit, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return c.sample
}

func TestSampleOfASmallSetIsTheSet(t *testing.T) {
	flows := office(1, 1, 5, 333)
	s := sampleOf(t, flows, 5*333, 1)
	if len(s.rows) != len(flows) || len(s.hosts) != 5 || s.of != 5*333 {
		t.Fatalf("%d rows of %d hosts of %d rows, want all %d of 5", len(s.rows), len(s.hosts), s.of, len(flows))
	}
	for i, r := range s.rows {
		if r.Flow != flows[i] || s.hosts[r.host] != r.Host || r.at != int64(i%333) {
			t.Fatalf("row %d is row %d of host %d: %v, want row %d of the set: %v", i, r.at, r.host, r.Flow, i%333, flows[i])
		}
		if s.follows(i) != (i%333 != 0) {
			t.Fatalf("row %d follows: %t", i, s.follows(i))
		}
	}
}

func TestSampleIsWholeBlocksWithinItsLimit(t *testing.T) {
	flows := office(1, 1, 20, 1000)
	s := sampleOf(t, flows, 3000, 1)
	if len(s.rows) > 3000 || len(s.rows) < 3000-sampleBlock {
		t.Errorf("%d rows, want 3000 or up to a block less", len(s.rows))
	}
	breaks := 0
	for i := range s.rows {
		if !s.follows(i) {
			breaks++
			if s.rows[i].at%sampleBlock != 0 {
				t.Errorf("row %d begins at row %d of its host, want a multiple of %d", i, s.rows[i].at, sampleBlock)
			}
		}
	}
	if want := len(s.rows) / sampleBlock; breaks > want+20 {
		t.Errorf("%d pieces, want about %d", breaks, want)
	}
	if len(s.hosts) < 15 {
		t.Errorf("blocks of %d hosts of 20, want most of them", len(s.hosts))
	}
	other := sampleOf(t, flows, 3000, 2)
	same := 0
	for i := range min(len(s.rows), len(other.rows)) {
		if s.rows[i].Flow == other.rows[i].Flow {
			same++
		}
	}
	if same > len(s.rows)/2 {
		t.Errorf("another seed takes the same rows")
	}
}
