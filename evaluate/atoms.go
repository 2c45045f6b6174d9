package evaluate

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Flow sizes are full of exact values: 40, 44 and 60 bytes, 1 packet, 0 ms. The share of the commonest ones tells a set that
// smears them, which divergence in bins may not.

const (
	// atomCount is the number of real's commonest values that are looked at.
	atomCount = 20

	// maxValues is the number of different values that a group of hosts counts at a time, of each attribute.
	maxValues = 4096
)

// atomAttributes are those whose exact values are counted; value is false where a row has none.
var atomAttributes = []struct {
	name, title string
	value       func(*row) (uint64, bool)
}{
	{"duration", "20 commonest durations", func(r *row) (uint64, bool) { return millis(r.End - r.Start), true }},
	{"packets", "20 commonest packets", func(r *row) (uint64, bool) { return r.Packets, true }},
	{"bytes", "20 commonest bytes", func(r *row) (uint64, bool) { return r.Bytes, true }},
	{"bytes_per_packet", "20 commonest bytes a packet", func(r *row) (uint64, bool) {
		if r.Packets == 0 {
			return 0, false
		}
		return r.Bytes / r.Packets, true
	}},
}

// valueCounts counts values in bounded memory: when there are more than maxValues different ones, those no more frequent
// than the median are forgotten. One that never was among them is counted exactly; any other is short of at most
// 1 in maxValues/2 of the rows, since each forgetting takes the median from half of maxValues values at once (as Misra and
// Gries bound it, 1982).
type valueCounts map[uint64]int64

func (c valueCounts) add(value uint64) {
	c[value]++
	if len(c) <= maxValues {
		return
	}
	counts := slices.Sorted(maps.Values(c))
	median := counts[len(counts)/2]
	maps.DeleteFunc(c, func(_ uint64, n int64) bool { return n <= median })
}

// atomTally counts rows by exact value: all values while its set is read, and then, when all sets are, real's commonest.
type atomTally struct {
	values []valueCounts // of each of atomAttributes; nil once settled
	rows   []int64       // rows that have a value
	atoms  [][]int64     // of each of atomAttributes, the rows of each of real's commonest values
}

func (t *atomTally) row(r *row) {
	if t.values == nil {
		t.values, t.rows = make([]valueCounts, len(atomAttributes)), make([]int64, len(atomAttributes))
		for i := range t.values {
			t.values[i] = make(valueCounts)
		}
	}
	for i := range atomAttributes {
		if value, ok := atomAttributes[i].value(r); ok {
			t.values[i].add(value)
			t.rows[i]++
		}
	}
}

// settle keeps the counts of the commonest values only.
func (t *atomTally) settle(commonest [][]uint64) {
	t.atoms = make([][]int64, len(atomAttributes))
	for i, values := range commonest {
		t.atoms[i] = make([]int64, len(values))
		for k, value := range values {
			t.atoms[i][k] = t.values[i][value]
		}
	}
	t.values = nil
}

// add adds what is settled.
func (t *atomTally) add(other *atomTally) {
	if other.atoms == nil {
		return
	}
	if t.atoms == nil {
		t.rows, t.atoms = make([]int64, len(atomAttributes)), make([][]int64, len(atomAttributes))
		for i := range t.atoms {
			t.atoms[i] = make([]int64, len(other.atoms[i]))
		}
	}
	for i := range t.atoms {
		t.rows[i] += other.rows[i]
		for k, n := range other.atoms[i] {
			t.atoms[i][k] += n
		}
	}
}

// commonest returns the atomCount most frequent values of each of atomAttributes, the most frequent first.
func commonest(groups []*summary) [][]uint64 {
	all := make([][]uint64, len(atomAttributes))
	for i := range all {
		counts := make(map[uint64]int64)
		for _, g := range groups {
			for value, n := range g.atoms.values[i] {
				counts[value] += n
			}
		}
		values := slices.SortedFunc(maps.Keys(counts), func(a, b uint64) int {
			return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
		})
		all[i] = values[:min(atomCount, len(values))]
	}
	return all
}

// settle leaves what a comparison needs of the exact values: the rows of each of real's commonest.
func (c *counts) settle(commonest [][]uint64) {
	for _, g := range c.groups {
		g.atoms.settle(commonest)
		c.total.atoms.add(&g.atoms)
	}
}

// atomMeasures compare the shares of real's commonest values: their sum is the value, their mean absolute difference the
// distance.
func atomMeasures() []measure {
	var all []measure
	for i, a := range atomAttributes {
		share := func(s *summary, k int) float64 { return ratio(s.atoms.atoms[i][k], s.atoms.rows[i]) }
		all = append(all, measure{name: "atoms_" + a.name, title: a.title, unit: Share, differenceUnit: Share,
			tolerance: atomTolerance,
			value: func(s *summary) float64 {
				total := 0.
				for k := range s.atoms.atoms[i] {
					total += share(s, k)
				}
				return total
			},
			distance: func(real, other *summary) float64 {
				total := 0.
				for k := range real.atoms.atoms[i] {
					total += math.Abs(share(other, k) - share(real, k))
				}
				return total / float64(len(real.atoms.atoms[i]))
			}})
	}
	return all
}
