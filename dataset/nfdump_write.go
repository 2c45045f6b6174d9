package dataset

import (
	"io"
	"strconv"
)

const (
	nfdumpHeader   = "firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows\n"
	nfdump16Header = "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln," +
		"ismc,odmc,idmc,osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,mpls10,cl,sl,al,ra,eng,exid,tr\n"
)

// nfdump16Format is the table of nfdump 1.6 to 1.7.4; nfdumpFormat reads it.
var nfdump16Format = &notation{name: "nfdump-1.6", title: "nfdump 1.6 CSV", extension: "csv", newWriter: newNfdump16Writer, lacks: "label"}

// newNfdumpWriter writes the ten columns of nfdump 1.7.5 and later, with times in UTC. TCP flags, ToS and label are lost,
// times keep their milliseconds.
func newNfdumpWriter(out io.Writer) flowWriter {
	start := dateCache{second: -1}
	return newLineWriter(out, nfdumpHeader, "", func(w *lineWriter, b []byte, f *Flow) []byte {
		b = appendClock(b, &start, f.Start)
		b = append(b, ',')
		b = appendThousandths(b, f.End-f.Start)
		b = append(b, ',')
		b = append(b, ProtocolName(f.Proto)...)
		b = append(b, ',')
		b = w.appendEnds(b, f)
		return append(b, ",1\n"...)
	})
}

// newNfdump16Writer writes the 48 columns, with times in UTC. The label is lost; times are whole seconds, the duration
// keeps its milliseconds.
func newNfdump16Writer(out io.Writer) flowWriter {
	start, end := dateCache{second: -1}, dateCache{second: -1}
	return newLineWriter(out, nfdump16Header, "", func(w *lineWriter, b []byte, f *Flow) []byte {
		b = append(b, start.of(f.Start)...)
		b = append(b, ',')
		b = append(b, end.of(f.End)...)
		b = append(b, ',')
		b = appendThousandths(b, f.End-f.Start)
		b = append(b, ',')
		b = w.appendTuple(b, f)
		b = append(b, ',')
		for i, letter := range []byte(flagLetters) {
			if f.TCPFlags&(128>>i) == 0 {
				letter = '.'
			}
			b = append(b, letter)
		}
		b = append(b, ",0,"...)
		b = strconv.AppendUint(b, uint64(f.ToS), 10)
		b = append(b, ',')
		b = strconv.AppendUint(b, f.Packets, 10)
		b = append(b, ',')
		b = strconv.AppendUint(b, f.Bytes, 10)
		b = append(b, ",0,0,0,0,0,0,0,0,0,0,0.0.0.0,0.0.0.0,0,0,00:00:00:00:00:00,00:00:00:00:00:00,00:00:00:00:00:00,00:00:00:00:00:00,"+
			"0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,    0.000,    0.000,    0.000,0.0.0.0,0/0,0,"...)
		b = append(b, end.of(f.End)...)
		return append(b, ".000\n"...)
	})
}

// appendClock appends `2006-01-02 15:04:05.000`.
func appendClock(b []byte, date *dateCache, at int64) []byte {
	b = append(b, date.of(at)...)
	b = append(b, '.')
	return appendDigits(b, at/1000%1000, 3)
}

// appendThousandths appends a duration in µs as seconds with three decimals, rounded.
func appendThousandths(b []byte, micros int64) []byte {
	millis := (micros + 500) / 1000
	b = strconv.AppendInt(b, millis/1000, 10)
	b = append(b, '.')
	return appendDigits(b, millis%1000, 3)
}

// appendDottedPort appends the destination port, ICMP's type and code as "3.1".
func appendDottedPort(b []byte, f *Flow) []byte {
	if !isICMP(f.Proto) {
		return strconv.AppendUint(b, uint64(f.DstPort), 10)
	}
	b = strconv.AppendUint(b, uint64(f.DstPort>>8), 10)
	b = append(b, '.')
	return strconv.AppendUint(b, uint64(f.DstPort&255), 10)
}
