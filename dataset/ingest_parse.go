package dataset

import (
	"bytes"
	"fmt"
	"time"
)

// blockParser turns blocks of lines into rows. It belongs to one goroutine.
type blockParser struct {
	formats    []*notation // that a header may be of
	zone       *time.Location
	biflow     Biflow
	internal   prefixSet      // nil to take every flow, as its source saw it
	pseudonyms *pseudonymizer // nil to keep addresses
	parser     *rowParser
	record     biflow // at hand
	pair       []Flow // of the record
	rows       []Flow
}

// blockTally is what one block adds to a Summary.
type blockTally struct {
	lines, other, notIP, records, flows, kept, external, both, bad int64

	byReason  map[Reason]int64
	protocols [256]int64
	badLines  []BadLine
	example   string
	changed   *BadLine // the first line that names other columns than the file's header
}

func newBlockTally() *blockTally { return &blockTally{byReason: make(map[Reason]int64)} }

// refuse counts a bad line, and quotes it if it is among the first of its block.
func (t *blockTally) refuse(b block, number int64, value []byte, reason Reason, column string) {
	t.lines++
	t.bad++
	t.byReason[reason]++
	if len(t.badLines) < maxBadLines {
		t.badLines = append(t.badLines, badLine(b, number, value, reason, column))
	}
}

func badLine(b block, number int64, value []byte, reason Reason, column string) BadLine {
	const quoted = 80
	if b.withheld {
		value = []byte("withheld")
	}
	if len(value) > quoted {
		value = append(bytes.Clone(value[:quoted]), "..."...)
	}
	return BadLine{
		File: b.name, Line: number, Column: column, Value: string(value), Reason: reason, place: place(b.input, number),
	}
}

// parse returns the rows of a block, valid until the next call, and the counts of its lines.
func (p *blockParser) parse(b block) ([]Flow, *blockTally) {
	counts := newBlockTally()
	p.rows = p.rows[:0]
	if p.parser == nil || p.parser.layout != b.layout {
		p.parser = newRowParser(b.layout, p.zone)
	}
	number := b.firstLine
	for text := b.text; len(text) > 0; number++ {
		line := text
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			line, text = text[:end], text[end+1:]
		} else {
			text = nil
		}
		line = bytes.TrimSuffix(line, []byte{'\r'})
		p.parseLine(b, number, line, counts)
	}
	return p.rows, counts
}

func (p *blockParser) parseLine(b block, number int64, line []byte, counts *blockTally) {
	l := b.layout
	switch {
	case len(line) > maxLineBytes:
		counts.refuse(b, number, line, tooLong, "")
		return
	case len(bytes.TrimSpace(line)) == 0, l.comment != 0 && line[0] == l.comment && !bytes.HasPrefix(line, l.headerMark):
		counts.lines++
		counts.other++
		return
	}
	reason, column := p.parser.parse(line, &p.record)
	p.judge(b, number, line, &p.record, reason, column, counts)
}

// judge counts one line, or one row of a table that has none, and keeps its flows if it was parsed without a fault.
func (p *blockParser) judge(b block, number int64, line []byte, record *biflow, reason Reason, column int, counts *blockTally) {
	l := b.layout
	switch {
	case reason == "":
		counts.lines++
		counts.records++
		p.keep(b, number, record, counts)
	case reason == notIP:
		counts.lines++
		counts.notIP++
	case l.isHeader != nil && l.isHeader(line), l.tail != nil && l.tail(line):
		counts.lines++
		counts.other++
	case line != nil && counts.changed == nil && namesOtherColumns(p.formats, l, line):
		changed := badLine(b, number, line, badHeader, "")
		counts.changed = &changed
	case column == wholeLine:
		counts.refuse(b, number, line, reason, "")
	default:
		counts.refuse(b, number, p.parser.values[column], reason, l.fields[column].name)
	}
}

// keep appends a row for every internal address of every flow of a record.
func (p *blockParser) keep(b block, number int64, record *biflow, counts *blockTally) {
	if record.reverse.packets == 0 {
		p.keepFlow(b, number, &record.Flow, counts)
		return
	}
	p.pair = record.appendFlows(p.pair[:0], p.biflow)
	for i := range p.pair {
		p.keepFlow(b, number, &p.pair[i], counts)
	}
}

// keepFlow appends a row for every internal address of a flow, whose host it sets.
func (p *blockParser) keepFlow(b block, number int64, f *Flow, counts *blockTally) {
	counts.flows++
	source, destination := p.internal == nil || p.internal.contains(f.SrcAddr), p.internal.contains(f.DstAddr)
	if !source && !destination {
		counts.external++
		if counts.example == "" {
			counts.example = fmt.Sprintf("%v to %v in line %d of %s", f.SrcAddr, f.DstAddr, number, b.name)
		}
		return
	}
	counts.kept++
	counts.protocols[f.Proto]++
	if p.pseudonyms != nil {
		f.SrcAddr, f.DstAddr = p.pseudonyms.of(f.SrcAddr), p.pseudonyms.of(f.DstAddr)
	}
	if source {
		f.Host = f.SrcAddr
		p.rows = append(p.rows, *f)
	}
	if destination && f.DstAddr != f.Host {
		if source {
			counts.both++
		}
		f.Host = f.DstAddr
		p.rows = append(p.rows, *f)
	}
}
