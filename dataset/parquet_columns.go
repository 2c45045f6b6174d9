package dataset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Limits on what a Parquet file may claim, far above what any writer makes of flows: they bound memory.
const (
	maxRowGroupRows  = 16 << 20
	maxRowGroupBytes = 4 << 30
	maxColumns       = 1000
)

// readRows is how many rows are decoded at a time.
const readRows = 8192

// column is a column of a file that is read: found by name, of one of some physical types.
type column struct {
	name     string // with points between the names of groups and that of a column inside them
	kinds    []parquet.Kind
	nullable bool       // may hold nulls, or be missing
	whole    bool       // has no decimals
	units    []timeUnit // that a timestamp may have; nil if the column is none
}

var (
	integers = []parquet.Kind{parquet.Int32, parquet.Int64}
	numbers  = []parquet.Kind{parquet.Double, parquet.Float, parquet.Int32, parquet.Int64}
	texts    = []parquet.Kind{parquet.ByteArray}
	times    = []parquet.Kind{parquet.Int64}
	scalars  = append([]parquet.Kind{parquet.ByteArray, parquet.FixedLenByteArray}, numbers...)
)

// diskReader keeps the first error of the system, which the Parquet library reports as it reports a damaged file.
type diskReader struct {
	io.ReaderAt
	failed error
}

func (r *diskReader) ReadAt(p []byte, at int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, at)
	var system *fs.PathError
	if r.failed == nil && errors.As(err, &system) {
		r.failed = err
	}
	return n, err
}

// readColumns calls decode with the columns of a file, up to readRows rows at a time, the first being the given row of the
// file. A missing column has no stream. The errors name neither the file nor the package.
func readColumns(file io.ReaderAt, size int64, columns []column,
	decode func(streams []*valueStream, rows int, first int64) error) error {
	disk := &diskReader{ReaderAt: file}
	err := readFile(disk, size, columns, decode)
	if disk.failed != nil {
		return readError(disk.failed)
	}
	return err
}

func readFile(file io.ReaderAt, size int64, columns []column,
	decode func(streams []*valueStream, rows int, first int64) error) error {
	if err := checkFooter(file, size); err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	var f *parquet.File
	var found []foundColumn
	err := guardParquet(func() (err error) {
		if f, err = parquet.OpenFile(file, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)); err != nil {
			return err
		}
		found, err = findColumns(f, columns)
		return err
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	var row int64
	for i, group := range f.RowGroups() {
		if n := group.NumRows(); n < 0 || n > maxRowGroupRows {
			return fmt.Errorf("%w: row group of %d rows, want at most %d", ErrInput, n, maxRowGroupRows)
		}
		if n := f.Metadata().RowGroups[i].TotalByteSize; n < 0 || n > maxRowGroupBytes {
			return fmt.Errorf("%w: row group of %d bytes, want at most %d", ErrInput, n, int64(maxRowGroupBytes))
		}
		for c, of := range found {
			if of.index < 0 {
				continue
			}
			err := guardParquet(func() error {
				return checkPages(file, size, &f.Metadata().RowGroups[i].Columns[of.index].MetaData, group.NumRows())
			})
			if err != nil {
				return fmt.Errorf("%w: column %q: %w", ErrInput, columns[c].name, err)
			}
		}
		if err := readGroup(group, columns, found, row, decode); err != nil {
			return err
		}
		row += group.NumRows()
	}
	if row != f.NumRows() {
		return fmt.Errorf("%w: %d rows, footer says %d", ErrInput, row, f.NumRows())
	}
	return nil
}

// foundColumn is a column's place in a file, -1 for one that is missing, and what its type says.
type foundColumn struct {
	index int
	logical
}

// findColumns returns each of columns in the file.
func findColumns(f *parquet.File, columns []column) ([]foundColumn, error) {
	leaves := make(map[string]parquet.LeafColumn)
	paths := f.Schema().Columns()
	if len(paths) > maxColumns {
		return nil, fmt.Errorf("%d columns, want at most %d", len(paths), maxColumns)
	}
	for _, path := range paths {
		name := strings.Join(path, ".")
		if _, taken := leaves[name]; taken && len(path) == 1 {
			continue // a column inside a group goes before one that has the point in its name
		}
		if leaf, found := f.Schema().Lookup(path...); found {
			leaves[name] = leaf
		}
	}
	all := make([]foundColumn, len(columns))
	for i, c := range columns {
		leaf, found := leaves[c.name]
		if !found && c.nullable {
			all[i].index = -1
			continue
		}
		if !found {
			return nil, fmt.Errorf("no column %q", c.name)
		}
		l, err := checkColumn(c, leaf)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", c.name, err)
		}
		all[i] = foundColumn{leaf.ColumnIndex, l}
	}
	return all, nil
}

// checkColumn returns what the type of a column says, or an error if it is not as wanted.
func checkColumn(c column, leaf parquet.LeafColumn) (logical, error) {
	t := leaf.Node.Type()
	l, err := logicalOf(t)
	switch {
	case leaf.MaxRepetitionLevel > 0:
		return l, fmt.Errorf("list of type %v, want one value a row", t)
	case err != nil:
		return l, err
	case !slices.Contains(c.kinds, t.Kind()):
		return l, fmt.Errorf("type %v, want %v", t, c.kinds)
	case c.units == nil && l.unit != noTime:
		return l, fmt.Errorf("type %v, want no timestamp", t)
	case c.units != nil && !slices.Contains(c.units, l.unit):
		return l, fmt.Errorf("type %v, want a timestamp in %s", t, c.units)
	case c.whole && l.scale > 0:
		return l, fmt.Errorf("type %v, want whole numbers", t)
	}
	return l, nil
}

// readGroup reads one row group; row is the number of its first row in the file.
func readGroup(group parquet.RowGroup, columns []column, found []foundColumn, row int64,
	decode func(streams []*valueStream, rows int, first int64) error) error {
	streams := make([]*valueStream, len(columns))
	err := guardParquet(func() error {
		chunks := group.ColumnChunks()
		for i, of := range found {
			if of.index < 0 {
				continue
			}
			chunk := chunks[of.index]
			if n := chunk.NumValues(); n != group.NumRows() {
				return fmt.Errorf("column %q: %d values in a row group of %d rows", columns[i].name, n, group.NumRows())
			}
			streams[i] = &valueStream{logical: of.logical, pages: chunk.Pages()}
		}
		return nil
	})
	defer func() {
		for _, s := range streams {
			s.close()
		}
	}()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	for left := group.NumRows(); left > 0; {
		n := min(left, readRows)
		if err := decode(streams, int(n), row); err != nil {
			return err
		}
		left, row = left-n, row+n
	}
	return nil
}

// valueStream reads the values of one column of one row group across its pages.
type valueStream struct {
	logical
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
}

// each calls f with the next so many values, which are valid during the call.
func (s *valueStream) each(buffer []parquet.Value, rows int, f func(i int, v parquet.Value) error) error {
	for done := 0; done < rows; {
		values, err := s.read(buffer[:min(len(buffer), rows-done)])
		if err != nil {
			return err
		}
		for i, v := range values {
			if err := f(done+i, v); err != nil {
				return err
			}
		}
		done += len(values)
	}
	return nil
}

// read returns the next values, at least one, valid until the next call. Those of unsigned INT32 are INT64, which holds them.
func (s *valueStream) read(buffer []parquet.Value) ([]parquet.Value, error) {
	for {
		if s.values == nil {
			page, err := s.pages.ReadPage()
			if errors.Is(err, io.EOF) {
				return nil, errors.New("fewer values than rows")
			}
			if err != nil {
				return nil, err
			}
			s.page, s.values = page, page.Values()
		}
		n, err := s.values.ReadValues(buffer)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		for i, v := range buffer[:n] {
			if s.unsigned && v.Kind() == parquet.Int32 {
				buffer[i] = parquet.Int64Value(int64(v.Uint32()))
			}
		}
		if n > 0 {
			return buffer[:n], nil
		}
		parquet.Release(s.page)
		s.page, s.values = nil, nil
	}
}

func (s *valueStream) close() {
	if s == nil {
		return
	}
	if s.page != nil {
		parquet.Release(s.page)
	}
	s.pages.Close()
}
