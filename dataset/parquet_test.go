package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	parquetzstd "github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// foreign is a flow as another program may write it: wider integers, columns in another order, one that may be null, one
// more, no label.
type foreign struct {
	Extra    string `parquet:"extra"`
	Bytes    int64  `parquet:"bytes"`
	Packets  *int32 `parquet:"packets"`
	ToS      int64  `parquet:"tos"`
	TCPFlags int32  `parquet:"tcp_flags"`
	Proto    int64  `parquet:"proto"`
	DstPort  int64  `parquet:"dst_port"`
	SrcPort  int64  `parquet:"src_port"`
	DstAddr  string `parquet:"dst_addr"`
	SrcAddr  string `parquet:"src_addr"`
	End      int64  `parquet:"end,timestamp(microsecond)"`
	Start    int64  `parquet:"start,timestamp(microsecond)"`
	Host     string `parquet:"host"`
}

func foreignFlow() foreign {
	f := testFlow()
	packets := int32(f.Packets)
	return foreign{
		Host: f.Host.String(), Start: f.Start, End: f.End, SrcAddr: f.SrcAddr.String(), DstAddr: f.DstAddr.String(),
		SrcPort: int64(f.SrcPort), DstPort: int64(f.DstPort), Proto: int64(f.Proto), TCPFlags: int32(f.TCPFlags),
		ToS: int64(f.ToS), Packets: &packets, Bytes: int64(f.Bytes),
	}
}

// readForeign writes rows of any type as Parquet and reads them as flows.
func readForeign[T any](t *testing.T, rows ...T) ([]Flow, error) {
	t.Helper()
	var data bytes.Buffer
	if err := parquet.Write(&data, rows); err != nil {
		t.Fatal(err)
	}
	var all []Flow
	err := newParquetReader().read(bytes.NewReader(data.Bytes()), int64(data.Len()), func(flows []Flow) error {
		all = append(all, flows...)
		return nil
	})
	return all, err
}

func TestReaderTakesColumnsByName(t *testing.T) {
	got, err := readForeign(t, foreignFlow(), foreignFlow())
	if err != nil {
		t.Fatal(err)
	}
	want := testFlow()
	want.Label = ""
	if !slices.Equal(got, []Flow{want, want}) {
		t.Errorf("read %+v, want %+v twice", got, want)
	}
}

func TestReaderRefusesValues(t *testing.T) {
	tests := map[string]struct {
		change  func(f *foreign)
		message string
	}{
		"port 70000":           {func(f *foreign) { f.DstPort = 70000 }, `column "dst_port": row 0: value 70000`},
		"negative port":        {func(f *foreign) { f.SrcPort = -1 }, `column "src_port": row 0: value -1`},
		"protocol 256":         {func(f *foreign) { f.Proto = 256 }, `column "proto"`},
		"flags -1":             {func(f *foreign) { f.TCPFlags = -1 }, `column "tcp_flags"`},
		"tos 300":              {func(f *foreign) { f.ToS = 300 }, `column "tos"`},
		"negative packets":     {func(f *foreign) { *f.Packets = -1 }, `column "packets"`},
		"null":                 {func(f *foreign) { f.Packets = nil }, `column "packets": row 0: null`},
		"negative bytes":       {func(f *foreign) { f.Bytes = -1 }, `column "bytes"`},
		"address of letters":   {func(f *foreign) { f.DstAddr = "localhost" }, `column "dst_addr": row 0: value localhost`},
		"source of letters":    {func(f *foreign) { f.SrcAddr = "localhost" }, `column "src_addr"`},
		"empty host":           {func(f *foreign) { f.Host = "" }, `column "host"`},
		"start before 1970":    {func(f *foreign) { f.Start = -1 }, "row 0: time -1"},
		"a host of its own":    {func(f *foreign) { f.Host = "42.219.9.9" }, "row 0: host 42.219.9.9"},
		"end before its start": {func(f *foreign) { f.End = f.Start - 1 }, "row 0: end"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			f := foreignFlow()
			tc.change(&f)
			if _, err := readForeign(t, f); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("%v, want ErrInput with %q", err, tc.message)
			}
		})
	}
}

func TestReaderRefusesSchemas(t *testing.T) {
	check := func(name, message string, err error) {
		t.Helper()
		if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v, want ErrInput with %q", name, err, message)
		}
	}
	type noEnd struct {
		Host  string `parquet:"host"`
		Src   string `parquet:"src_addr"`
		Dst   string `parquet:"dst_addr"`
		Start int64  `parquet:"start,timestamp(microsecond)"`
	}
	_, err := readForeign(t, noEnd{})
	check("a column missing", `no column "end"`, err)

	type numberHost struct {
		Host int64 `parquet:"host"`
	}
	_, err = readForeign(t, numberHost{})
	check("a number for an address", `column "host": type INT`, err)

	type millis struct {
		Host  string `parquet:"host"`
		Src   string `parquet:"src_addr"`
		Dst   string `parquet:"dst_addr"`
		Start int64  `parquet:"start,timestamp(millisecond)"`
	}
	_, err = readForeign(t, millis{})
	check("milliseconds", `column "start": type TIMESTAMP`, err)

	type list struct {
		Host []string `parquet:"host"`
	}
	_, err = readForeign(t, list{})
	check("a list", `column "host"`, err)
}

// Whole numbers are read in every spelling; what a flow has no place for is named.
func TestReaderKnowsLogicalTypes(t *testing.T) {
	type row struct {
		Bytes    uint32 `parquet:"bytes"`
		Packets  int64  `parquet:"packets,decimal(0:18)"`
		ToS      int8   `parquet:"tos"`
		TCPFlags uint8  `parquet:"tcp_flags"`
		Proto    uint8  `parquet:"proto"`
		DstPort  uint16 `parquet:"dst_port"`
		SrcPort  uint16 `parquet:"src_port"`
		DstAddr  string `parquet:"dst_addr"`
		SrcAddr  string `parquet:"src_addr"`
		End      int64  `parquet:"end,timestamp(microsecond)"`
		Start    int64  `parquet:"start,timestamp(microsecond)"`
		Host     string `parquet:"host"`
	}
	f := foreignFlow()
	got, err := readForeign(t, row{4_000_000_000, 70_000_000, 0, 0, 17, 53, 65535, f.DstAddr, f.SrcAddr, f.End, f.Start, f.Host})
	if err != nil || got[0].Bytes != 4_000_000_000 || got[0].Packets != 70_000_000 || got[0].SrcPort != 65535 {
		t.Errorf("read %+v, %v, want 4,000,000,000 bytes in 70,000,000 packets", got, err)
	}
	tests := map[string]struct {
		column  string
		node    parquet.Node
		message string
	}{
		"halves":            {"bytes", parquet.Decimal(1, 18, parquet.Int64Type), "type DECIMAL(18,1), want whole numbers"},
		"a decimal of text": {"bytes", parquet.Decimal(0, 38, parquet.ByteArrayType), "type DECIMAL(38,0) of BYTE_ARRAY, want a DECIMAL of INT32 or INT64"},
		"a wide decimal":    {"bytes", parquet.Decimal(0, 38, parquet.FixedLenByteArrayType(16)), "type DECIMAL(38,0) of FIXED_LEN_BYTE_ARRAY"},
		"too many decimals": {"bytes", parquet.Decimal(19, 18, parquet.Int64Type), "with 0 to 18 decimals"},
		"a day":             {"start", parquet.Date(), "type DATE, want a TIMESTAMP"},
		"a clock":           {"start", parquet.Time(parquet.Microsecond), "type TIME(isAdjustedToUTC=true,unit=MICROS), want a TIMESTAMP"},
		"an old timestamp":  {"start", parquet.Leaf(parquet.Int96Type), "type INT96, want a TIMESTAMP of INT64"},
		"a time of bytes":   {"bytes", parquet.Timestamp(parquet.Microsecond), "want no timestamp"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			columns := parquet.Group{}
			for _, f := range parquet.SchemaOf(foreign{}).Fields() {
				columns[f.Name()] = f
			}
			columns[tc.column] = tc.node
			var data bytes.Buffer
			if err := parquet.NewGenericWriter[any](&data, parquet.NewSchema("flows", columns)).Close(); err != nil {
				t.Fatal(err)
			}
			_, err := decodeParquet(data.Bytes())
			if want := fmt.Sprintf("column %q: ", tc.column); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("%v, want %s%s", err, want, tc.message)
			}
		})
	}
}

func TestDecimals(t *testing.T) {
	tests := map[string]struct {
		n     int64
		scale int
	}{
		"1.5": {1500, 3}, "0.001": {1, 3}, "-0.25": {-25, 2}, "10": {1000, 2}, "0": {0, 9}, "7": {7, 0}, "-7": {-7, 0},
		"9.223372036854775807": {math.MaxInt64, 18}, "-9.223372036854775808": {math.MinInt64, 18}, "100.05": {10005, 2},
	}
	for want, tc := range tests {
		if got := string(appendDecimal(nil, tc.n, tc.scale)); got != want {
			t.Errorf("%d / 10^%d is %q, want %q", tc.n, tc.scale, got, want)
		}
	}
}

func TestReaderReadsLabels(t *testing.T) {
	type labelled struct {
		foreign
		Label *string `parquet:"label"`
	}
	background, broken := "background", "a\nb"
	got, err := readForeign(t, labelled{foreignFlow(), &background}, labelled{foreignFlow(), nil}, labelled{foreignFlow(), &background})
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Label != background || got[1].Label != "" || got[2].Label != background {
		t.Errorf("labels of %+v, want background, none, background", got)
	}
	if _, err := readForeign(t, labelled{foreignFlow(), &broken}); !errors.Is(err, ErrInput) {
		t.Errorf("a label of two lines: %v, want ErrInput", err)
	}
}

func TestFlowKnowsItsRemote(t *testing.T) {
	f := testFlow()
	if got := f.Remote(); got != f.DstAddr {
		t.Errorf("remote of an outbound flow %v, want its destination", got)
	}
	f.SrcAddr, f.DstAddr = f.DstAddr, f.SrcAddr
	if got := f.Remote(); got != f.SrcAddr {
		t.Errorf("remote of an inbound flow %v, want its source", got)
	}
}

// A disk that fails is none of the file's faults.
func TestParquetOnAFailingDisk(t *testing.T) {
	dir, _ := build(t, oneFileFlows(10), BuildOptions{})
	file, err := os.Open(dataFile(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file.Close() // every read is an error of the system now
	tests := map[string]func() error{
		"of a folder of flows": func() error {
			return newParquetReader().read(file, info.Size(), func([]Flow) error { return nil })
		},
		"by a mapping": func() error {
			g := &ingester{files: []string{dir}} // a folder can be opened and not read
			return g.readParquet(context.Background(), nil, 0)
		},
	}
	for name, read := range tests {
		t.Run(name, func(t *testing.T) {
			if err := read(); !errors.Is(err, ErrIO) || errors.Is(err, ErrInput) {
				t.Errorf("%v, want %v", err, ErrIO)
			}
		})
	}
}

// refooted returns a Parquet file with its footer changed.
func refooted(t *testing.T, content []byte, change func(m *format.FileMetaData)) []byte {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	m := *f.Metadata()
	m.RowGroups = slices.Clone(m.RowGroups)
	for i := range m.RowGroups {
		m.RowGroups[i].Columns = slices.Clone(m.RowGroups[i].Columns)
	}
	change(&m)
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &m)
	if err != nil {
		t.Fatal(err)
	}
	old := int(binary.LittleEndian.Uint32(content[len(content)-8:]))
	content = append(bytes.Clone(content[:len(content)-8-old]), footer...)
	return append(binary.LittleEndian.AppendUint32(content, uint32(len(footer))), "PAR1"...)
}

// Rows that a footer adds or hides are missed by every reader.
func TestParquetWhoseFooterLies(t *testing.T) {
	dir, _ := build(t, oneFileFlows(10), BuildOptions{})
	content, err := os.ReadFile(dataFile(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change  func(m *format.FileMetaData)
		message string // "" if the file is good
	}{
		"nothing":                    {func(*format.FileMetaData) {}, ""},
		"one row more in all":        {func(m *format.FileMetaData) { m.NumRows++ }, "4 rows, footer says 5"},
		"one row fewer in the group": {func(m *format.FileMetaData) { m.NumRows--; m.RowGroups[0].NumRows-- }, "values"},
		"one value more":             {func(m *format.FileMetaData) { m.RowGroups[0].Columns[1].MetaData.NumValues++ }, "5 values in a row group of 4 rows"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "flows.parquet")
			changed := refooted(t, content, tc.change)
			write(t, path, string(changed))
			_, direct := decodeParquet(changed)
			_, _, mapped := ingest(t, IngestOptions{Inputs: []string{path}})
			for reader, err := range map[string]error{"folder of flows": direct, "mapping": mapped} {
				if tc.message == "" && err != nil || tc.message != "" && (!errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tc.message)) {
					t.Errorf("%s: %v, want %q", reader, err, tc.message)
				}
			}
		})
	}
}

// bombCodec puts a second frame behind that of every page, which the decoder would unpack too.
type bombCodec struct {
	parquetzstd.Codec
	bomb []byte
}

func (c *bombCodec) Encode(dst, src []byte) ([]byte, error) {
	out, err := c.Codec.Encode(dst, src)
	return append(out, c.bomb...), err
}

func TestZstdPagesUnpackToWhatTheySay(t *testing.T) {
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	told := encoder.EncodeAll(make([]byte, 1<<20), nil)
	var untold bytes.Buffer
	stream, err := zstd.NewWriter(&untold)
	if err != nil {
		t.Fatal(err)
	}
	for range 128 {
		if _, err := stream.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.Close(); err != nil {
		t.Fatal(err)
	}
	for name, bomb := range map[string][]byte{"a frame that tells its size": told, "one that does not": untold.Bytes()} {
		path := filepath.Join(t.TempDir(), "x.parquet")
		var out bytes.Buffer
		w := parquet.NewGenericWriter[parquetFlow](&out, parquet.Compression(&bombCodec{bomb: bomb}))
		row := parquetFlow{Host: "42.219.0.1", SrcAddr: "42.219.0.1", DstAddr: "8.8.8.8", Proto: 17, Packets: 1, Bytes: 100}
		if _, err := w.Write([]parquetFlow{row}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		write(t, path, out.String())
		if flows, _, err := readFlows(IngestOptions{Inputs: []string{path}}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "zstd data") {
			t.Errorf("%s: %d flows, %v, want ErrInput for the page's size", name, len(flows), err)
		}
	}
}

// Spark's writer streams, so its pages do not tell their size.
func TestZstdPagesOfStreamingWriters(t *testing.T) {
	want := randomFlows(3, 30_000)
	path := filepath.Join(t.TempDir(), "x.parquet")
	var out bytes.Buffer
	w := parquet.NewGenericWriter[parquetFlow](&out, parquet.Compression(&streamingCodec{}))
	texts := make(addressTexts)
	for i := range want {
		f := &want[i]
		f.Host, f.Label = f.SrcAddr, ""
		row := parquetFlow{
			Host: texts.of(f.SrcAddr), Start: f.Start, End: f.End, SrcAddr: texts.of(f.SrcAddr), DstAddr: texts.of(f.DstAddr),
			SrcPort: f.SrcPort, DstPort: f.DstPort, Proto: f.Proto, TCPFlags: f.TCPFlags, ToS: f.ToS, Packets: f.Packets, Bytes: f.Bytes,
		}
		if _, err := w.Write([]parquetFlow{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, out.String())
	if got, _, err := readFlows(IngestOptions{Inputs: []string{path}}); err != nil || !slices.Equal(got, want) {
		t.Errorf("%d flows, %v, want all %d", len(got), err, len(want))
	}
}

type streamingCodec struct{ parquetzstd.Codec }

func (c *streamingCodec) Encode(dst, src []byte) ([]byte, error) {
	out := bytes.NewBuffer(dst[:0])
	w, err := zstd.NewWriter(out)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(w, bytes.NewReader(src)); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}
