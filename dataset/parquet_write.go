package dataset

import (
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	parquetzstd "github.com/parquet-go/parquet-go/compress/zstd"
)

// flowWriter writes the flows of one data file.
type flowWriter interface {
	Write(flows []Flow) error
	// Close completes the file; it leaves the underlying writer open.
	Close() error
}

// parquetWriter writes flows as Parquet. The bytes depend on the flows, the metadata and the sizes of the slices given
// to Write, on nothing else.
type parquetWriter struct {
	name  string
	out   *parquet.GenericWriter[parquetFlow]
	rows  []parquetFlow
	texts addressTexts

	host     netip.Addr // of the row before
	hostText string
}

// sortedByHost says in a file's metadata that its rows are in the order of a folder of flows.
var sortedByHost = parquet.SortingWriterConfig(parquet.SortingColumns(parquet.Ascending("host"), parquet.Ascending("end")))

// newParquetWriter writes to out; name is for errors, metadata goes into the footer.
func newParquetWriter(out io.Writer, name string, metadata map[string]string, more ...parquet.WriterOption) *parquetWriter {
	options := []parquet.WriterOption{
		parquet.Compression(newPageCodec()),
		parquet.MaxRowsPerRowGroup(rowGroupRows),
		parquet.DataPageStatistics(false), // the page index has them
		parquet.CreatedBy("stan", fmt.Sprint(SchemaVersion), ""),
		parquet.KeyValueMetadata("stan.schema_version", fmt.Sprint(SchemaVersion)),
	}
	options = append(options, more...)
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		options = append(options, parquet.KeyValueMetadata("stan."+key, metadata[key]))
	}
	return &parquetWriter{
		name:  name,
		out:   parquet.NewGenericWriter[parquetFlow](out, options...),
		texts: make(addressTexts),
	}
}

func (w *parquetWriter) Write(flows []Flow) error {
	w.rows = w.rows[:0]
	for i := range flows {
		f := &flows[i]
		if f.Host != w.host || i == 0 {
			w.host, w.hostText = f.Host, w.texts.of(f.Host)
		}
		source, destination := w.hostText, w.hostText
		if f.SrcAddr != f.Host {
			source = w.texts.of(f.SrcAddr)
		}
		if f.DstAddr != f.Host {
			destination = w.texts.of(f.DstAddr)
		}
		w.rows = append(w.rows, parquetFlow{
			Host:  w.hostText,
			Start: f.Start, End: f.End, Duration: float64(f.End-f.Start) / 1e6,
			SrcAddr: source, DstAddr: destination,
			SrcPort: f.SrcPort, DstPort: f.DstPort,
			Proto: f.Proto, TCPFlags: f.TCPFlags, ToS: f.ToS,
			Packets: f.Packets, Bytes: f.Bytes, Label: f.Label,
		})
	}
	return w.guard(func() error {
		_, err := w.out.Write(w.rows)
		return err
	})
}

func (w *parquetWriter) Close() error { return w.guard(w.out.Close) }

func (w *parquetWriter) guard(f func() error) error {
	if err := guardParquet(f); err != nil {
		return writeError(fmt.Errorf("%s: %w", w.name, err))
	}
	return nil
}

// guardParquet turns a panic of the Parquet library into an error.
func guardParquet(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("parquet: %v", r)
		}
	}()
	return f()
}

// pageCodec is zstd with a window no larger than a page: parquet-go's own takes 16 MiB a writer.
type pageCodec struct {
	parquetzstd.Codec
	encoder *zstd.Encoder
}

func newPageCodec() *pageCodec {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // the options are constants
	}
	return &pageCodec{encoder: encoder}
}

// Encode compresses src; the Parquet writer's pages carry a checksum of their own.
func (c *pageCodec) Encode(dst, src []byte) ([]byte, error) {
	return c.encoder.EncodeAll(src, dst[:0]), nil
}

// addressTexts caches the text of addresses; most rows repeat one of the last few thousand.
type addressTexts map[netip.Addr]string

func (t addressTexts) of(a netip.Addr) string {
	text, known := t[a]
	if !known {
		if len(t) >= 1<<16 {
			clear(t)
		}
		text = a.String()
		t[a] = text
	}
	return text
}
