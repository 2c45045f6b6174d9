package dataset

import (
	"bufio"
	"io"
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
