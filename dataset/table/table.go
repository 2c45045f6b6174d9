// Package table holds sequences that are no flows: rows of typed columns, by entity and time. The paper's simulated data is
// such a table, and so are flows once they are cut into the paper's columns.
package table

import (
	"fmt"
	"slices"
)

// Table is a set of sequences in memory: the rows of an entity follow each other in the order of time.
type Table struct {
	Columns  []Column
	Entities []string  // names, each once
	Starts   []int     // first row of each entity, and the number of rows at the end: len(Entities)+1
	Times    []int64   // of each row, µs since 1970 UTC
	Values   []float64 // row after row, len(Columns) each

	// EntityColumn and TimeColumn are the names of the other two columns of a file; "entity" and "time" where empty.
	EntityColumn, TimeColumn string
}

// Rows returns the number of rows.
func (t *Table) Rows() int { return len(t.Times) }

// Row returns the values of row i, in place.
func (t *Table) Row(i int) []float64 {
	n := len(t.Columns)
	return t.Values[i*n : (i+1)*n : (i+1)*n]
}

// Schema returns what the table's files are described by.
func (t *Table) Schema() Schema {
	s := Schema{Entity: t.EntityColumn, Time: t.TimeColumn, Columns: t.Columns}
	if s.Entity == "" {
		s.Entity = "entity"
	}
	if s.Time == "" {
		s.Time = "time"
	}
	return s
}

// Select returns the rows of the entities that keep holds for, by their number.
func (t *Table) Select(keep func(entity int) bool) *Table {
	out := New(t.Schema())
	for e, name := range t.Entities {
		if keep(e) {
			from, to := t.Starts[e], t.Starts[e+1]
			out.Append(name, t.Times[from:to], t.Values[from*len(t.Columns):to*len(t.Columns)])
		}
	}
	return out
}

// New returns a table without rows.
func New(s Schema) *Table {
	return &Table{Columns: s.Columns, EntityColumn: s.Entity, TimeColumn: s.Time, Starts: []int{0}}
}

// Append adds an entity with its rows, which it copies.
func (t *Table) Append(entity string, times []int64, values []float64) {
	t.Entities = append(t.Entities, entity)
	t.Times = append(t.Times, times...)
	t.Values = append(t.Values, values...)
	t.Starts = append(t.Starts, len(t.Times))
}

// Validate tells the first thing that is not as Table says.
func (t *Table) Validate() error {
	rows := len(t.Times)
	if err := t.Schema().Validate(); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	switch {
	case len(t.Values) != rows*len(t.Columns):
		return fmt.Errorf("table: %d values, want %d rows of %d", len(t.Values), rows, len(t.Columns))
	case len(t.Starts) != len(t.Entities)+1 || t.Starts[0] != 0 || t.Starts[len(t.Entities)] != rows || !slices.IsSorted(t.Starts):
		return fmt.Errorf("table: starts %v, want one row number an entity, rising from 0 to %d", t.Starts, rows)
	}
	seen := make(map[string]bool, len(t.Entities))
	for e, name := range t.Entities {
		if seen[name] {
			return fmt.Errorf("table: entity %q twice, want its rows together", name)
		}
		seen[name] = true
		if times := t.Times[t.Starts[e]:t.Starts[e+1]]; !slices.IsSorted(times) {
			return fmt.Errorf("table: entity %q: its time goes back", name)
		}
	}
	for i := range rows {
		for c, v := range t.Row(i) {
			if err := t.Columns[c].Check(v); err != nil {
				return fmt.Errorf("table: row %d: column %q: %w", i, t.Columns[c].Name, err)
			}
		}
	}
	return nil
}
