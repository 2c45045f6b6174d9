package dataset

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// UGR'16 is the CSV that nfdump wrote for the data set of that name: one flow a line, thirteen columns, with or without
// a header line. te is the time at which the flow ENDED, a local time in whole seconds; td its duration in seconds with
// three decimals, so a flow started at te - td. docs/format/captures.md has every column.
const ugr16Header = "te,td,sa,da,sp,dp,pr,flg,fwd,stos,pkt,byt,lable"

var ugr16Fields = []field{
	{"te", isEnd, endAs(wallClock), false},
	{"td", isDuration, setMillisDuration, false},
	{"sa", isSrcAddr, setSrcAddr, false},
	{"da", isDstAddr, setDstAddr, false},
	{"sp", isSrcPort, setSrcPort, false},
	{"dp", isDstPort, setDstPort, false},
	{"pr", isProto, setProto, false},
	{"flg", isTCPFlags, setFlags, false},
	{"fwd", 0, checkForwarding, false},
	{"stos", isToS, setToS, false},
	{"pkt", isPackets, setPackets, false},
	{"byt", isBytes, setBytes, false},
	{"lable", isLabel, setLabel, true},
}

var ugr16Format = &notation{
	name: FormatUGR16, title: "UGR'16", extension: "csv", detect: detectUGR16,
	newWriter: newUGR16Writer,
}

// ugr16Layout serves every file: the columns are the same with and without a header.
var ugr16Layout = &layout{
	fields: ugr16Fields, isHeader: isUGR16Header, split: splitAt(','), malformed: badColumns,
}

// detectUGR16 takes every line of thirteen columns, as most files have no header.
func detectUGR16(line []byte) (*layout, error) {
	if bytes.Count(line, []byte{','}) != len(ugr16Fields)-1 {
		return nil, nil
	}
	if namesColumns(line) && !isUGR16Header(line) {
		return nil, fmt.Errorf("its header is %.200q, want %s or none; --map reads tables of other columns", line, ugr16Header)
	}
	return ugr16Layout, nil
}

// namesColumns reports whether a line has values of which none begins with a digit, as some do in every flow.
func namesColumns(line []byte) bool {
	some := false
	for value := range bytes.SplitSeq(line, []byte{','}) {
		value = trimBlanks(value)
		if len(value) > 0 && value[0] >= '0' && value[0] <= '9' {
			return false
		}
		some = some || len(value) > 0
	}
	return some
}

// isUGR16Header reports whether a line without its end names the columns, in whatever case, with or without blanks and quotes;
// label may be spelt right.
func isUGR16Header(line []byte) bool {
	names := strings.ToLower(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \"#", r) {
			return -1
		}
		return r
	}, string(line)))
	return names == ugr16Header || names == strings.Replace(ugr16Header, "lable", "label", 1)
}

// newUGR16Writer writes UGR'16 with a header line and times in UTC. Reading it back gives the same flows, to the
// resolution of the format: ends in whole seconds, durations in milliseconds; the stream's host is not a column.
func newUGR16Writer(out io.Writer) flowWriter {
	date := dateCache{second: -1}
	return newLineWriter(out, ugr16Header+"\n", "", func(w *lineWriter, b []byte, f *Flow) []byte {
		b = append(b, date.of(f.End)...)
		b = append(b, ',')
		b = appendMillis(b, (f.End-f.Start+500)/1000)
		b = append(b, ',')
		b = w.appendTuple(b, f)
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
	})
}

// dateCache holds the text of the second before, which most flows repeat.
type dateCache struct {
	second int64
	text   []byte
}

// of returns `2006-01-02 15:04:05` of µs since 1970.
func (c *dateCache) of(at int64) []byte {
	if second := at / 1e6; second != c.second {
		c.second = second
		c.text = time.Unix(second, 0).UTC().AppendFormat(c.text[:0], time.DateTime)
	}
	return c.text
}
