package dataset

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// flowsMapping reads a Parquet file with the columns of a folder of flows.
var flowsMapping = &Mapping{header: true, columns: []mappedColumn{
	{"start", isStart, startAs(epochIn(6))},
	{"end", isEnd, endAs(epochIn(6))},
	{"src_addr", isSrcAddr, setSrcAddr},
	{"dst_addr", isDstAddr, setDstAddr},
	{"src_port", isSrcPort, setSrcPort},
	{"dst_port", isDstPort, setDstPort},
	{"proto", isProto, setProto},
	{"tcp_flags", isTCPFlags, setFlagNumber},
	{"tos", isToS, setToS},
	{"packets", isPackets, setPackets},
	{"bytes", isBytes, setBytes},
	{"label", isLabel, setLabel},
}}

var parquetFormat = &notation{
	name: FormatParquet, title: "Parquet",
	magic: func(head []byte) bool { return bytes.HasPrefix(head, []byte("PAR1")) }, read: (*ingester).readParquet,
}

// readParquet reads one Parquet file as the mapping says. Each value becomes text, and a row is parsed as a line is.
func (g *ingester) readParquet(ctx context.Context, _ *input, index int) error {
	path := g.files[index]
	if path == StandardInput {
		return fmt.Errorf("dataset: standard input: %w: Parquet, which is read from files only", ErrInput)
	}
	file, err := os.Open(path)
	if err != nil {
		return readError(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return readError(err)
	}
	fault := func(err error) error { return fmt.Errorf("dataset: %s: %w: %w", path, ErrInput, err) }
	if err := checkFooter(file, info.Size()); err != nil {
		return fault(err)
	}
	var f *parquet.File
	var columns []textColumn
	err = guardParquet(func() (err error) {
		if f, err = parquet.OpenFile(file, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)); err != nil {
			return err
		}
		columns, err = g.mapping().textColumns(f)
		return err
	})
	if err != nil {
		return fault(err)
	}
	l := &layout{}
	for _, c := range columns {
		l.fields = append(l.fields, c.field)
	}
	p := g.newBlockParser()
	p.parser = newRowParser(l, g.options.Zone)
	b := block{input: index, name: g.inputName(index), withheld: g.pseudonyms != nil, layout: l, firstLine: 1}
	for i, group := range f.RowGroups() {
		if n := group.NumRows(); n < 0 || n > maxRowGroupRows {
			return fault(fmt.Errorf("row group of %d rows, want at most %d", n, maxRowGroupRows))
		}
		if n := f.Metadata().RowGroups[i].TotalByteSize; n < 0 || n > maxRowGroupBytes {
			return fault(fmt.Errorf("row group of %d bytes, want at most %d", n, int64(maxRowGroupBytes)))
		}
		for c := range columns {
			err := guardParquet(func() error {
				meta := &f.Metadata().RowGroups[i].Columns[columns[c].index].MetaData
				if err := checkPages(file, info.Size(), meta, group.NumRows()); err != nil {
					return err
				}
				columns[c].stream = &valueStream{pages: group.ColumnChunks()[columns[c].index].Pages()}
				return nil
			})
			if err != nil {
				return fault(fmt.Errorf("column %q: %w", columns[c].field.name, err))
			}
		}
		for left := group.NumRows(); left > 0 && ctx.Err() == nil; {
			rows := int(min(left, readRows))
			for c := range columns {
				if err := guardParquet(func() error { return columns[c].read(rows) }); err != nil {
					return fault(fmt.Errorf("column %q: %w", columns[c].field.name, err))
				}
			}
			flows, counts := p.parseRows(b, rows, columns)
			if err := g.take(b, flows); err != nil {
				return err
			}
			if err := g.count(counts, index); err != nil {
				return err
			}
			b.firstLine += int64(rows)
			left -= int64(rows)
		}
		for c := range columns {
			columns[c].stream.close()
		}
	}
	return nil
}

// mapping returns that of the user, or that of stan's own columns.
func (g *ingester) mapping() *Mapping {
	if g.options.Mapping != nil {
		return g.options.Mapping
	}
	return flowsMapping
}

// textColumn is a column of a Parquet file whose values are turned into text.
type textColumn struct {
	field  field
	index  int
	micros int64 // of a timestamp's unit, 0 for other types; negative for what a µs has of it
	stream *valueStream
	values []parquet.Value
	text   []byte // of the values at hand, one after another
	ends   []int  // of each value in text
}

// textColumns finds the columns of a mapping in a file. What a flow can do without may be missing.
func (m *Mapping) textColumns(f *parquet.File) ([]textColumn, error) {
	var columns []textColumn
	for _, c := range m.columns {
		leaf, found := f.Schema().Lookup(strings.Split(c.name, ".")...)
		if !found {
			leaf, found = f.Schema().Lookup(c.name)
		}
		if !found && c.field().optional {
			continue
		}
		if !found {
			return nil, fmt.Errorf("no column %q", c.name)
		}
		if leaf.MaxRepetitionLevel > 0 {
			return nil, fmt.Errorf("column %q is a list, want one value a row", c.name)
		}
		column := textColumn{field: c.field(), index: leaf.ColumnIndex, values: make([]parquet.Value, readRows)}
		if t := leaf.Node.Type().LogicalType(); t != nil && strings.Contains(t.String(), "TIMESTAMP") {
			// A timestamp says itself what it counts.
			switch text := t.String(); {
			case strings.Contains(text, "MILLIS"):
				column.micros = 1000
			case strings.Contains(text, "MICROS"):
				column.micros = 1
			default:
				column.micros = -1000
			}
			set := map[role]setter{isStart: startAs(epochIn(6)), isEnd: endAs(epochIn(6))}[c.role]
			if set == nil {
				return nil, fmt.Errorf("column %q is a timestamp, want %s", c.name, roleNames[c.role])
			}
			column.field.set = set
		}
		columns = append(columns, column)
	}
	return columns, nil
}

// read takes the text of the next rows' values.
func (c *textColumn) read(rows int) error {
	c.text, c.ends = c.text[:0], c.ends[:0]
	for len(c.ends) < rows {
		values, err := c.stream.read(c.values[:rows-len(c.ends)])
		if err != nil {
			return err
		}
		for _, v := range values {
			c.append(v)
			c.ends = append(c.ends, len(c.text))
		}
	}
	return nil
}

func (c *textColumn) append(v parquet.Value) {
	switch v.Kind() {
	case parquet.Int32:
		c.text = strconv.AppendInt(c.text, int64(v.Int32()), 10)
	case parquet.Int64:
		n := v.Int64()
		if c.micros > 0 {
			n = max(min(n, maxTime/c.micros+1), -1) * c.micros // what lies outside stays outside
		} else if c.micros < 0 {
			n /= -c.micros
		}
		c.text = strconv.AppendInt(c.text, n, 10)
	case parquet.Float:
		c.text = strconv.AppendFloat(c.text, float64(v.Float()), 'f', -1, 32)
	case parquet.Double:
		c.text = strconv.AppendFloat(c.text, v.Double(), 'f', -1, 64)
	case parquet.ByteArray, parquet.FixedLenByteArray:
		c.text = append(c.text, v.ByteArray()...)
	}
}

// value returns the text of a row's value, empty for null.
func (c *textColumn) value(row int) []byte {
	begin := 0
	if row > 0 {
		begin = c.ends[row-1]
	}
	return c.text[begin:c.ends[row]]
}

// parseRows returns the rows and counts of so many records of a table.
func (p *blockParser) parseRows(b block, rows int, columns []textColumn) ([]Flow, *blockTally) {
	counts := newBlockTally()
	p.rows = p.rows[:0]
	for row := range rows {
		for i := range columns {
			p.parser.values[i] = columns[i].value(row)
		}
		reason, column := p.parser.read(&p.record)
		p.judge(b, b.firstLine+int64(row), nil, &p.record, reason, column, counts)
	}
	return p.rows, counts
}
