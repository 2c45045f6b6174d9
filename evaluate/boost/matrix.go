// Package boost trains gradient boosted decision trees: to tell two classes apart, to choose among several, or to
// predict a number.
//
// Features are put into at most 255 bins once, and a tree looks at sums of gradients by bin, never at values (LightGBM:
// Ke et al., NeurIPS 2017). A Matrix holds all rows, those to learn from and those to predict; Train and Predict take the
// rows they are about. The sums are integers, so a model is bit for bit the same on any number of cores.
package boost

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"stan/evaluate/internal/cores"
)

const (
	bins       = 256 // of a column, the one for missing values among them
	missing    = 0   // bin of NaN
	maxRows    = 1 << countBits
	valueBins  = bins - 1
	categories = valueBins - 1 // that have a bin of their own; the rarer ones share the last
)

// Column is one feature of all rows. NaN stands for a missing value.
type Column struct {
	Values   []float32
	Category bool // values are names, not sizes: a tree asks for one value against all others, not for order
}

// Matrix holds the features of rows, binned by column without a look at any label.
type Matrix struct {
	rows    int
	columns []binned
}

type binned struct {
	bins     []uint8 // by row
	used     int     // bins are below this
	category bool
}

// NewMatrix bins the columns, which must have one length. A column of up to 255 different values keeps them all;
// otherwise frequent values have a bin of their own and the rest are put into bins of about equally many rows.
func NewMatrix(columns []Column) (*Matrix, error) {
	if len(columns) == 0 || len(columns[0].Values) == 0 {
		return nil, fmt.Errorf("boost: no columns or no rows: %w", ErrData)
	}
	m := &Matrix{rows: len(columns[0].Values), columns: make([]binned, len(columns))}
	if m.rows > maxRows {
		return nil, fmt.Errorf("boost: %d rows, want at most %d: %w", m.rows, maxRows, ErrData)
	}
	for i := range columns {
		if n := len(columns[i].Values); n != m.rows {
			return nil, fmt.Errorf("boost: column %d: %d rows, want %d as in column 0: %w", i, n, m.rows, ErrData)
		}
	}
	cores.Each(len(columns), func(i int) {
		if columns[i].Category {
			m.columns[i] = binCategories(columns[i].Values)
		} else {
			m.columns[i] = binNumbers(columns[i].Values)
		}
	})
	return m, nil
}

// Rows returns the number of rows.
func (m *Matrix) Rows() int { return m.rows }

// counted is a value and how often it occurs.
type counted struct {
	value float32
	count int
}

// distinct returns the different values but NaN, ascending.
func distinct(values []float32) []counted {
	sorted := make([]float32, 0, len(values))
	for _, v := range values {
		if v == v {
			sorted = append(sorted, v)
		}
	}
	slices.Sort(sorted)
	var all []counted
	for _, v := range sorted {
		if last := len(all) - 1; last >= 0 && all[last].value == v {
			all[last].count++
		} else {
			all = append(all, counted{v, 1})
		}
	}
	return all
}

func binNumbers(values []float32) binned {
	last := lastOfBins(distinct(values))
	b := binned{bins: make([]uint8, len(values)), used: len(last) + 1}
	for i, v := range values {
		if v == v {
			bin, _ := slices.BinarySearch(last, v)
			b.bins[i] = uint8(1 + bin)
		}
	}
	return b
}

// lastOfBins returns the largest value of each bin, ascending. A bin ends when it holds its share of the rows that
// are left, and before a value that fills a bin alone.
func lastOfBins(values []counted) []float32 {
	left := 0
	for _, v := range values {
		left += v.count
	}
	var last []float32
	held := 0
	for i, v := range values {
		held += v.count
		share := float64(left) / float64(valueBins-len(last))
		more := i+1 < len(values)
		full := float64(held) >= share || len(values)-i <= valueBins-len(last)
		if !more || len(last) < valueBins-1 && (full || float64(values[i+1].count) >= share) {
			last = append(last, v.value)
			left -= held
			held = 0
		}
	}
	return last
}

func binCategories(values []float32) binned {
	all := distinct(values)
	slices.SortStableFunc(all, func(a, b counted) int { return cmp.Compare(b.count, a.count) })
	bin := make(map[float32]uint8, len(all))
	for i, v := range all {
		bin[v.value] = uint8(1 + min(i, categories))
	}
	b := binned{bins: make([]uint8, len(values)), used: 1 + min(len(all), valueBins), category: true}
	for i, v := range values {
		if !math.IsNaN(float64(v)) {
			b.bins[i] = bin[v]
		}
	}
	return b
}
