package evaluate

import (
	"math/rand/v2"
	"testing"
)

func TestFrequentValuesAreCountedAmongMillionsOfRareOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	c := make(valueCounts)
	want := make(map[uint64]int64)
	const rows = 300_000
	for range rows {
		value := r.Uint64() | 1<<63
		if r.IntN(100) == 0 {
			value = r.Uint64N(20) // 20 values in 0.05 % of the rows each
		}
		c.add(value)
		want[value]++
		if len(c) > maxValues {
			t.Fatalf("%d values held, want at most %d", len(c), maxValues)
		}
	}
	for value := range uint64(20) {
		if short := want[value] - c[value]; short < 0 || short > rows*2/maxValues {
			t.Errorf("value of %d rows: counted %d, want at most %d less", want[value], c[value], rows*2/maxValues)
		}
	}
}

func TestAtomsAreSeenToBeSmeared(t *testing.T) {
	real, smeared := office(1, 1, 12, 400), office(1, 2, 12, 400)
	for i := range real {
		real[i].Bytes = 40 * real[i].Packets
	}
	for i := range smeared {
		smeared[i].Bytes = 40*smeared[i].Packets + uint64(i%3)
	}
	report := compare(t, real, smeared, nil)
	if m := report.Measure("atoms_bytes"); m.Verdict != Apart {
		t.Errorf("two bytes more or less: %s, difference %g, limit %g, want %s", m.Verdict, m.Difference, m.Limit, Apart)
	}
	if m := report.Measure("emd_bytes"); m.Verdict != AsReal {
		t.Errorf("two bytes more or less: emd_bytes: %s, want %s", m.Verdict, AsReal)
	}
}
