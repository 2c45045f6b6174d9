package dataset

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

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

// readParquet reads one Parquet file as the mapping says.
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
	r := g.newMappedReader(index)
	err = r.read(file, info.Size(), func(flows []Flow, counts *blockTally) error {
		if !g.sendParsed(ctx, r.block, flows, counts) {
			return context.Cause(ctx)
		}
		return nil
	})
	if err == nil || ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("dataset: %s: %w", path, err)
}

// mapping returns that of the user, or that of stan's own columns.
func (g *ingester) mapping() *Mapping {
	if g.options.Mapping != nil {
		return g.options.Mapping
	}
	return flowsMapping
}

// mappedReader reads a Parquet file by a mapping: each value becomes text, and a row is parsed as a line is.
type mappedReader struct {
	columns []textColumn
	parser  *blockParser
	block   block
	values  []parquet.Value
}

func (g *ingester) newMappedReader(index int) *mappedReader {
	l := &layout{}
	r := &mappedReader{parser: g.newBlockParser(), values: make([]parquet.Value, readRows)}
	for _, c := range g.mapping().columns {
		l.fields = append(l.fields, c.field())
		r.columns = append(r.columns, textColumn{column: c.column()})
	}
	r.parser.parser = newRowParser(l, g.options.Zone)
	r.block = block{input: index, name: g.inputName(index), withheld: g.pseudonyms != nil, layout: l}
	return r
}

// column returns what the mapping wants of a Parquet file.
func (c mappedColumn) column() column {
	wanted := column{name: c.name, kinds: scalars, nullable: c.field().optional}
	if c.role&(isStart|isEnd) != 0 {
		wanted.units = []timeUnit{noTime, millis, micros, nanos}
	}
	return wanted
}

// read calls emit with the flows of a file, in order, and what became of its rows. The errors name neither the file nor
// the package.
func (r *mappedReader) read(file io.ReaderAt, size int64, emit func([]Flow, *blockTally) error) error {
	columns := make([]column, len(r.columns))
	for i, c := range r.columns {
		columns[i] = c.column
	}
	return readColumns(file, size, columns, func(streams []*valueStream, rows int, first int64) error {
		for i, s := range streams {
			if err := guardParquet(func() error { return r.columns[i].read(s, r.values, rows) }); err != nil {
				return fmt.Errorf("%w: column %q: %w", ErrInput, r.columns[i].name, err)
			}
			if s != nil && s.unit != noTime { // which says itself what it counts
				f := &r.block.layout.fields[i]
				f.set = map[role]setter{isStart: startAs(s.form()), isEnd: endAs(s.form())}[f.role]
			}
		}
		r.block.firstLine = first + 1
		return emit(r.parser.parseRows(r.block, rows, r.columns))
	})
}

// form returns how the text of a timestamp is read. The legacy types TIMESTAMP_MILLIS and TIMESTAMP_MICROS are on UTC.
func (l logical) form() timeForm {
	if l.local {
		return localMicros
	}
	return epochIn(6)
}

// textColumn is a column of a Parquet file whose values are turned into text.
type textColumn struct {
	column
	text []byte // of the values at hand, one after another
	ends []int  // of each value in text
}

// read takes the text of the next rows' values, which is empty for a null and in a missing column.
func (c *textColumn) read(s *valueStream, buffer []parquet.Value, rows int) error {
	c.text, c.ends = c.text[:0], append(c.ends[:0], make([]int, rows)...)
	if s == nil {
		return nil
	}
	return s.each(buffer, rows, func(i int, v parquet.Value) error {
		c.text = s.appendText(c.text, v)
		c.ends[i] = len(c.text)
		return nil
	})
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
