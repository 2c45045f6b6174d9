package dataset

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// layout says how the records of one file are read: which column says what.
type layout struct {
	fields []field

	// isHeader reports whether a line names the columns; nil where the records name them themselves.
	isHeader func(line []byte) bool

	// split cuts a line into p.values, one a field, and reports whether it could.
	split func(p *rowParser, line []byte) bool
	// malformed is the reason of lines that split cannot cut.
	malformed Reason
	// comment begins lines that are no records, 0 for none; headerMark begins the one that is a header.
	comment    byte
	headerMark []byte
	// tail reports whether a line that is no record belongs to the summary that the exporter appends; may be nil.
	tail func(line []byte) bool
	// finish works out what no column says by itself; may be nil.
	finish func(b *biflow) Reason
	// index finds a field by name, where the records carry names.
	index map[string]int
}

// field is one column and what it says of a flow.
type field struct {
	name     string
	role     role   // 0 where the column is not read
	set      setter // nil where the column is not read
	optional bool   // may be empty
}

// setter reads the text of one column into b.
type setter func(p *rowParser, b *biflow, text []byte) Reason

// role is what a column says, for messages and to know that a layout is complete.
type role uint32

const (
	isStart role = 1 << iota
	isEnd
	isDuration
	isSrcAddr
	isDstAddr
	isSrcPort
	isDstPort
	isProto
	isTCPFlags
	isToS
	isPackets
	isBytes
	isLabel
	isReversePackets
	isReverseBytes
	isReverseTCPFlags
	isReverseToS

	isNeeded = isSrcAddr | isDstAddr | isProto | isPackets | isBytes
)

// roleNames are the names of roles in mapping files and messages.
var roleNames = map[role]string{
	isStart: "start", isEnd: "end", isDuration: "duration", isSrcAddr: "src_addr", isDstAddr: "dst_addr",
	isSrcPort: "src_port", isDstPort: "dst_port", isProto: "proto", isTCPFlags: "tcp_flags", isToS: "tos",
	isPackets: "packets", isBytes: "bytes", isLabel: "label", isReversePackets: "reverse_packets",
	isReverseBytes: "reverse_bytes", isReverseTCPFlags: "reverse_tcp_flags", isReverseToS: "reverse_tos",
}

// check returns an error if the layout does not say all that a flow needs.
func (l *layout) check() error {
	var roles role
	for _, f := range l.fields {
		roles |= f.role
	}
	for r := role(1); r <= isReverseToS; r <<= 1 {
		if r&isNeeded != 0 && roles&r == 0 {
			return fmt.Errorf("no column for %s", roleNames[r])
		}
	}
	times := roles & (isStart | isEnd | isDuration)
	if times&(times-1) == 0 {
		return fmt.Errorf("not two columns of start, end and duration: a flow needs its time")
	}
	return nil
}

// find returns the first field with one of the roles, wholeLine if there is none.
func (l *layout) find(roles role) int {
	for i, f := range l.fields {
		if f.role&roles != 0 {
			return i
		}
	}
	return wholeLine
}

// namesOtherColumns reports whether a line in the middle of a file is the header of another layout.
func namesOtherColumns(among []*notation, l *layout, line []byte) bool {
	for _, f := range among {
		if f == ugr16Format && !isUGR16Header(line) || f.detect == nil {
			continue
		}
		if other, err := f.detect(line); err != nil || other != nil && other.isHeader != nil && other != l {
			return true
		}
	}
	return false
}

// wholeLine is the column of a fault that is not in one column.
const wholeLine = -1

// tableLayout returns the layout of a file whose header has these names, separated by separator; known has what their
// columns say. Names are compared without case, and other columns are left unread.
func tableLayout(header []byte, separator byte, known []field) *layout {
	names := bytes.Clone(header)
	l := &layout{split: splitAt(separator), malformed: badColumns}
	l.isHeader = func(line []byte) bool { return bytes.EqualFold(line, names) }
	for name := range bytes.SplitSeq(header, []byte{separator}) {
		l.fields = append(l.fields, knownField(string(trimBlanks(name)), known))
	}
	return l
}

func knownField(name string, known []field) field {
	for _, k := range known {
		if strings.EqualFold(k.name, name) {
			k.name = name
			return k
		}
	}
	return field{name: name}
}

// namesAll reports whether a header line has all these names among its columns.
func namesAll(line []byte, separator byte, names ...string) bool {
	for _, name := range names {
		found := false
		for have := range bytes.SplitSeq(line, []byte{separator}) {
			found = found || strings.EqualFold(string(trimBlanks(have)), name)
		}
		if !found {
			return false
		}
	}
	return true
}

// splitAt returns a layout's split for values between separators.
func splitAt(separator byte) func(p *rowParser, line []byte) bool {
	return func(p *rowParser, line []byte) bool {
		last := len(p.values) - 1
		column, begin := 0, 0
		for i, c := range line { // values are too short for bytes.IndexByte to win
			if c != separator {
				continue
			}
			if column == last {
				return false
			}
			p.values[column] = trimBlanks(line[begin:i])
			column, begin = column+1, i+1
		}
		p.values[last] = trimBlanks(line[begin:])
		return column == last
	}
}

// rowParser reads the records of one layout. It keeps what repeats from line to line and belongs to one goroutine.
type rowParser struct {
	layout *layout
	zone   zoneCache
	labels labelCache
	values [][]byte // of the line at hand, one a field; empty where there is none
	path   []byte   // of the JSON key at hand
}

func newRowParser(l *layout, zone *time.Location) *rowParser {
	return &rowParser{
		layout: l, zone: zoneCache{zone: zone}, labels: labelCache{known: make(map[string]string)},
		values: make([][]byte, len(l.fields)),
	}
}

// parse fills b from one line without its end. On a fault it returns the reason and the column.
func (p *rowParser) parse(line []byte, b *biflow) (reason Reason, column int) {
	if !p.layout.split(p, line) {
		return p.layout.malformed, wholeLine
	}
	return p.read(b)
}

// read fills b from p.values.
func (p *rowParser) read(b *biflow) (reason Reason, column int) {
	*b = biflow{}
	for i := range p.layout.fields {
		f := &p.layout.fields[i]
		if f.set == nil || f.optional && len(p.values[i]) == 0 {
			continue
		}
		if reason := f.set(p, b, p.values[i]); reason != "" {
			return reason, i
		}
		b.said |= f.role
	}
	if !b.setTimes() {
		return badTime, p.layout.find(isStart | isEnd)
	}
	if b.dotted {
		if !b.setDotted() {
			return badPort, p.layout.find(isDstPort)
		}
	}
	if p.layout.finish != nil {
		if reason := p.layout.finish(b); reason != "" {
			return reason, wholeLine
		}
	}
	if reason, role := b.check(); reason != "" {
		return reason, p.layout.find(role)
	}
	return "", 0
}

// setTimes works out start and end. Where a record has start, end and duration, the duration tells the end, as it is
// the most precise of the three in every format that has them.
func (b *biflow) setTimes() bool {
	switch {
	case b.said&(isStart|isDuration) == isStart|isDuration:
		b.End = b.Start + b.duration
	case b.said&(isEnd|isDuration) == isEnd|isDuration:
		b.Start = b.End - b.duration
	case b.said&(isStart|isEnd) == isStart: // an empty duration
		b.End = b.Start
	case b.said&(isStart|isEnd) == isEnd:
		b.Start = b.End
	}
	return b.said&(isStart|isEnd) != 0 && b.Start >= minTime && b.Start <= b.End && b.End <= maxTime
}

// setDotted makes type*256+code of a destination port that was written as type.code. Software that takes ports for
// floating-point numbers writes 80.0 for port 80.
func (b *biflow) setDotted() bool {
	if isICMP(b.Proto) && b.DstPort <= 255 {
		b.DstPort = b.DstPort<<8 | uint16(b.icmpCode)
		return true
	}
	return b.icmpCode == 0
}

// labelCache holds the one copy of each label.
type labelCache struct {
	last  string // most rows repeat it
	known map[string]string
}

func (c *labelCache) of(text []byte) (string, bool) {
	if string(text) == c.last {
		return c.last, true
	}
	label, known := c.known[string(text)]
	if !known {
		label = string(text)
		if !validLabel(label) || len(c.known) == maxLabels {
			return "", false
		}
		c.known[label] = label
	}
	c.last = label
	return label, true
}
