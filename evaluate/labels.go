package evaluate

import (
	"cmp"
	"maps"
	"slices"
)

// trait is what the flows of a label are told by: attacks of one kind share it. Detectors are trained on labels, so a label must
// stand on the flows that it stands on in real ones, and as often.
type trait struct {
	label string
	proto uint8
	flags uint8
	port  int // bin of the service
	out   bool
}

func (t trait) compare(u trait) int {
	return cmp.Or(cmp.Compare(t.label, u.label), cmp.Compare(t.proto, u.proto), cmp.Compare(t.flags, u.flags),
		cmp.Compare(t.port, u.port), cmp.Compare(direction(&row{out: t.out}), direction(&row{out: u.out})))
}

// mostTraits bounds those that some hosts are counted by; of further ones the label alone is.
const mostTraits = 1 << 12

// labelTally counts rows by trait, those of the same label as one trait without the others where they are too many.
type labelTally struct {
	rows     map[trait]uint64
	labelled bool // a row has a label
}

func (t *labelTally) row(r *row) {
	x := trait{r.Label, r.Proto, r.TCPFlags, portBin(r, r.service().port), r.out}
	if _, seen := t.rows[x]; !seen && len(t.rows) >= mostTraits {
		x = trait{label: r.Label}
	}
	if t.rows == nil {
		t.rows = make(map[trait]uint64)
	}
	t.rows[x]++
	t.labelled = t.labelled || r.Label != ""
}

func (t *labelTally) add(other *labelTally) {
	if t.rows == nil {
		t.rows = make(map[trait]uint64)
	}
	for x, n := range other.rows {
		t.rows[x] += n
	}
	t.labelled = t.labelled || other.labelled
}

// divergence is that of the shares of what of tells of a trait.
func (t *labelTally) divergence(other *labelTally, of func(trait) trait) float64 {
	var counts [2]map[trait]uint64
	classes := make(map[trait]bool)
	for i, side := range [2]*labelTally{t, other} {
		counts[i] = make(map[trait]uint64)
		for x, n := range side.rows {
			counts[i][of(x)] += n
			classes[of(x)] = true
		}
	}
	var histograms [2][]uint64
	for _, x := range slices.SortedFunc(maps.Keys(classes), trait.compare) { // in one order, so that sums round in one way
		for i := range histograms {
			histograms[i] = append(histograms[i], counts[i][x])
		}
	}
	return jensenShannon(histograms[0], histograms[1], 0)
}

// labelMeasures compare labels, where a set has any.
func labelMeasures() []measure {
	of := func(name, title string, what func(trait) trait) measure {
		return measure{name: name, title: title, differenceUnit: Bits, tolerance: jsTolerance,
			distance: func(real, other *summary) float64 { return real.labels.divergence(&other.labels, what) }}
	}
	return []measure{
		of("js_label", "label", func(x trait) trait { return trait{label: x.label} }),
		of("js_label_traits", "label and what the flow is", func(x trait) trait { return x }),
	}
}
