package dataset

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"stan/dataset/table"
)

// readCSV reads a file with a header line, or standard input.
func (g *tableIngester) readCSV(ctx context.Context, path string) error {
	in, err := openInput(path, g.o.Stdin, func([]byte) {})
	if err != nil {
		return err
	}
	defer in.close()
	guard := &recordGuard{in: in.text}
	r := csv.NewReader(guard)
	r.ReuseRecord = true
	header, err := r.Read()
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return in.failure(err, 0)
	}
	place, err := g.findFields(header)
	if err != nil {
		return fmt.Errorf("dataset: %s: %w: %w", in.name, ErrInput, err)
	}
	values := make([]float64, len(g.classes))
	for ctx.Err() == nil {
		guard.read = 0
		record, err := r.Read()
		if err == io.EOF {
			return nil
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			g.summary.Rows++
			g.summary.refuse(in.name, int64(parse.StartLine), &cellFault{"", strings.Join(record, ","), badRow})
			continue
		}
		line, _ := r.FieldPos(0)
		if err != nil {
			return in.failure(err, int64(line))
		}
		entity, at, fault := g.parse(record, place, values)
		if fault != nil {
			g.summary.Rows++
			g.summary.refuse(in.name, int64(line), fault)
			continue
		}
		g.add(entity, at, values)
		if g.o.Progress != nil && g.summary.Rows%readRows == 0 {
			g.o.Progress(g.summary.Rows)
		}
	}
	return context.Cause(ctx)
}

// findFields returns where entity, time and values stand in a line, by the header.
func (g *tableIngester) findFields(header []string) ([]int, error) {
	at := make(map[string]int, len(header))
	for i, name := range header {
		at[strings.TrimPrefix(strings.TrimSpace(name), "\ufeff")] = i
	}
	var place []int
	for _, name := range g.schema.Names() {
		i, found := at[name]
		if !found {
			return nil, fmt.Errorf("no column %q in the header %.300q", name, strings.Join(header, ","))
		}
		place = append(place, i)
	}
	return place, nil
}

// parse reads a line's fields, into values, or tells which of them cannot be read.
func (g *tableIngester) parse(record []string, place []int, values []float64) (entity string, at int64, fault *cellFault) {
	names := g.schema
	entity = record[place[0]]
	if !table.ValidName(entity) {
		return "", 0, &cellFault{names.Entity, entity, badEntity}
	}
	at, ok := parseInstant(record[place[1]])
	if !ok {
		return "", 0, &cellFault{names.Time, record[place[1]], badInstant}
	}
	for c := range values {
		text := strings.TrimSpace(record[place[c+2]])
		if classes := g.classes[c]; classes != nil {
			if values[c] = float64(classes.class([]byte(text))); values[c] < 0 {
				return "", 0, &cellFault{names.Columns[c].Name, text, badClass}
			}
			continue
		}
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || x-x != 0 {
			return "", 0, &cellFault{names.Columns[c].Name, text, badNumber}
		}
		values[c] = x
	}
	return entity, at, nil
}

// parseInstant reads seconds since 1970, or a day with or without a clock, UTC unless it names a zone. It returns µs.
func parseInstant(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		us := math.Round(seconds * 1e6)
		return int64(us), us >= minTime && us <= maxTime
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			us := t.UnixMicro()
			return us, us >= minTime && us <= maxTime
		}
	}
	return 0, false
}

// recordGuard ends the reading of a record that is longer than any record should be.
type recordGuard struct {
	in   io.Reader
	read int64 // bytes since the last record
}

func (g *recordGuard) Read(p []byte) (int, error) {
	if g.read > maxSkipBytes {
		return 0, fmt.Errorf("a record of more than %d MiB, want a table", maxSkipBytes>>20)
	}
	n, err := g.in.Read(p)
	g.read += int64(n)
	return n, err
}
