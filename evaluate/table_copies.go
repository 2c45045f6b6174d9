package evaluate

import (
	"math"
	"slices"

	data "stan/dataset/table"
)

// Rows of a table that stand in training are those of which all values are equal, whatever entity and time.

// tableRowKeys are the rows of a training table and its pairs of consecutive ones, as hashes in ascending order.
type tableRowKeys struct{ rows, pairs []uint64 }

func newTableRowKeys(t *data.Table) *tableRowKeys {
	k := &tableRowKeys{rows: make([]uint64, 0, t.Rows()), pairs: make([]uint64, 0, t.Rows())}
	for e := range t.Entities {
		eachTableRow(t, e, func(row, pair uint64, first bool) {
			k.rows = append(k.rows, row)
			if !first {
				k.pairs = append(k.pairs, pair)
			}
		})
	}
	slices.Sort(k.rows)
	slices.Sort(k.pairs)
	return k
}

// eachTableRow gives the keys of an entity's rows, and of each with the one before.
func eachTableRow(t *data.Table, entity int, give func(row, pair uint64, first bool)) {
	var before uint64
	for i := t.Starts[entity]; i < t.Starts[entity+1]; i++ {
		var key uint64
		for _, x := range t.Row(i) {
			key = mix(key, math.Float64bits(x+0)) // -0 is 0
		}
		give(key, mix(before, key), i == t.Starts[entity])
		before = key
	}
}

// tableCopied counts rows and pairs of consecutive rows, and those that stand in training.
type tableCopied struct{ rows, copiedRows, pairs, copiedPairs int64 }

func (n *tableCopied) add(known *tableRowKeys, t *data.Table, entity int) {
	eachTableRow(t, entity, func(row, pair uint64, first bool) {
		n.rows++
		if _, found := slices.BinarySearch(known.rows, row); found {
			n.copiedRows++
		}
		if first {
			return
		}
		n.pairs++
		if _, found := slices.BinarySearch(known.pairs, pair); found {
			n.copiedPairs++
		}
	})
}

func (n *tableCopied) join(o *tableCopied) {
	n.rows += o.rows
	n.copiedRows += o.copiedRows
	n.pairs += o.pairs
	n.copiedPairs += o.copiedPairs
}

// copiedRowMeasures count only an excess over what real rows of other entities share with training by chance.
func copiedRowMeasures() []tableMeasure {
	measure := func(name, title string, value func(*tableCounts) float64) tableMeasure {
		return tableMeasure{name: name, family: familyPrivacy, title: title, value: value, valueUnit: Share, unit: Share,
			tolerance: shareTolerance, halvesOnly: true,
			distance: func(a, b *tableCounts) float64 { return excess(value(a), value(b)) },
			spread:   func(a, b *tableCounts) float64 { return math.Abs(value(b) - value(a)) }}
	}
	return []tableMeasure{
		measure(exactRowsName, "rows that stand in training", func(n *tableCounts) float64 { return ratio(n.copied.copiedRows, n.copied.rows) }),
		measure(copiedPairsName, "pairs of rows that do", func(n *tableCounts) float64 { return ratio(n.copied.copiedPairs, n.copied.pairs) }),
	}
}
