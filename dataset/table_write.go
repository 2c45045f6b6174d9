package dataset

import (
	"fmt"
	"io"
	"time"

	"github.com/parquet-go/parquet-go"

	"stan/dataset/table"
)

// tableFileRows is the number of rows at which a data file of a table is full; an entity is in one file.
const tableFileRows = 1 << 22

// TableWriter writes a folder of a table. Until Finish returns nothing is visible at the folder's path; after an error of
// any method call Abort.
type TableWriter struct {
	output *outputDir
	create creator
	m      Manifest
	seen   map[string]bool
	file   *tableFile // under way, nil if none is
}

// NewTableWriter prepares to write a folder at dir. It takes a lock beside it and removes what a killed run left. force
// replaces a folder that stan wrote there.
func NewTableWriter(dir string, schema table.Schema, force bool) (*TableWriter, error) {
	if err := schema.Validate(); err != nil {
		return nil, fmt.Errorf("dataset: table: %w: %w", ErrInput, err)
	}
	output, err := claimOutput(dir, force)
	if err != nil {
		return nil, err
	}
	m := Manifest{SchemaVersion: SchemaVersion, Format: FormatParquet, Table: &schema}
	return &TableWriter{output: output, create: createFile, m: m, seen: map[string]bool{}}, nil
}

// Write adds entities with all their rows. An entity without rows is left out.
func (w *TableWriter) Write(t *table.Table) error {
	if err := t.Validate(); err != nil {
		return fmt.Errorf("dataset: %w: %w", ErrInput, err)
	}
	if !t.Schema().Equal(*w.m.Table) {
		return fmt.Errorf("dataset: table: %w: columns %v, want %v", ErrInput, t.Schema().Names(), w.m.Table.Names())
	}
	for e, name := range t.Entities {
		from, to := t.Starts[e], t.Starts[e+1]
		if from == to {
			continue
		}
		if !table.ValidName(name) || w.seen[name] {
			return fmt.Errorf("dataset: table: %w: entity %.300q, want each once and of printable text", ErrInput, name)
		}
		w.seen[name] = true
		first, last := time.UnixMicro(t.Times[from]).UTC(), time.UnixMicro(t.Times[to-1]).UTC()
		if t.Times[from] < minTime || t.Times[to-1] > maxTime {
			return fmt.Errorf("dataset: table: %w: entity %q: times %v to %v, want within the years 1970 to 9999", ErrInput, name, first, last)
		}
		if w.m.First.IsZero() || first.Before(w.m.First) {
			w.m.First = first
		}
		if last.After(w.m.Last) {
			w.m.Last = last
		}
		if err := w.entity(t, e); err != nil {
			return err
		}
	}
	return nil
}

// entity writes one entity, in a new file if the one under way is full.
func (w *TableWriter) entity(t *table.Table, e int) error {
	if w.file != nil && w.file.info.Rows >= tableFileRows {
		if err := w.endFile(); err != nil {
			return err
		}
	}
	if w.file == nil {
		path := fmt.Sprintf("part-%05d.parquet", len(w.m.Files))
		file, err := newOutputFile(w.create, w.output, path)
		if err != nil {
			return err
		}
		w.file = newTableFile(file, path, *w.m.Table)
	}
	return w.file.write(t, e)
}

func (w *TableWriter) endFile() error {
	f := w.file
	w.file = nil
	defer f.data.close()
	if err := f.guard(f.out.Close); err != nil {
		return err
	}
	if err := f.data.finish(&f.info); err != nil {
		return err
	}
	w.m.Files = append(w.m.Files, f.info)
	w.m.Rows += f.info.Rows
	w.m.Hosts += f.info.Hosts
	return nil
}

// TableMeta is what a table's manifest says about its origin.
type TableMeta struct {
	Tool     string            // program and version
	Summary  *TableSummary     // of ingest, nil elsewhere
	Metadata map[string]string // of a generator
}

// Finish writes the manifest and _SUCCESS, and makes the folder visible at its path.
func (w *TableWriter) Finish(meta TableMeta) (Manifest, error) {
	if w.file == nil {
		return Manifest{}, fmt.Errorf("dataset: %s: %w: no rows to write", w.output.path, ErrInput)
	}
	if err := w.endFile(); err != nil {
		return Manifest{}, err
	}
	w.m.Tool, w.m.TableIngest, w.m.Metadata = meta.Tool, meta.Summary, meta.Metadata
	if err := seal(w.create, w.output, &w.m); err != nil {
		return Manifest{}, err
	}
	return w.m, w.output.commit()
}

// Abort ends the writing and removes everything written. It may be called after Finish, and does nothing then.
func (w *TableWriter) Abort() {
	if w.file != nil {
		w.file.data.close()
		w.file = nil
	}
	w.output.release()
}

// tableFile is a data file of a table in the making.
type tableFile struct {
	info    FileInfo
	data    *outputFile
	out     *parquet.GenericWriter[any]
	columns []table.Column
	rows    []parquet.Row
}

func newTableFile(data *outputFile, path string, s table.Schema) *tableFile {
	return &tableFile{info: FileInfo{Path: path}, data: data, columns: s.Columns, out: parquet.NewGenericWriter[any](io.Writer(data),
		parquet.NewSchema("table", tableNode(s)),
		parquet.Compression(newPageCodec()),
		parquet.MaxRowsPerRowGroup(rowGroupRows),
		parquet.CreatedBy("stan", fmt.Sprint(SchemaVersion), ""),
		parquet.KeyValueMetadata("stan.schema_version", fmt.Sprint(SchemaVersion)),
	)}
}

// write adds the rows of one entity.
func (f *tableFile) write(t *table.Table, e int) error {
	name := parquet.ByteArrayValue([]byte(t.Entities[e]))
	f.info.Hosts++
	for from, to := t.Starts[e], t.Starts[e+1]; from < to; {
		n := min(writeRows, to-from)
		f.rows = f.rows[:0]
		for i := from; i < from+n; i++ {
			row := parquet.Row{name.Level(0, 0, 0), parquet.Int64Value(t.Times[i]).Level(0, 0, 1)}
			for c, v := range t.Row(i) {
				row = append(row, cell(f.columns[c], v).Level(0, 0, c+2))
			}
			f.rows = append(f.rows, row)
		}
		if err := f.guard(func() error { _, err := f.out.WriteRows(f.rows); return err }); err != nil {
			return err
		}
		f.info.Rows += int64(n)
		from += n
	}
	return nil
}

func (f *tableFile) guard(do func() error) error {
	if err := guardParquet(do); err != nil {
		return writeError(fmt.Errorf("%s: %w", f.info.Path, err))
	}
	return nil
}

// cell is a value as a file spells it.
func cell(c table.Column, v float64) parquet.Value {
	switch {
	case c.ClassNames != nil:
		return parquet.ByteArrayValue([]byte(c.ClassNames[int(v)]))
	case c.Discrete():
		return parquet.Int32Value(int32(v))
	}
	return parquet.DoubleValue(v)
}

// tableNode is the Parquet schema of a table's files.
func tableNode(s table.Schema) parquet.Node {
	group := parquet.Group{
		s.Entity: parquet.Encoded(parquet.String(), &parquet.RLEDictionary),
		s.Time:   parquet.Timestamp(parquet.Microsecond),
	}
	for _, c := range s.Columns {
		switch {
		case c.ClassNames != nil:
			group[c.Name] = parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
		case c.Discrete():
			group[c.Name] = parquet.Leaf(parquet.Int32Type)
		default:
			group[c.Name] = parquet.Leaf(parquet.DoubleType)
		}
	}
	return orderedGroup{group, s.Names()}
}

// orderedGroup is a group whose fields keep their order; a parquet.Group sorts them by name.
type orderedGroup struct {
	parquet.Group
	names []string
}

func (g orderedGroup) Fields() []parquet.Field {
	byName := make(map[string]parquet.Field, len(g.names))
	for _, f := range g.Group.Fields() {
		byName[f.Name()] = f
	}
	fields := make([]parquet.Field, len(g.names))
	for i, name := range g.names {
		fields[i] = byName[name]
	}
	return fields
}
