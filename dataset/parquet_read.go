package dataset

import (
	"fmt"
	"io"
	"net/netip"

	"github.com/parquet-go/parquet-go"
)

// flowColumn says how one column of the file becomes a field of a Flow.
type flowColumn struct {
	column
	set func(r *parquetReader, f *Flow, v parquet.Value) bool // false if the value cannot be
}

// flowColumns are read by name. duration is not: it is end - start.
var flowColumns = []flowColumn{
	{column{name: "host", kinds: texts}, func(r *parquetReader, f *Flow, v parquet.Value) (ok bool) {
		f.Host, ok = r.address(v)
		return ok
	}},
	{column{name: "src_addr", kinds: texts}, func(r *parquetReader, f *Flow, v parquet.Value) (ok bool) {
		f.SrcAddr, ok = r.address(v)
		return ok
	}},
	{column{name: "dst_addr", kinds: texts}, func(r *parquetReader, f *Flow, v parquet.Value) (ok bool) {
		f.DstAddr, ok = r.address(v)
		return ok
	}},
	{column{name: "start", kinds: times, units: []timeUnit{micros}}, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.Start = v.Int64()
		return true
	}},
	{column{name: "end", kinds: times, units: []timeUnit{micros}}, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.End = v.Int64()
		return true
	}},
	{column{name: "src_port", kinds: integers}, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.SrcPort = uint16(integer(v))
		return integer(v) <= 65535
	}},
	{column{name: "dst_port", kinds: integers}, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.DstPort = uint16(integer(v))
		return integer(v) <= 65535
	}},
	{column{name: "proto", kinds: integers}, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.Proto = uint8(integer(v))
		return integer(v) <= 255
	}},
	{column{name: "tcp_flags", kinds: integers}, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.TCPFlags = uint8(integer(v))
		return integer(v) <= 255
	}},
	{column{name: "tos", kinds: integers}, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.ToS = uint8(integer(v))
		return integer(v) <= 255
	}},
	{column{name: "packets", kinds: integers}, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.Packets = integer(v)
		return f.Packets <= maxCount
	}},
	{column{name: "bytes", kinds: integers}, func(_ *parquetReader, f *Flow, v parquet.Value) bool {
		f.Bytes = integer(v)
		return f.Bytes <= maxCount
	}},
	{column{name: "label", kinds: texts, nullable: true}, func(r *parquetReader, f *Flow, v parquet.Value) (ok bool) {
		f.Label, ok = r.label(v)
		return ok
	}},
}

// integer returns a whole number of either width; a negative one becomes larger than any limit.
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
	columns := make([]column, len(flowColumns))
	for i, c := range flowColumns {
		columns[i] = c.column
		columns[i].whole = true // if it is of numbers
	}
	return readColumns(file, size, columns, func(streams []*valueStream, rows int, first int64) error {
		r.flows = r.flows[:rows]
		clear(r.flows)
		if err := guardParquet(func() error { return r.decode(streams, first) }); err != nil {
			return fmt.Errorf("%w: %w", ErrInput, err)
		}
		return emit(r.flows)
	})
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
func (r *parquetReader) readColumn(s *valueStream, c flowColumn, row int64) error {
	return s.each(r.values, len(r.flows), func(i int, v parquet.Value) error {
		switch {
		case v.IsNull() && c.nullable:
		case v.IsNull():
			return fmt.Errorf("row %d: null", row+int64(i))
		case !c.set(r, &r.flows[i], v):
			return fmt.Errorf("row %d: value %.100v out of range", row+int64(i), v)
		}
		return nil
	})
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
