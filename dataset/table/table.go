// Package table holds sequences that are no flows: rows of typed columns, by entity and time. The paper's simulated data is
// such a table, and so are flows once they are cut into the paper's columns.
package table

import (
	"fmt"
	"slices"
)

// Column is one attribute of a row.
type Column struct {
	Name string `json:"name"`

	// Classes is the number of classes of a discrete column, whose values are the whole numbers from 0 below it; 0 for a
	// continuous column, whose values are any finite numbers.
	Classes int `json:"classes,omitempty"`
}

// Discrete reports whether the column holds classes.
func (c Column) Discrete() bool { return c.Classes > 0 }

// Table is a set of sequences in memory: the rows of an entity follow each other in the order of time.
type Table struct {
	Columns  []Column
	Entities []string  // names, each once
	Starts   []int     // first row of each entity, and the number of rows at the end: len(Entities)+1
	Times    []int64   // of each row, µs since 1970 UTC
	Values   []float64 // row after row, len(Columns) each
}

// Rows returns the number of rows.
func (t *Table) Rows() int { return len(t.Times) }

// Row returns the values of row i, in place.
func (t *Table) Row(i int) []float64 {
	n := len(t.Columns)
	return t.Values[i*n : (i+1)*n : (i+1)*n]
}

// Validate tells the first thing that is not as Table says.
func (t *Table) Validate() error {
	rows := len(t.Times)
	switch {
	case len(t.Columns) == 0:
		return fmt.Errorf("table: no columns, want at least 1")
	case len(t.Values) != rows*len(t.Columns):
		return fmt.Errorf("table: %d values, want %d rows of %d", len(t.Values), rows, len(t.Columns))
	case len(t.Starts) != len(t.Entities)+1 || t.Starts[0] != 0 || t.Starts[len(t.Entities)] != rows || !slices.IsSorted(t.Starts):
		return fmt.Errorf("table: starts %v, want one row number an entity, rising from 0 to %d", t.Starts, rows)
	}
	for i := range rows {
		for c, v := range t.Row(i) {
			if err := t.Columns[c].check(v); err != nil {
				return fmt.Errorf("table: row %d: %w", i, err)
			}
		}
	}
	return nil
}

// check tells whether v is a value of the column.
func (c Column) check(v float64) error {
	switch {
	case c.Discrete() && !(v >= 0 && v < float64(c.Classes) && v == float64(int(v))):
		return fmt.Errorf("column %q: %g, want a class of 0 to %d", c.Name, v, c.Classes-1)
	case v-v != 0:
		return fmt.Errorf("column %q: %g, want a finite number", c.Name, v)
	}
	return nil
}
