package dataset

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"time"
)

// UGR'16 is the CSV that nfdump wrote for the data set of that name: one flow a line, thirteen columns, with or without
// a header line. te is the time at which the flow ENDED, a local time in whole seconds; td its duration in seconds with
// three decimals, so a flow started at te - td. docs/format/flows.md has every column.
const ugr16Header = "te,td,sa,da,sp,dp,pr,flg,fwd,stos,pkt,byt,lable"

const ugr16Columns = 13

// Columns of UGR'16, in order.
const (
	columnEnd = iota
	columnDuration
	columnSource
	columnDestination
	columnSourcePort
	columnDestinationPort
	columnProtocol
	columnFlags
	columnForwarding
	columnToS
	columnPackets
	columnBytes
	columnLabel
	wholeLine // the fault is not in one column
)

var ugr16ColumnNames = [...]string{
	"te", "td", "sa", "da", "sp", "dp", "pr", "flg", "fwd", "stos", "pkt", "byt", "lable", "",
}

// ugr16Parser reads UGR'16 lines. It keeps what repeats from line to line and belongs to one goroutine.
type ugr16Parser struct {
	zone   zoneCache
	labels map[string]string
}

func newUGR16Parser(zone *time.Location) *ugr16Parser {
	return &ugr16Parser{zone: zoneCache{zone: zone}, labels: make(map[string]string)}
}

// isUGR16Header reports whether a line without its end names the columns, in whatever case; label may be spelt right.
func isUGR16Header(line []byte) bool {
	names := strings.ToLower(string(line))
	return names == ugr16Header || names == strings.Replace(ugr16Header, "lable", "label", 1)
}

// parse fills f, but for Host, from one line without its end. On a fault it returns the reason and the column.
func (p *ugr16Parser) parse(line []byte, f *Flow) (reason Reason, column int) {
	var fields [ugr16Columns][]byte
	if !splitFields(line, &fields) {
		return badColumns, wholeLine
	}
	end, ok := parseTime(fields[columnEnd])
	if !ok {
		return badTime, columnEnd
	}
	duration, ok := parseDuration(fields[columnDuration])
	if !ok {
		return badDuration, columnDuration
	}
	f.End = p.zone.toUTC(end)
	f.Start = f.End - duration
	if f.Start < minTime || f.End > maxTime {
		return badTime, columnEnd
	}
	if f.SrcAddr, ok = parseAddr(fields[columnSource]); !ok {
		return badAddress, columnSource
	}
	if f.DstAddr, ok = parseAddr(fields[columnDestination]); !ok {
		return badAddress, columnDestination
	}
	sourcePort, ok := parseUint(fields[columnSourcePort], 65535)
	if !ok {
		return badPort, columnSourcePort
	}
	destinationPort, ok := parseUint(fields[columnDestinationPort], 65535)
	if !ok {
		return badPort, columnDestinationPort
	}
	f.SrcPort, f.DstPort = uint16(sourcePort), uint16(destinationPort)
	if f.Proto, ok = parseProtocol(fields[columnProtocol]); !ok {
		return badProtocol, columnProtocol
	}
	if f.TCPFlags, ok = parseFlags(fields[columnFlags]); !ok {
		return badFlags, columnFlags
	}
	if _, ok = parseUint(fields[columnForwarding], 255); !ok {
		return badForwarding, columnForwarding
	}
	tos, ok := parseUint(fields[columnToS], 255)
	if !ok {
		return badToS, columnToS
	}
	f.ToS = uint8(tos)
	if f.Packets, ok = parseUint(fields[columnPackets], maxCount); !ok || f.Packets == 0 {
		return badPackets, columnPackets
	}
	if f.Bytes, ok = parseUint(fields[columnBytes], maxCount); !ok {
		return badBytes, columnBytes
	}
	if f.Bytes < minPacketBytes*f.Packets {
		return tooFewBytes, columnBytes
	}
	if f.Bytes > maxPacketBytes*f.Packets {
		return tooManyBytes, columnBytes
	}
	if f.Label, ok = p.label(fields[columnLabel]); !ok {
		return badLabel, columnLabel
	}
	return "", 0
}

const (
	minPacketBytes = 20        // an IPv4 header
	maxPacketBytes = 65535     // the largest IPv4 packet
	maxCount       = 1<<47 - 1 // packets or bytes of one flow; keeps products below 2^64
)

// label returns the one copy of a label.
func (p *ugr16Parser) label(b []byte) (string, bool) {
	if label, known := p.labels[string(b)]; known {
		return label, true
	}
	label := string(b)
	if !validLabel(label) || len(p.labels) == maxLabels {
		return "", false
	}
	p.labels[label] = label
	return label, true
}

// UGR16Writer writes flows as UGR'16 with a header line. Reading them back gives the same flows, to the resolution of the
// format: ends in whole seconds, durations in milliseconds; the stream's host is not a column.
type UGR16Writer struct {
	out    *bufio.Writer
	line   []byte
	texts  addressTexts
	second int64 // of the line before
	date   []byte
}

// NewUGR16Writer returns a writer with times in UTC.
func NewUGR16Writer(out io.Writer) *UGR16Writer {
	w := &UGR16Writer{out: bufio.NewWriterSize(out, 1<<16), texts: make(addressTexts), second: -1}
	w.out.WriteString(ugr16Header + "\n") // an error is kept for the next Write or Close
	return w
}

// Write appends one line a flow.
func (w *UGR16Writer) Write(flows []Flow) error {
	for i := range flows {
		w.line = w.append(w.line[:0], &flows[i])
		if _, err := w.out.Write(w.line); err != nil {
			return writeError(err)
		}
	}
	return nil
}

// Close writes what is still buffered; it leaves the underlying writer open.
func (w *UGR16Writer) Close() error { return writeError(w.out.Flush()) }

func (w *UGR16Writer) append(b []byte, f *Flow) []byte {
	if second := f.End / 1e6; second != w.second {
		w.second = second
		w.date = time.Unix(second, 0).UTC().AppendFormat(w.date[:0], time.DateTime)
	}
	b = append(b, w.date...)
	b = append(b, ',')
	b = appendMillis(b, (f.End-f.Start+500)/1000)
	b = append(b, ',')
	b = append(b, w.texts.of(f.SrcAddr)...)
	b = append(b, ',')
	b = append(b, w.texts.of(f.DstAddr)...)
	b = append(b, ',')
	b = strconv.AppendUint(b, uint64(f.SrcPort), 10)
	b = append(b, ',')
	b = strconv.AppendUint(b, uint64(f.DstPort), 10)
	b = append(b, ',')
	b = append(b, ProtocolName(f.Proto)...)
	b = append(b, ',')
	b = appendFlags(b, f.TCPFlags)
	b = append(b, ",0,"...)
	b = strconv.AppendUint(b, uint64(f.ToS), 10)
	b = append(b, ',')
	b = strconv.AppendUint(b, f.Packets, 10)
	b = append(b, ',')
	b = strconv.AppendUint(b, f.Bytes, 10)
	b = append(b, ',')
	b = append(b, f.Label...)
	return append(b, '\n')
}
