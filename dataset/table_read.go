package dataset

import (
	"context"
	"fmt"

	"stan/dataset/table"
)

// TableSet is a finished folder of a table.
type TableSet struct{ set *Set }

// OpenTable opens a folder of a table. It checks that dir is complete and that its data files are those of its manifest, by
// name and size. What is in them is checked when it is read.
func OpenTable(dir string) (*TableSet, error) {
	s, err := openFolder(dir)
	if err == nil && s.manifest.Table == nil {
		err = fmt.Errorf("dataset: %s: %w: flows, want a folder of a table", dir, ErrInput)
	}
	return &TableSet{s}, err
}

// Manifest returns the folder's description.
func (t *TableSet) Manifest() Manifest { return t.set.manifest }

// Read reads the table into memory: 8 bytes a value, a time and some. It verifies digest, rows and order of each file.
func (t *TableSet) Read(ctx context.Context) (*table.Table, error) {
	m := t.set.manifest
	out := table.New(*m.Table)
	classes := make([]*classReader, len(m.Table.Columns))
	for i, c := range m.Table.Columns {
		if c.Discrete() {
			classes[i] = newClassReader(c, false)
		}
	}
	r := &tableSetReader{set: t.set, rows: newTableReader(*m.Table, classes, micros), out: out, seen: map[string]string{}}
	for _, info := range m.Files {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := r.readFile(info); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// tableSetReader reads the files of a table in turn and verifies them.
type tableSetReader struct {
	set  *Set
	rows *tableReader
	out  *table.Table
	seen map[string]string // the file of each entity
}

func (r *tableSetReader) readFile(info FileInfo) error {
	file, err := r.set.openVerified(info)
	if err != nil {
		return err
	}
	defer file.Close()
	rows, entities := r.out.Rows(), len(r.seen)
	err = r.rows.read(file, info.Bytes, func(rows *tableRows, first int64) error {
		for i, fault := range rows.faults {
			if fault != nil {
				return fmt.Errorf("%w: row %d: %w", ErrInput, first+int64(i), fault)
			}
			if err := r.add(rows, i, info.Path); err != nil {
				return fmt.Errorf("%w: row %d: %w", ErrInput, first+int64(i), err)
			}
		}
		return nil
	})
	if err != nil {
		return r.set.fault(info, err)
	}
	if n, e := r.out.Rows()-rows, len(r.seen)-entities; int64(n) != info.Rows || int64(e) != info.Hosts {
		return r.set.fault(info, fmt.Errorf("%w: %d rows of %d entities, %s says %d of %d",
			ErrInput, n, e, manifestName, info.Rows, info.Hosts))
	}
	return nil
}

// add appends row i, checking that each entity's rows follow each other and that its time never goes back.
func (r *tableSetReader) add(rows *tableRows, i int, file string) error {
	t, name := r.out, rows.entities[i]
	if n := len(t.Entities); n > 0 && t.Entities[n-1] == name {
		if last := t.Times[len(t.Times)-1]; rows.times[i] < last {
			return fmt.Errorf("column %q: entity %q: %d µs, the row before has %d", t.TimeColumn, name, rows.times[i], last)
		}
	} else if first, twice := r.seen[name]; twice {
		return fmt.Errorf("column %q: entity %q again, want its rows together as in %s", t.EntityColumn, name, first)
	} else {
		r.seen[name] = file
		t.Entities = append(t.Entities, name)
		t.Starts = append(t.Starts, 0)
	}
	t.Times = append(t.Times, rows.times[i])
	t.Values = append(t.Values, rows.values[i*len(t.Columns):(i+1)*len(t.Columns)]...)
	t.Starts[len(t.Entities)] = len(t.Times)
	return nil
}
