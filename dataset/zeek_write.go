package dataset

import (
	"encoding/binary"
	"hash/fnv"
	"io"
	"strconv"
)

const zeekHeader = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n" +
	"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\t" +
	"conn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\t" +
	"tunnel_parents\tip_proto\tlabel\n" +
	"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\t" +
	"count\tcount\tcount\tcount\tset[string]\tcount\tstring\n"

// newZeekTSVWriter writes a conn.log, a record a flow: nothing came back. Reading it back gives the same flows but for
// ToS, which Zeek does not have, the TCP flags URG, ECE and CWR, and the code of ICMP messages that ask or answer.
func newZeekTSVWriter(out io.Writer) flowWriter {
	var number uint64
	return newLineWriter(out, zeekHeader, "#close\n", func(w *lineWriter, b []byte, f *Flow) []byte {
		number++
		from, to := zeekPorts(f)
		b = appendMicros(b, f.Start)
		b = append(b, '\t')
		b = appendUID(b, f, number)
		b = append(b, '\t')
		b = append(b, w.texts.of(f.SrcAddr)...)
		b = append(b, '\t')
		b = strconv.AppendUint(b, uint64(from), 10)
		b = append(b, '\t')
		b = append(b, w.texts.of(f.DstAddr)...)
		b = append(b, '\t')
		b = strconv.AppendUint(b, uint64(to), 10)
		b = append(b, '\t')
		b = append(b, zeekProtoName(f.Proto)...)
		b = append(b, "\t-\t"...) // service
		b = appendMicros(b, f.End-f.Start)
		b = append(b, "\t-\t-\t-\t-\t-\t0\t"...) // payload both ways, conn_state, local_orig, local_resp; missed_bytes
		history := len(b)
		if b = appendHistory(b, f); len(b) == history {
			b = append(b, '-')
		}
		b = append(b, '\t')
		b = strconv.AppendUint(b, f.Packets, 10)
		b = append(b, '\t')
		b = strconv.AppendUint(b, f.Bytes, 10)
		b = append(b, "\t0\t0\t-\t"...) // packets and bytes that came back, tunnel_parents
		b = strconv.AppendUint(b, uint64(f.Proto), 10)
		b = append(b, '\t')
		if f.Label == "" {
			b = append(b, '-')
		}
		b = append(b, f.Label...)
		return append(b, '\n')
	})
}

// newZeekJSONWriter writes what newZeekTSVWriter does as JSON, without the keys that have no value.
func newZeekJSONWriter(out io.Writer) flowWriter {
	var number uint64
	return newLineWriter(out, "", "", func(w *lineWriter, b []byte, f *Flow) []byte {
		number++
		from, to := zeekPorts(f)
		b = append(b, `{"ts":`...)
		b = appendMicros(b, f.Start)
		b = append(b, `,"uid":"`...)
		b = appendUID(b, f, number)
		b = append(b, `","id.orig_h":"`...)
		b = append(b, w.texts.of(f.SrcAddr)...)
		b = append(b, `","id.orig_p":`...)
		b = strconv.AppendUint(b, uint64(from), 10)
		b = append(b, `,"id.resp_h":"`...)
		b = append(b, w.texts.of(f.DstAddr)...)
		b = append(b, `","id.resp_p":`...)
		b = strconv.AppendUint(b, uint64(to), 10)
		b = append(b, `,"proto":"`...)
		b = append(b, zeekProtoName(f.Proto)...)
		b = append(b, `","duration":`...)
		b = appendMicros(b, f.End-f.Start)
		b = append(b, `,"missed_bytes":0,"history":"`...)
		b = appendHistory(b, f)
		b = append(b, `","orig_pkts":`...)
		b = strconv.AppendUint(b, f.Packets, 10)
		b = append(b, `,"orig_ip_bytes":`...)
		b = strconv.AppendUint(b, f.Bytes, 10)
		b = append(b, `,"resp_pkts":0,"resp_ip_bytes":0,"ip_proto":`...)
		b = strconv.AppendUint(b, uint64(f.Proto), 10)
		if f.Label != "" {
			b = append(b, `,"label":`...)
			b = appendJSONText(b, f.Label)
		}
		return append(b, "}\n"...)
	})
}

func zeekProtoName(proto uint8) string {
	switch proto {
	case protoTCP:
		return "tcp"
	case protoUDP:
		return "udp"
	case protoICMP, protoICMPv6:
		return "icmp"
	}
	return "unknown_transport"
}

// zeekPorts is the inverse of what finishZeek does to ports.
func zeekPorts(f *Flow) (from, to uint16) {
	if !isICMP(f.Proto) {
		return f.SrcPort, f.DstPort
	}
	kind := f.DstPort >> 8
	if answer, answered := icmpAnswers[f.Proto][uint8(kind)]; answered {
		return kind, uint16(answer)
	}
	return kind, f.DstPort & 255
}

// appendHistory is the inverse of setZeekHistory for a flow whose connection nothing else is known of.
func appendHistory(b []byte, f *Flow) []byte {
	if f.Proto != protoTCP {
		return b
	}
	for _, event := range []struct {
		flag   uint8
		letter byte
	}{{flagSYN, 'S'}, {flagACK, 'A'}, {flagPSH, 'D'}, {flagFIN, 'F'}, {flagRST, 'R'}} {
		if f.TCPFlags&event.flag != 0 {
			b = append(b, event.letter)
		}
	}
	return b
}

// appendMicros appends µs as seconds with six decimals.
func appendMicros(b []byte, micros int64) []byte {
	b = strconv.AppendInt(b, micros/1e6, 10)
	b = append(b, '.')
	return appendDigits(b, micros%1e6, 6)
}

// appendDigits appends the last digits of a number, with leading zeros.
func appendDigits(b []byte, n int64, digits int) []byte {
	for range digits {
		b = append(b, '0')
	}
	for i := len(b) - 1; n > 0 && digits > 0; i, digits = i-1, digits-1 {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

// appendUID appends an identifier as Zeek's: C and base-62 digits. It depends on the flow and its place in the file alone.
func appendUID(b []byte, f *Flow, number uint64) []byte {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	source, destination := f.SrcAddr.As16(), f.DstAddr.As16()
	hash := fnv.New64a()
	hash.Write(source[:])
	hash.Write(destination[:])
	var ends [16]byte
	binary.LittleEndian.PutUint64(ends[:], uint64(f.Start))
	binary.LittleEndian.PutUint64(ends[8:], number)
	hash.Write(ends[:])
	b = append(b, 'C')
	for n, i := hash.Sum64(), 0; i < 11; i++ {
		b = append(b, digits[n%62])
		n /= 62
	}
	return b
}
