package dataset

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"stan/dataset/table"
)

// TableInput describes the table that an input holds, docs/format/tables.md.
type TableInput struct {
	Entity  string        `json:"entity"`
	Time    string        `json:"time"`
	Columns []InputColumn `json:"columns"`
}

// InputColumn is a column of an input.
type InputColumn struct {
	table.Column
	// Discrete is set for a column of classes; those that it names neither by number nor by name are the texts found.
	Discrete bool `json:"discrete,omitempty"`
}

// ReadTableInput reads a schema file.
func ReadTableInput(path string) (TableInput, error) {
	var in TableInput
	file, err := os.Open(path)
	if err != nil {
		return in, readError(err)
	}
	defer file.Close()
	d := json.NewDecoder(io.LimitReader(file, maxManifestBytes))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return in, fmt.Errorf("dataset: %s: %w: %w", path, ErrInput, err)
	}
	for i := range in.Columns {
		c := &in.Columns[i]
		if c.Classes == 0 {
			c.Classes = len(c.ClassNames)
		}
		c.Discrete = c.Discrete || c.Classes > 0
	}
	if err := in.schema().Validate(); err != nil {
		return in, fmt.Errorf("dataset: %s: %w: %w", path, ErrInput, err)
	}
	return in, nil
}

// schema is what is known before the input is read.
func (in *TableInput) schema() table.Schema {
	s := table.Schema{Entity: in.Entity, Time: in.Time}
	for _, c := range in.Columns {
		s.Columns = append(s.Columns, c.Column)
	}
	return s
}

// TableSummary tells what became of every row that ingest read.
type TableSummary struct {
	Inputs      int              `json:"inputs"` // files
	Rows        int64            `json:"rows"`   // read
	Bad         int64            `json:"bad"`    // rows refused
	BadByReason map[Reason]int64 `json:"bad_by_reason,omitempty"`
	BadLines    []BadLine        `json:"bad_lines,omitempty"` // the first ones; of a Parquet file the row, from 0
}

// refuse counts a row.
func (s *TableSummary) refuse(file string, line int64, f *cellFault) {
	s.Bad++
	if s.BadByReason == nil {
		s.BadByReason = map[Reason]int64{}
	}
	s.BadByReason[f.reason]++
	if len(s.BadLines) < maxBadLines {
		s.BadLines = append(s.BadLines, BadLine{File: file, Line: line, Column: f.column, Value: fmt.Sprintf("%.100s", f.value), Reason: f.reason})
	}
}

// TableIngestOptions are the settings of IngestTable.
type TableIngestOptions struct {
	Inputs []string  // files, folders, or StandardInput
	Stdin  io.Reader // what StandardInput reads
	Output string    // the folder to write
	Input  TableInput
	MaxBad BadLimit // how many rows may be refused
	Tool   string   // program and version, for the manifest
	Force  bool     // replace a folder that stands there already

	// Progress is called with the number of rows read.
	Progress func(rows int64)
}

// IngestTable reads CSV, plain or compressed, and Parquet files of one schema and writes their rows as a folder of a table,
// sorted by entity and time. It holds all rows in memory, as training does. After an error the manifest holds at most a
// summary.
func IngestTable(ctx context.Context, o TableIngestOptions) (Manifest, error) {
	files, err := expandInputs(o.Inputs)
	if err != nil {
		return Manifest{}, err
	}
	output, err := NewTableWriter(o.Output, o.Input.schema(), o.Force)
	if err != nil {
		return Manifest{}, err
	}
	defer output.Abort()
	g := newTableIngester(o)
	g.summary.Inputs = len(files)
	for _, path := range files {
		if ctx.Err() != nil {
			return Manifest{}, context.Cause(ctx)
		}
		if err := g.read(ctx, path); err != nil {
			return Manifest{TableIngest: &g.summary}, err
		}
	}
	s := &g.summary
	switch {
	case !o.MaxBad.allows(s.Bad, s.Rows):
		return Manifest{TableIngest: s}, fmt.Errorf("dataset: %w: %d of %d rows refused, want at most %v; the first: %v",
			ErrInput, s.Bad, s.Rows, o.MaxBad, s.BadLines[0])
	case s.Rows == 0:
		return Manifest{TableIngest: s}, fmt.Errorf("dataset: %w: no rows in %d files", ErrInput, s.Inputs)
	}
	g.nameClasses()
	*output.m.Table = g.schema
	if err := g.write(ctx, output); err != nil {
		return Manifest{}, err
	}
	return output.Finish(TableMeta{Tool: o.Tool, Summary: s})
}

// tableIngester gathers rows in memory.
type tableIngester struct {
	o       TableIngestOptions
	schema  table.Schema
	classes []*classReader
	summary TableSummary

	entityNo map[string]int32
	entities []string
	of       []int32 // entity of each row
	times    []int64
	values   []float64
}

func newTableIngester(o TableIngestOptions) *tableIngester {
	g := &tableIngester{o: o, schema: o.Input.schema(), entityNo: map[string]int32{}}
	for _, c := range o.Input.Columns {
		var r *classReader
		if c.Discrete {
			r = newClassReader(c.Column, c.Classes == 0)
		}
		g.classes = append(g.classes, r)
	}
	return g
}

// read reads one file, Parquet or CSV by its first bytes.
func (g *tableIngester) read(ctx context.Context, path string) error {
	if path != StandardInput {
		isParquet, err := startsWith(path, "PAR1")
		if err != nil {
			return err
		}
		if isParquet {
			return g.readParquet(ctx, path)
		}
	}
	return g.readCSV(ctx, path)
}

func startsWith(path, magic string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, readError(err)
	}
	defer file.Close()
	head := make([]byte, len(magic))
	_, err = io.ReadFull(file, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	return string(head) == magic, readError(err)
}

func (g *tableIngester) readParquet(ctx context.Context, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return readError(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return readError(err)
	}
	r := newTableReader(g.schema, g.classes, millis, micros, nanos)
	err = r.read(file, info.Size(), func(rows *tableRows, first int64) error {
		for i, fault := range rows.faults {
			if fault != nil {
				g.summary.Rows++
				g.summary.refuse(path, first+int64(i), fault)
				continue
			}
			g.add(rows.entities[i], rows.times[i], rows.values[i*len(g.classes):(i+1)*len(g.classes)])
		}
		if g.o.Progress != nil {
			g.o.Progress(g.summary.Rows)
		}
		return context.Cause(ctx)
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("dataset: %s: %w", path, err)
	}
	return err
}

// add keeps a row; it copies values.
func (g *tableIngester) add(entity string, time int64, values []float64) {
	number, known := g.entityNo[entity]
	if !known {
		number = int32(len(g.entities))
		entity = strings.Clone(entity)
		g.entityNo[entity] = number
		g.entities = append(g.entities, entity)
	}
	g.summary.Rows++
	g.of, g.times, g.values = append(g.of, number), append(g.times, time), append(g.values, values...)
}

// nameClasses gives the columns whose classes were collected their names, in order: classes do not depend on which row
// came first.
func (g *tableIngester) nameClasses() {
	g.schema.Columns = slices.Clone(g.schema.Columns)
	for c, r := range g.classes {
		if r == nil || !r.collect {
			continue
		}
		names := slices.Sorted(slices.Values(r.names))
		class := make([]float64, len(names))
		for to, name := range names {
			class[r.index[name]] = float64(to)
		}
		for i := c; i < len(g.values); i += len(g.classes) {
			g.values[i] = class[int(g.values[i])]
		}
		g.schema.Columns[c].Classes, g.schema.Columns[c].ClassNames = len(names), names
	}
}

// write sorts the rows by entity and time, equal times in the order of the input, and writes them.
func (g *tableIngester) write(ctx context.Context, output *TableWriter) error {
	order := make([]int, len(g.of))
	for i := range order {
		order[i] = i
	}
	rank := make([]int32, len(g.entities))
	byName := make([]int32, len(g.entities))
	for i := range byName {
		byName[i] = int32(i)
	}
	slices.SortFunc(byName, func(a, b int32) int { return strings.Compare(g.entities[a], g.entities[b]) })
	for i, e := range byName {
		rank[e] = int32(i)
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rank[g.of[a]], rank[g.of[b]]), cmp.Compare(g.times[a], g.times[b]), cmp.Compare(a, b))
	})
	width := len(g.classes)
	part := table.New(g.schema)
	var times []int64
	var values []float64
	for i, row := range order {
		times, values = append(times, g.times[row]), append(values, g.values[row*width:(row+1)*width]...)
		if i+1 < len(order) && g.of[order[i+1]] == g.of[row] {
			continue
		}
		part.Append(g.entities[g.of[row]], times, values)
		times, values = times[:0], values[:0]
		if part.Rows() >= batchRows || i+1 == len(order) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := output.Write(part); err != nil {
				return err
			}
			part = table.New(g.schema)
		}
	}
	return nil
}
