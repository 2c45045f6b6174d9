package dataset

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const testMapping = `
columns:
  start: {column: when, time: "%d/%b/%Y %H:%M:%S.%f"}
  duration: {column: ms, unit: ms}
  src_addr: from
  dst_addr: to
  src_port: sport
  dst_port: dport
  proto: ip
  tcp_flags: flags
  packets: pkts
  bytes: {column: kilobytes, unit: KiB}
  reverse_packets: back
  reverse_bytes: backbytes
  label: class
`

func readMapping(t *testing.T, text string) *Mapping {
	t.Helper()
	path := filepath.Join(t.TempDir(), "flows.map.yaml")
	write(t, path, text)
	m, err := ReadMapping(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMappedTables(t *testing.T) {
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		mapping, text string
		want          []Flow
	}{
		"names, units, patterns, quotes, other columns": {
			testMapping,
			"id,when,ms,from,sport,to,dport,ip,flags,pkts,kilobytes,back,backbytes,class\n" +
				`1,"02/Jan/2024 03:04:05.25",1500.5,42.219.0.1,40000.0,198.51.100.7,443,TCP,27,10,1.5,2,100,"a ""b"""` + "\n" +
				`2,02/Jan/2024 03:04:05.25,0,42.219.0.1,,198.51.100.7,3.1,icmp,,1,0.125,0,0,"plain"` + "\n",
			[]Flow{
				flowOf("2024-01-02 02:04:05.25", "2024-01-02 02:04:05.25", "42.219.0.1", "198.51.100.7", 0, 769, 1, 128, proto(1), labelled("plain")),
			},
		},
		"numbers, tabs, seconds since 1970": {
			"separator: tab\nheader: false\ncolumns: {start: {column: 2, time: unix}, end: {column: 3, time: unix-ns}, src_addr: 4, dst_addr: 5, proto: 1, packets: 6, bytes: 7}",
			"17\t1704164645.25\t1704164645500000000\t42.219.0.1\t198.51.100.7\t2\t200\n",
			[]Flow{flowOf("2024-01-02 03:04:05.25", "2024-01-02 03:04:05.5", "42.219.0.1", "198.51.100.7", 0, 0, 2, 200, proto(17))},
		},
		"a first line in quotes": {
			"columns: {start: {column: s, time: unix}, duration: d, src_addr: a, dst_addr: b, proto: p, packets: k, bytes: y}",
			`"note, free",s,d,a,"b",p,k,y` + "\nx,1704164645,1,42.219.0.1,198.51.100.7,17,2,200\n",
			[]Flow{flowOf("2024-01-02 03:04:05", "2024-01-02 03:04:06", "42.219.0.1", "198.51.100.7", 0, 0, 2, 200, proto(17))},
		},
		"a first record in quotes": {
			"header: false\ncolumns: {start: {column: 1, time: unix}, duration: 2, src_addr: 3, dst_addr: 4, proto: 5, packets: 6, bytes: 7}",
			`1704164645,1,42.219.0.1,198.51.100.7,17,2,200,"a,b"` + "\n",
			[]Flow{flowOf("2024-01-02 03:04:05", "2024-01-02 03:04:06", "42.219.0.1", "198.51.100.7", 0, 0, 2, 200, proto(17))},
		},
		"local times of any common form": {
			"separator: ;\ncolumns: {start: a, end: b, src_addr: c, dst_addr: d, proto: e, packets: f, bytes: g}",
			"a;b;c;d;e;f;g\n2024-01-02 03:04:05;2024/01/02 03:04:06;42.219.0.1;198.51.100.7;17;2;200\n" +
				"2024-01-02T03:04:05;2024-01-02T02:04:06Z;42.219.0.1;198.51.100.7;17;2;200\n",
			[]Flow{
				flowOf("2024-01-02 02:04:05", "2024-01-02 02:04:06", "42.219.0.1", "198.51.100.7", 0, 0, 2, 200, proto(17)),
				flowOf("2024-01-02 02:04:05", "2024-01-02 02:04:06", "42.219.0.1", "198.51.100.7", 0, 0, 2, 200, proto(17)),
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir, m, err := ingest(t, IngestOptions{
				Inputs: []string{"-"}, Stdin: strings.NewReader(tc.text), Mapping: readMapping(t, tc.mapping), Zone: madrid, MaxBad: BadLimit{Lines: 1},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, dir); !slices.Equal(got, tc.want) {
				t.Errorf("refused %v\n got %+v\nwant %+v", m.Ingest.BadLines, got, tc.want)
			}
		})
	}
}

func TestMappingFaults(t *testing.T) {
	const rest = "src_addr: c, dst_addr: d, proto: e, packets: f, bytes: g"
	tests := map[string]struct{ text, message string }{
		"empty":                {"", "empty"},
		"unknown key":          {"colums: {}", "line 1: field colums not found"},
		"unknown part":         {"columns: {start: a, end: b,\n src_adr: c}", "line 2: src_adr: no part of a flow"},
		"no bytes":             {"columns: {start: a, end: b, src_addr: c, dst_addr: d, proto: e, packets: f}", "no column for bytes"},
		"one time":             {"columns: {start: a, " + rest + "}", "not two columns of start, end and duration"},
		"a unit of time":       {"columns: {start: a, duration: {column: b, unit: h}, " + rest + "}", `unit "h"`},
		"a unit of an address": {"columns: {start: a, end: b, src_addr: {column: c, unit: s}}", "src_addr: a unit"},
		"a time form":          {"columns: {start: {column: a, time: iso}, end: b, " + rest + "}", `time "iso"`},
		"a directive":          {"columns: {start: {column: a, time: '%Q'}, end: b, " + rest + "}", `time "%Q"`},
		"a key twice":          {"columns: {start: a, start: b}", "already defined"},
		"a column twice":       {"columns: {start: a, end: a}", `column "a" stands twice`},
		"no column":            {"columns: {start: {time: unix}}", "no column named"},
		"another key":          {"columns: {start: {name: a}}", `key "name"`},
		"no number":            {"header: false\ncolumns: {start: when}", `column "when", want a number`},
		"a separator":          {"separator: ', '\ncolumns: {}", "separator"},
		"no YAML":              {"columns: [", "yaml"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := parseMapping([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("parseMapping: %v, want %q", err, tc.message)
			}
		})
	}
	m := readMapping(t, testMapping)
	for line, message := range map[string]string{
		"when,ms,from": `no column "kilobytes" in its first line`,
		"id,when,ms,from,sport,to,dport,ip,flags,pkts,kilobytes,back,backbytes,class,when": `column "when" twice in its first line`,
		`when,"ms,from`: `no column "kilobytes" in its first line`,
	} {
		_, _, err := ingest(t, IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(line + "\n"), Mapping: m})
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v, want %q", line, err, message)
		}
	}
}

// A Parquet file of other software is read by the same mapping; its timestamps say themselves what they count.
func TestMappedParquet(t *testing.T) {
	type row struct {
		When      time.Time `parquet:"when,timestamp(millisecond)"`
		Millis    float64   `parquet:"ms"`
		From      string    `parquet:"from"`
		To        string    `parquet:"to"`
		DstPort   *int64    `parquet:"dport,optional"`
		Protocol  int32     `parquet:"ip"`
		Packets   uint64    `parquet:"pkts"`
		Kilobytes float32   `parquet:"kilobytes"`
		Class     *string   `parquet:"class,optional"`
		Other     []string  `parquet:"other,list"`
	}
	port, class := int64(53), "dns"
	at := time.Date(2024, 1, 2, 3, 4, 5, 250e6, time.UTC)
	rows := []row{
		{at, 12, "42.219.0.1", "198.51.100.7", &port, 17, 2, 0.25, &class, nil},
		{at, 0, "42.219.0.1", "nowhere", nil, 17, 2, 0.25, nil, nil},
		{at, 0, "2001:db8::1", "2001:db8::2", nil, 58, 1, 0.125, nil, []string{"x"}},
		{time.UnixMilli(18448448238354802), 0, "42.219.0.1", "198.51.100.7", nil, 17, 2, 0.25, nil, nil}, // µs that are 2024 again in 64 bits
	}
	path := filepath.Join(t.TempDir(), "flows.parquet")
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
	dir, m, err := ingest(t, IngestOptions{Inputs: []string{path}, Mapping: readMapping(t, testMapping), MaxBad: BadLimit{Lines: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if bad := m.Ingest.BadLines; len(bad) != 2 || bad[0].Line != 2 || bad[0].Column != "to" || bad[0].Value != "nowhere" || bad[1].Line != 4 {
		t.Errorf("refused %v, want rows 2 and 4", bad)
	}
	want := flowOf("2024-01-02 03:04:05.25", "2024-01-02 03:04:05.262", "42.219.0.1", "198.51.100.7", 0, 53, 2, 256, proto(17), labelled("dns"))
	got := byHost(readAll(t, dir))
	if flows := got[want.Host]; len(flows) != 1 || flows[0] != want {
		t.Errorf("rows %+v, want %+v", flows, want)
	}
	if flows := got[netip.MustParseAddr("2001:db8::2")]; len(flows) != 1 || flows[0].Proto != 58 || flows[0].Bytes != 128 {
		t.Errorf("rows %+v, want one of ICMPv6", flows)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{5, len(content) / 2, len(content) - 9} {
		write(t, path, string(content[:cut]))
		if _, _, err := ingest(t, IngestOptions{Inputs: []string{path}, Mapping: readMapping(t, testMapping)}); err == nil {
			t.Errorf("cut after %d bytes: no error", cut)
		}
	}
	if _, _, err := ingest(t, IngestOptions{Inputs: []string{"-"}, Stdin: bytes.NewReader(content)}); err == nil || !strings.Contains(err.Error(), "from files only") {
		t.Errorf("Parquet from standard input: %v", err)
	}
}

// Columns inside groups are named with points, as are those that have a point in their name.
func TestMappedParquetColumnsByName(t *testing.T) {
	type endpoint struct {
		Address string `parquet:"ip"`
		Port    int32  `parquet:"port"`
	}
	type row struct {
		Start, End  time.Time
		Source      endpoint `parquet:"source"`
		Destination string   `parquet:"destination.ip"`
		Protocol    int32    `parquet:"proto"`
		Packets     int64    `parquet:"packets"`
		Bytes       []int64  `parquet:"bytes,list"`
		Size        int64    `parquet:"size"`
	}
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "flows.parquet")
	if err := parquet.WriteFile(path, []row{{at, at, endpoint{"42.219.0.1", 40000}, "198.51.100.7", 17, 1, nil, 100}}); err != nil {
		t.Fatal(err)
	}
	const columns = "columns: {start: Start, end: End, src_addr: source.ip, src_port: source.port, dst_addr: destination.ip," +
		" dst_port: destination.port, proto: proto, packets: packets, bytes: "
	dir, _, err := ingest(t, IngestOptions{Inputs: []string{path}, Mapping: readMapping(t, columns+"size}")})
	if err != nil {
		t.Fatal(err)
	}
	want := flowOf("2024-01-02 03:04:05", "2024-01-02 03:04:05", "42.219.0.1", "198.51.100.7", 40000, 0, 1, 100, proto(17))
	if got := readAll(t, dir); len(got) != 1 || got[0] != want {
		t.Errorf("rows %+v, want %+v", got, want)
	}
	for column, message := range map[string]string{
		"octets":             `no column "octets"`,
		"bytes.list.element": "want one value a row",
		"End":                "want no timestamp",
	} {
		text := strings.Replace(columns, "end: End, ", "duration: packets, ", 1) + column + "}"
		text = strings.Replace(text, "packets: packets", "packets: size", 1)
		_, _, err := ingest(t, IngestOptions{Inputs: []string{path}, Mapping: readMapping(t, text)})
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("bytes from %s: %v, want %q", column, err, message)
		}
	}
}

// Numbers mean what their logical types say, as DuckDB, pyarrow and databases write them.
func TestMappedParquetLogicalTypes(t *testing.T) {
	type row struct {
		Start    int64            `parquet:"start,decimal(3:18)"` // seconds since 1970
		Duration int32            `parquet:"duration,decimal(3:9)"`
		Source   string           `parquet:"src"`
		Target   string           `parquet:"dst"`
		Protocol uint8            `parquet:"proto"`
		Packets  int64            `parquet:"packets,decimal(2:18)"`
		Bytes    uint32           `parquet:"bytes"`
		Octets   uint64           `parquet:"octets"`
		Wide     [16]byte         `parquet:"wide,decimal(3:38)"`
		Day      int32            `parquet:"day,date"`
		Clock    int64            `parquet:"clock,time(microsecond)"`
		Old      deprecated.Int96 `parquet:"old"`
		Truth    bool             `parquet:"truth"`
	}
	rows := []row{
		{Start: 1704164645_250, Duration: 1500, Source: "42.219.0.1", Target: "198.51.100.7", Protocol: 17, Packets: 100_000_000_00, Bytes: 4_000_000_000, Octets: 1 << 63},
		{Start: 1704164645_250, Duration: -1, Source: "42.219.0.1", Target: "198.51.100.7", Protocol: 17, Packets: 1_00, Bytes: 100},
	}
	path := filepath.Join(t.TempDir(), "flows.parquet")
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
	mapping := func(bytes, label string) *Mapping {
		return readMapping(t, "columns: {start: {column: start, time: unix}, duration: duration, src_addr: src, dst_addr: dst, proto: proto,"+
			" packets: packets, bytes: "+bytes+", label: "+label+"}")
	}
	dir, m, err := ingest(t, IngestOptions{Inputs: []string{path}, Mapping: mapping("bytes", "none"), MaxBad: BadLimit{Lines: 1}})
	if err != nil {
		t.Fatal(err)
	}
	want := flowOf("2024-01-02 03:04:05.25", "2024-01-02 03:04:06.75", "42.219.0.1", "198.51.100.7", 0, 0, 100_000_000, 4_000_000_000, proto(17))
	if got := readAll(t, dir); len(got) != 1 || got[0] != want {
		t.Errorf("rows %+v, want %+v", got, want)
	}
	if bad := m.Ingest.BadLines; len(bad) != 1 || bad[0].Value != "-0.001" {
		t.Errorf("refused %v, want the duration of -0.001", bad)
	}
	if _, _, err = ingest(t, IngestOptions{Inputs: []string{path}, Mapping: mapping("octets", "none")}); err == nil || !strings.Contains(err.Error(), `"9223372036854775808"`) {
		t.Errorf("bytes of 2^63: %v, want the value named", err)
	}
	for column, message := range map[string]string{
		"wide":  "type DECIMAL(38,3) of FIXED_LEN_BYTE_ARRAY, want a DECIMAL of INT32 or INT64",
		"day":   "type DATE, want a TIMESTAMP, a number or text",
		"clock": "type TIME(isAdjustedToUTC=true,unit=MICROS), want",
		"old":   "type INT96, want a TIMESTAMP of INT64",
		"truth": "type BOOLEAN, want",
	} {
		_, _, err := ingest(t, IngestOptions{Inputs: []string{path}, Mapping: mapping("bytes", column)})
		if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), `column "`+column+`": `+message) {
			t.Errorf("a label from %s: %v, want %q", column, err, message)
		}
	}
}

// A timestamp that names no zone is on the clock of --tz, as DuckDB's TIMESTAMP and pandas' naive times are.
func TestMappedParquetTimesOnTheClockOfTheZone(t *testing.T) {
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		Local   int64  `parquet:"local,timestamp(microsecond:local)"`
		Millis  int64  `parquet:"millis,timestamp(millisecond:local)"`
		UTC     int64  `parquet:"utc,timestamp(microsecond:utc)"`
		Legacy  int64  `parquet:"legacy,timestamp(microsecond:local)"`
		Source  string `parquet:"src"`
		Target  string `parquet:"dst"`
		Proto   uint8  `parquet:"proto"`
		Packets int64  `parquet:"packets"`
		Bytes   int64  `parquet:"bytes"`
	}
	at := time.Date(2016, 7, 11, 3, 4, 5, 0, time.UTC).UnixMicro()
	var data bytes.Buffer
	if err := parquet.Write(&data, []row{{at, at / 1000, at, at, "42.219.0.1", "198.51.100.7", 17, 1, 100}}); err != nil {
		t.Fatal(err)
	}
	content := refooted(t, data.Bytes(), func(m *format.FileMetaData) {
		for i := range m.Schema {
			if e := &m.Schema[i]; e.Name == "legacy" { // as writers before logical types had it
				e.LogicalType, e.ConvertedType = format.LogicalType{}, thrift.New(deprecated.TimestampMicros)
			}
		}
	})
	path := filepath.Join(t.TempDir(), "flows.parquet")
	write(t, path, string(content))
	for columns, want := range map[string]string{
		"start: local, end: millis": "2016-07-11 01:04:05",
		"start: millis, end: local": "2016-07-11 01:04:05",
		"start: utc, end: legacy":   "2016-07-11 03:04:05",
		"start: legacy, end: utc":   "2016-07-11 03:04:05",
	} {
		text := "columns: {" + columns + ", src_addr: src, dst_addr: dst, proto: proto, packets: packets, bytes: bytes}"
		dir, _, err := ingest(t, IngestOptions{Inputs: []string{path}, Mapping: readMapping(t, text), Zone: madrid})
		if err != nil {
			t.Fatalf("%s: %v", columns, err)
		}
		if got, want := readAll(t, dir)[0], flowOf(want, want, "42.219.0.1", "198.51.100.7", 0, 0, 1, 100, proto(17)); got != want {
			t.Errorf("%s: %+v, want %+v", columns, got, want)
		}
	}
}

func FuzzMapping(f *testing.F) {
	f.Add([]byte(testMapping), []byte(`1,"a ""b""",c`))
	f.Add([]byte("header: false\ncolumns: {start: 1, end: 2, src_addr: 3, dst_addr: 4, proto: 5, packets: 6, bytes: 7}"), []byte("1\n"))
	f.Fuzz(func(t *testing.T, mapping, text []byte) {
		m, err := parseMapping(mapping)
		if err != nil {
			return
		}
		fuzzParse(t, []*notation{m.notation()}, text)
	})
}
