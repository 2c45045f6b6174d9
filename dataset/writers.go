package dataset

import (
	"bufio"
	"io"
	"strconv"
)

// lineWriter writes flows as lines of text.
type lineWriter struct {
	out    *bufio.Writer
	footer string
	line   []byte
	texts  addressTexts
	append func(w *lineWriter, b []byte, f *Flow) []byte // one line with its end
}

// newLineWriter begins with header, which ends with a line feed or is "". Errors are kept for the next Write or Close.
func newLineWriter(out io.Writer, header, footer string, append func(*lineWriter, []byte, *Flow) []byte) *lineWriter {
	w := &lineWriter{out: bufio.NewWriterSize(out, 1<<16), footer: footer, texts: make(addressTexts), append: append}
	w.out.WriteString(header)
	return w
}

// appendTuple writes `source,destination,source port,destination port,protocol`.
func (w *lineWriter) appendTuple(b []byte, f *Flow) []byte {
	b = append(b, w.texts.of(f.SrcAddr)...)
	b = append(b, ',')
	b = append(b, w.texts.of(f.DstAddr)...)
	b = append(b, ',')
	b = strconv.AppendUint(b, uint64(f.SrcPort), 10)
	b = append(b, ',')
	b = strconv.AppendUint(b, uint64(f.DstPort), 10)
	b = append(b, ',')
	return append(b, ProtocolName(f.Proto)...)
}

// appendEnds writes `source,port,destination,port,packets,bytes`, with ICMP's type and code as a dotted port.
func (w *lineWriter) appendEnds(b []byte, f *Flow) []byte {
	b = append(b, w.texts.of(f.SrcAddr)...)
	b = append(b, ',')
	b = strconv.AppendUint(b, uint64(f.SrcPort), 10)
	b = append(b, ',')
	b = append(b, w.texts.of(f.DstAddr)...)
	b = append(b, ',')
	b = appendDottedPort(b, f)
	b = append(b, ',')
	b = strconv.AppendUint(b, f.Packets, 10)
	b = append(b, ',')
	return strconv.AppendUint(b, f.Bytes, 10)
}

// Write appends one line a flow.
func (w *lineWriter) Write(flows []Flow) error {
	for i := range flows {
		w.line = w.append(w, w.line[:0], &flows[i])
		if _, err := w.out.Write(w.line); err != nil {
			return writeError(err)
		}
	}
	return nil
}

// Close writes what is still buffered; it leaves the underlying writer open.
func (w *lineWriter) Close() error {
	w.out.WriteString(w.footer)
	return writeError(w.out.Flush())
}
