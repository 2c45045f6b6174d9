package dataset

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"stan/dataset/table"
)

// tableRows are some rows of a file, as they stand there and in its order.
type tableRows struct {
	entities []string
	times    []int64   // µs since 1970 UTC
	values   []float64 // row after row
	faults   []*cellFault
}

// cellFault is why a row cannot be read; the row's other fields hold nothing then.
type cellFault struct {
	column, value string
	reason        Reason
}

// Error reads `column "x": "NaN": no number, want a finite number`.
func (f *cellFault) Error() string {
	return fmt.Sprintf("column %q: %.100q: %s, want %s", f.column, f.value, f.reason, wanted[f.reason])
}

// classReader turns the texts of a discrete column into classes. Where the schema does not list the classes, it collects
// them.
type classReader struct {
	table.Column
	collect bool
	index   map[string]int
	names   []string
}

func newClassReader(c table.Column, collect bool) *classReader {
	r := &classReader{Column: c, collect: collect, index: map[string]int{}, names: c.ClassNames}
	for i, name := range c.ClassNames {
		r.index[name] = i
	}
	return r
}

// class returns the class that text spells, -1 if it spells none.
func (r *classReader) class(text []byte) int {
	if i, known := r.index[string(text)]; known {
		return i
	}
	if r.collect {
		if len(r.names) == maxLabels || !table.ValidName(string(text)) {
			return -1
		}
		r.index[string(text)] = len(r.names)
		r.names = append(r.names, string(text))
		return len(r.names) - 1
	}
	if r.ClassNames != nil {
		return -1
	}
	i, err := strconv.Atoi(string(text))
	if err != nil || i < 0 || i >= r.Classes {
		return -1
	}
	return i
}

// textsOrIntegers are what an entity or a class may be.
var textsOrIntegers = append(slices.Clone(texts), integers...)

// tableReader decodes Parquet files of one schema. It belongs to one goroutine.
type tableReader struct {
	schema   table.Schema
	columns  []column
	classes  []*classReader // nil for a continuous column
	buffer   []parquet.Value
	text     []byte // of the value at hand
	entities map[string]string
	rows     tableRows
}

// newTableReader reads columns of the schema, whose timestamps have one of some units.
func newTableReader(s table.Schema, classes []*classReader, units ...timeUnit) *tableReader {
	r := &tableReader{schema: s, classes: classes, buffer: make([]parquet.Value, readRows), entities: map[string]string{}}
	r.columns = []column{{name: s.Entity, kinds: textsOrIntegers}, {name: s.Time, kinds: times, units: units}}
	for i, c := range s.Columns {
		kinds := numbers
		if classes[i] != nil {
			kinds = textsOrIntegers
		}
		r.columns = append(r.columns, column{name: c.Name, kinds: kinds})
	}
	return r
}

// read calls emit with the rows of a file, up to readRows at a time, the first being the given row; they are valid during
// the call.
func (r *tableReader) read(file io.ReaderAt, size int64, emit func(rows *tableRows, first int64) error) error {
	return readColumns(file, size, r.columns, func(streams []*valueStream, rows int, first int64) error {
		if err := guardParquet(func() error { return r.decode(streams, rows) }); err != nil {
			return fmt.Errorf("%w: row %d: %w", ErrInput, first, err)
		}
		return emit(&r.rows, first)
	})
}

func (r *tableReader) decode(streams []*valueStream, rows int) error {
	width := len(r.classes)
	r.rows = tableRows{
		entities: append(r.rows.entities[:0], make([]string, rows)...), times: append(r.rows.times[:0], make([]int64, rows)...),
		values: append(r.rows.values[:0], make([]float64, rows*width)...), faults: append(r.rows.faults[:0], make([]*cellFault, rows)...),
	}
	for c, s := range streams {
		err := s.each(r.buffer, rows, func(i int, v parquet.Value) error {
			reason := Reason("")
			switch {
			case v.IsNull():
				reason = noValue
			case c == 0:
				if r.rows.entities[i] = r.entity(r.textOf(s, v)); !table.ValidName(r.rows.entities[i]) {
					reason = badEntity
				}
			case c == 1:
				if r.rows.times[i] = inMicros(v.Int64(), s.unit); r.rows.times[i] < minTime || r.rows.times[i] > maxTime {
					reason = badInstant
				}
			default:
				reason = r.value(&r.rows.values[i*width+c-2], c-2, s, v)
			}
			if reason != "" && r.rows.faults[i] == nil {
				f := &cellFault{r.columns[c].name, fmt.Sprint(v), reason}
				if reason == badClass {
					f.value = string(r.text) // a decimal has its point there
				}
				r.rows.faults[i] = f
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("column %q: %w", r.columns[c].name, err)
		}
	}
	return nil
}

// value sets x to the value of a column, or tells why it cannot be one.
func (r *tableReader) value(x *float64, column int, s *valueStream, v parquet.Value) Reason {
	if classes := r.classes[column]; classes != nil {
		class := classes.class(r.textOf(s, v))
		*x = float64(class)
		if class < 0 {
			return badClass
		}
		return ""
	}
	*x = s.number(v)
	if *x-*x != 0 {
		return badNumber
	}
	return ""
}

// textOf returns a value as text, valid until the next call; integers may stand for it.
func (r *tableReader) textOf(s *valueStream, v parquet.Value) []byte {
	r.text = s.appendText(r.text[:0], v)
	return r.text
}

// entity returns text as a string that equal texts share.
func (r *tableReader) entity(text []byte) string {
	if name, known := r.entities[string(text)]; known {
		return name
	}
	if len(r.entities) >= 1<<16 {
		clear(r.entities)
	}
	name := string(text)
	r.entities[name] = name
	return name
}
