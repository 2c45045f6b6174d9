package dataset

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
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

// column says how one column of the file becomes a field of a Flow.
type column struct {
	name     string
	kinds    []parquet.Kind
	nullable bool
	set      func(r *parquetReader, f *Flow, v parquet.Value) bool // false if the value cannot be
}

var (
	integers = []parquet.Kind{parquet.Int32, parquet.Int64}
	texts    = []parquet.Kind{parquet.ByteArray}
)

// flowColumns are read by name. duration is not: it is end - start.
var flowColumns = []column{
	{"host", texts, false, func(r *parquetReader, f *Flow, v parquet.Value) (ok bool) {
		f.Host, ok = r.address(v)
		return ok
	}},
	{"src_addr", texts, false, func(r *parquetReader, f *Flow, v parquet.Value) (ok bool) {
		f.SrcAddr, ok = r.address(v)
		return ok
	}},
	{"dst_addr", texts, false, func(r *parquetReader, f *Flow, v parquet.Value) (ok bool) {
		f.DstAddr, ok = r.address(v)
		return ok
	}},
	{"start", []parquet.Kind{parquet.Int64}, false, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.Start = v.Int64()
		return true
	}},
	{"end", []parquet.Kind{parquet.Int64}, false, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.End = v.Int64()
		return true
	}},
	{"src_port", integers, false, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.SrcPort = uint16(integer(v))
		return integer(v) <= 65535
	}},
	{"dst_port", integers, false, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.DstPort = uint16(integer(v))
		return integer(v) <= 65535
	}},
	{"proto", integers, false, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.Proto = uint8(integer(v))
		return integer(v) <= 255
	}},
	{"tcp_flags", integers, false, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.TCPFlags = uint8(integer(v))
		return integer(v) <= 255
	}},
	{"tos", integers, false, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.ToS = uint8(integer(v))
		return integer(v) <= 255
	}},
	{"packets", integers, false, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.Packets = integer(v)
		return f.Packets <= maxCount
	}},
	{"bytes", integers, false, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.Bytes = integer(v)
		return f.Bytes <= maxCount
	}},
	{"label", texts, true, func(r *parquetReader, f *Flow, v parquet.Value) (ok bool) {
		f.Label, ok = r.label(v)
		return ok
	}},
}

// integer returns a number of either width; a negative one becomes larger than any limit.
func integer(v parquet.Value) uint64 {
	if v.Kind() == parquet.Int32 {
		return uint64(int64(v.Int32()))
	}
	return v.Uint64()
}

// parquetReader decodes the flows of one file after another. It belongs to one goroutine.
type parquetReader struct {
	addresses map[string]netip.Addr
	labels    map[string]string
	values    []parquet.Value
	flows     []Flow
}

func newParquetReader() *parquetReader {
	return &parquetReader{
		addresses: make(map[string]netip.Addr),
		labels:    make(map[string]string),
		values:    make([]parquet.Value, readRows),
		flows:     make([]Flow, readRows),
	}
}

// read calls emit with the flows of a file, in order, up to readRows at a time; the slice is valid during the call. The
// errors name neither the file nor the package.
func (r *parquetReader) read(file io.ReaderAt, size int64, emit func([]Flow) error) error {
	if err := checkFooter(file, size); err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	var f *parquet.File
	var indexes []int
	err := guardParquet(func() (err error) {
		if f, err = parquet.OpenFile(file, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)); err != nil {
			return err
		}
		indexes, err = findColumns(f)
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
		for c, index := range indexes {
			if index < 0 {
				continue
			}
			err := guardParquet(func() error {
				return checkPages(file, size, &f.Metadata().RowGroups[i].Columns[index].MetaData, group.NumRows())
			})
			if err != nil {
				return fmt.Errorf("%w: column %q: %w", ErrInput, flowColumns[c].name, err)
			}
		}
		if err := r.readGroup(group, indexes, row, emit); err != nil {
			return err
		}
		row += group.NumRows()
	}
	if row != f.NumRows() {
		return fmt.Errorf("%w: %d rows, footer says %d", ErrInput, row, f.NumRows())
	}
	return nil
}

// findColumns returns the index in the file of each of flowColumns, -1 for an optional one that is missing.
func findColumns(f *parquet.File) ([]int, error) {
	leaves := make(map[string]parquet.LeafColumn)
	paths := f.Schema().Columns()
	if len(paths) > maxColumns {
		return nil, fmt.Errorf("%d columns, want at most %d", len(paths), maxColumns)
	}
	for _, path := range paths {
		if leaf, found := f.Schema().Lookup(path...); found && len(path) == 1 {
			leaves[path[0]] = leaf
		}
	}
	indexes := make([]int, len(flowColumns))
	for i, c := range flowColumns {
		leaf, found := leaves[c.name]
		if !found && c.nullable {
			indexes[i] = -1
			continue
		}
		if !found {
			return nil, fmt.Errorf("no column %q", c.name)
		}
		if err := checkColumn(c, leaf); err != nil {
			return nil, fmt.Errorf("column %q: %w", c.name, err)
		}
		indexes[i] = leaf.ColumnIndex
	}
	return indexes, nil
}

func checkColumn(c column, leaf parquet.LeafColumn) error {
	kind := leaf.Node.Type().Kind()
	known := false
	for _, k := range c.kinds {
		known = known || k == kind
	}
	if !known || leaf.MaxRepetitionLevel > 0 {
		return fmt.Errorf("type %v, want %v", leaf.Node.Type(), c.kinds)
	}
	if c.name == "start" || c.name == "end" {
		logical := leaf.Node.Type().LogicalType()
		if logical == nil || !strings.Contains(logical.String(), "unit=MICROS") {
			return fmt.Errorf("type %v, want a timestamp in microseconds", leaf.Node.Type())
		}
	}
	return nil
}

// readGroup reads one row group; row is the number of its first row in the file.
func (r *parquetReader) readGroup(group parquet.RowGroup, indexes []int, row int64, emit func([]Flow) error) error {
	streams := make([]*valueStream, len(flowColumns))
	err := guardParquet(func() error {
		chunks := group.ColumnChunks()
		for i, index := range indexes {
			if index < 0 {
				continue
			}
			if n := chunks[index].NumValues(); n != group.NumRows() {
				return fmt.Errorf("column %q: %d values in a row group of %d rows", flowColumns[i].name, n, group.NumRows())
			}
			streams[i] = &valueStream{pages: chunks[index].Pages()}
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
	for left := group.NumRows(); left > 0; left -= int64(len(r.flows)) {
		r.flows = r.flows[:min(left, readRows)]
		clear(r.flows)
		if err := guardParquet(func() error { return r.decode(streams, row) }); err != nil {
			return fmt.Errorf("%w: %w", ErrInput, err)
		}
		if err := emit(r.flows); err != nil {
			return err
		}
		row += int64(len(r.flows))
	}
	return nil
}

// decode fills r.flows, whose first is the given row of the file.
func (r *parquetReader) decode(streams []*valueStream, row int64) error {
	for i, s := range streams {
		if s == nil {
			continue
		}
		if err := r.readColumn(s, flowColumns[i], row); err != nil {
			return fmt.Errorf("column %q: %w", flowColumns[i].name, err)
		}
	}
	for i := range r.flows {
		if err := r.flows[i].check(); err != nil {
			return fmt.Errorf("row %d: %w", row+int64(i), err)
		}
	}
	return nil
}

// readColumn sets one field of r.flows, whose first is the given row of the file.
func (r *parquetReader) readColumn(s *valueStream, c column, row int64) error {
	for done := 0; done < len(r.flows); {
		values, err := s.read(r.values[:len(r.flows)-done])
		if err != nil {
			return err
		}
		for i, v := range values {
			if v.IsNull() {
				if c.nullable {
					continue
				}
				return fmt.Errorf("row %d: null", row+int64(done+i))
			}
			if !c.set(r, &r.flows[done+i], v) {
				return fmt.Errorf("row %d: value %.100v out of range", row+int64(done+i), v)
			}
		}
		done += len(values)
	}
	return nil
}

func (r *parquetReader) address(v parquet.Value) (netip.Addr, bool) {
	text := v.ByteArray()
	if a, known := r.addresses[string(text)]; known {
		return a, true
	}
	a, ok := parseAddr(text)
	if ok {
		if len(r.addresses) >= 1<<16 {
			clear(r.addresses)
		}
		r.addresses[string(text)] = a
	}
	return a, ok
}

func (r *parquetReader) label(v parquet.Value) (string, bool) {
	text := v.ByteArray()
	if label, known := r.labels[string(text)]; known {
		return label, true
	}
	label := string(text)
	if len(r.labels) == maxLabels || !validLabel(label) {
		return "", false
	}
	r.labels[label] = label
	return label, true
}

// valueStream reads the values of one column of one row group across its pages.
type valueStream struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
}

// read returns the next values, at least one, valid until the next call.
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
