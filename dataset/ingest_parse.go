package dataset

import (
	"bytes"
	"fmt"
)

// blockParser turns blocks of lines into rows. It belongs to one goroutine.
type blockParser struct {
	parser   *ugr16Parser
	internal prefixSet
	rows     []Flow
}

// blockTally is what one block adds to a Summary.
type blockTally struct {
	lines, other, flows, kept, external, both, bad int64
	headers                                        int64
	byReason                                       map[Reason]int64
	protocols                                      [256]int64
	badLines                                       []BadLine
	example                                        string
}

func newBlockTally() *blockTally { return &blockTally{byReason: make(map[Reason]int64)} }

// foreign reports whether the block looks like the beginning of something else than a capture: lines, but none with the
// right number of columns.
func (t *blockTally) foreign() bool {
	return t.headers == 0 && t.flows == 0 && t.bad > 0 && t.byReason[badColumns]+t.byReason[tooLong] == t.bad
}

// refuse counts a bad line, and quotes it if it is among the first of its block.
func (t *blockTally) refuse(b block, number int64, line []byte, reason Reason, column int) {
	t.lines++
	t.bad++
	t.byReason[reason]++
	if len(t.badLines) == maxBadLines {
		return
	}
	value := line
	if column != wholeLine {
		var fields [ugr16Columns][]byte
		splitFields(line, &fields)
		value = fields[column]
	}
	const quoted = 80
	if len(value) > quoted {
		value = append(bytes.Clone(value[:quoted]), "..."...)
	}
	t.badLines = append(t.badLines, BadLine{
		File: b.name, Line: number, Column: ugr16ColumnNames[column], Value: string(value), Reason: reason,
		place: place(b.input, number),
	})
}

// parse returns the rows of a block, valid until the next call, and the counts of its lines.
func (p *blockParser) parse(b block) ([]Flow, *blockTally) {
	counts := newBlockTally()
	p.rows = p.rows[:0]
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
	switch {
	case len(line) > maxLineBytes:
		counts.refuse(b, number, line, tooLong, wholeLine)
		return
	case len(bytes.TrimSpace(line)) == 0:
		counts.lines++
		counts.other++
		return
	case line[0] == 't' && isUGR16Header(line), line[0] == 'T' && isUGR16Header(line):
		counts.lines++
		counts.other++
		counts.headers++
		return
	}
	var f Flow
	if reason, column := p.parser.parse(line, &f); reason != "" {
		counts.refuse(b, number, line, reason, column)
		return
	}
	counts.lines++
	counts.flows++
	source, destination := p.internal.contains(f.SrcAddr), p.internal.contains(f.DstAddr)
	if !source && !destination {
		counts.external++
		if counts.example == "" {
			counts.example = fmt.Sprintf("%v to %v in line %d of %s", f.SrcAddr, f.DstAddr, number, b.name)
		}
		return
	}
	counts.kept++
	counts.protocols[f.Proto]++
	if source {
		f.Host = f.SrcAddr
		p.rows = append(p.rows, f)
	}
	if destination && f.DstAddr != f.Host {
		if source {
			counts.both++
		}
		f.Host = f.DstAddr
		p.rows = append(p.rows, f)
	}
}
