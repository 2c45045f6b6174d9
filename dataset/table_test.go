package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"stan/dataset/table"
)

// weather is a table of two entities: continuous, classes by number, classes by name.
func weather() *table.Table {
	t := table.New(table.Schema{Entity: "station", Time: "ts", Columns: []table.Column{
		{Name: "temperature"}, {Name: "wind", Classes: 4}, {Name: "sky", Classes: 3, ClassNames: []string{"", "clear", "rain, or snow"}},
	}})
	t.Append("Åre", []int64{5, 5, 7_000_000}, []float64{-1.5, 0, 2, 1e-300, 3, 0, 0.1, 2, 1})
	t.Append("Faro", []int64{0}, []float64{31, 1, 1})
	return t
}

// writeTable writes a folder of a table and returns its path.
func writeTable(t *testing.T, content *table.Table) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "table")
	w, err := NewTableWriter(dir, content.Schema(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(TableMeta{Tool: "test", Metadata: map[string]string{"seed": "1"}}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// readTable reads a folder of a table; the error is that of opening or reading.
func readTable(dir string) (*table.Table, error) {
	s, err := OpenTable(dir)
	if err != nil {
		return nil, err
	}
	return s.Read(context.Background())
}

func TestTableReadsWhatWasWritten(t *testing.T) {
	want := weather()
	got, err := readTable(writeTable(t, want))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v, want %+v", got, err, want)
	}
}

func TestTableFilesKeepTheOrderOfColumns(t *testing.T) {
	dir := writeTable(t, weather())
	content, err := os.ReadFile(filepath.Join(dir, "part-00000.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(f.Schema().Columns()), "[[station] [ts] [temperature] [wind] [sky]]"; got != want {
		t.Errorf("columns %s, want %s", got, want)
	}
}

func TestFoldersOfFlowsAndTablesAreToldApart(t *testing.T) {
	tables := writeTable(t, weather())
	flows, _ := build(t, oneFileFlows(3), BuildOptions{Buckets: 1})
	for dir, want := range map[string]bool{tables: true, flows: false} {
		if got, err := HoldsTable(dir); got != want || err != nil {
			t.Errorf("HoldsTable(%s) is %t, %v, want %t", dir, got, err, want)
		}
	}
	if _, err := Open(tables); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "a table, want a folder of flows") {
		t.Errorf("a table opened as flows: %v", err)
	}
	if _, err := OpenTable(flows); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "flows, want a folder of a table") {
		t.Errorf("flows opened as a table: %v", err)
	}
}

func TestTableFoldersThatAreRefused(t *testing.T) {
	// replace puts other rows into the data file, in good order otherwise.
	replace := func(dir string, change func(*table.Table)) {
		content := weather()
		change(content)
		var data bytes.Buffer
		out := parquet.NewGenericWriter[any](&data, parquet.NewSchema("table", tableNode(content.Schema())))
		f := tableFile{columns: content.Columns, out: out}
		for e := range content.Entities {
			if err := f.write(content, e); err != nil {
				t.Fatal(err)
			}
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		write(t, dataFile(t, dir), data.String())
		resign(t, dir)
	}
	nan := 0.0
	nan /= nan
	schema := func(dir string, change func(*table.Schema)) {
		edit(t, dir, func(m *Manifest) { change(m.Table) })
	}
	tests := map[string]struct {
		spoil   func(dir string)
		message string
	}{
		"never finished":     {func(dir string) { os.Remove(dir + "/_SUCCESS") }, "no file _SUCCESS"},
		"a byte changed":     {func(dir string) { flip(t, dataFile(t, dir)) }, "part-00000.parquet: bad input: SHA-256"},
		"cut in half":        {func(dir string) { os.Truncate(dataFile(t, dir), 200); resign(t, dir) }, "part-00000.parquet"},
		"rows do not add":    {func(dir string) { edit(t, dir, func(m *Manifest) { m.Files[0].Rows, m.Rows = 9, 9 }) }, "4 rows of 2 entities, _manifest.json says 9 of 2"},
		"not a number":       {func(dir string) { replace(dir, func(c *table.Table) { c.Values[3] = nan }) }, `row 1: column "temperature": "NaN": no number`},
		"class out of range": {func(dir string) { schema(dir, func(s *table.Schema) { s.Columns[1].Classes = 3 }) }, `row 1: column "wind": "3": unknown class`},
		"unknown class":      {func(dir string) { schema(dir, func(s *table.Schema) { s.Columns[2].ClassNames[1] = "fog" }) }, `row 2: column "sky": "clear": unknown class`},
		"time goes back":     {func(dir string) { replace(dir, func(c *table.Table) { c.Times[2] = 1 }) }, `row 2: column "ts": entity "Åre": 1 µs, the row before has 5`},
		"before 1970":        {func(dir string) { replace(dir, func(c *table.Table) { c.Times[0] = -1 }) }, `row 0: column "ts"`},
		"entity twice": {func(dir string) {
			replace(dir, func(c *table.Table) { c.Append("Åre", []int64{1}, []float64{1, 1, 1}) })
		}, `row 4: column "station": entity "Åre" again`},
		"entity without a name": {func(dir string) { replace(dir, func(c *table.Table) { c.Entities[1] = "" }) }, `row 3: column "station": "": bad entity`},
		"column missing":        {func(dir string) { schema(dir, func(s *table.Schema) { s.Columns[0].Name = "t" }) }, `no column "t"`},
		"column of another type": {func(dir string) {
			schema(dir, func(s *table.Schema) { s.Columns[2] = table.Column{Name: "sky"} })
		}, `column "sky": type`},
		"a column twice":     {func(dir string) { schema(dir, func(s *table.Schema) { s.Columns[1].Name = "ts" }) }, `column "ts" twice`},
		"no columns":         {func(dir string) { schema(dir, func(s *table.Schema) { s.Columns = nil }) }, "0 columns of values"},
		"too many classes":   {func(dir string) { schema(dir, func(s *table.Schema) { s.Columns[1].Classes = 1 << 30 }) }, "1073741824 classes"},
		"names do not match": {func(dir string) { schema(dir, func(s *table.Schema) { s.Columns[2].Classes = 2 }) }, "3 class names"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir := writeTable(t, weather())
			tc.spoil(dir)
			if _, err := readTable(dir); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("%v, want %v with %q", err, ErrInput, tc.message)
			}
		})
	}
}

func flip(t *testing.T, path string) {
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	write(t, path, string(content))
}

func TestTableIsWrittenWholeOrNotAtAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "table")
	w, err := NewTableWriter(dir, weather().Schema(), false)
	if err != nil {
		t.Fatal(err)
	}
	w.create = func(path string) (tempFile, error) {
		if strings.HasSuffix(path, successName) {
			return nil, errors.New("disk full")
		}
		return createFile(path)
	}
	if err := w.Write(weather()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(TableMeta{}); !errors.Is(err, ErrIO) {
		t.Errorf("finished with %v, want %v", err, ErrIO)
	}
	w.Abort()
	if left, _ := os.ReadDir(filepath.Dir(dir)); len(left) > 0 {
		t.Errorf("left %v, want nothing", left)
	}
}

const weatherSchema = `{"entity": "station", "time": "ts", "columns": [
	{"name": "temperature"}, {"name": "wind", "classes": 4}, {"name": "sky", "discrete": true}]}`

// ingestTable ingests texts, each a file, and reads the folder back.
func ingestTable(t *testing.T, schema string, maxBad BadLimit, files ...string) (*table.Table, *TableSummary, error) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir+"/schema.json", schema)
	in, err := ReadTableInput(dir + "/schema.json")
	if err != nil {
		return nil, nil, err
	}
	o := TableIngestOptions{Output: dir + "/out", Input: in, MaxBad: maxBad}
	for i, text := range files {
		path := fmt.Sprintf("%s/%d.data", dir, i)
		write(t, path, text)
		o.Inputs = append(o.Inputs, path)
	}
	m, err := IngestTable(context.Background(), o)
	if err != nil {
		if _, statErr := os.Stat(o.Output); statErr == nil {
			t.Errorf("refused, and left %s", o.Output)
		}
		return nil, m.TableIngest, err
	}
	got, err := readTable(o.Output)
	return got, m.TableIngest, err
}

// A signal that comes when all is read stops the writing.
func TestTableIngestStopsWriting(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/schema.json", weatherSchema)
	in, err := ReadTableInput(dir + "/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	output, err := NewTableWriter(dir+"/out", in.schema(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Abort()
	g := newTableIngester(TableIngestOptions{Input: in})
	g.add("Faro", 1, make([]float64, len(g.classes)))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := g.write(ctx, output); !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v, want that it was cancelled", err)
	}
}

func TestTableIngest(t *testing.T) {
	// Columns in any order and one more, a quoted class, times of all kinds, rows of an entity out of order and in two files.
	got, s, err := ingestTable(t, weatherSchema, BadLimit{},
		"\ufeffsky,more,temperature,ts,station,wind\n"+
			"\"rain, or snow\",x,-1.5,1970-01-01T00:00:07Z,Åre,0\r\n"+
			"clear,x,31,1970-01-01 00:00:01.5,Faro,1\n",
		"station,ts,wind,sky,temperature\nÅre,0.000005,3,clear,1e2\n")
	if err != nil {
		t.Fatal(err)
	}
	want := table.New(table.Schema{Entity: "station", Time: "ts", Columns: []table.Column{
		{Name: "temperature"}, {Name: "wind", Classes: 4}, {Name: "sky", Classes: 2, ClassNames: []string{"clear", "rain, or snow"}},
	}})
	want.Append("Faro", []int64{1_500_000}, []float64{31, 1, 0})
	want.Append("Åre", []int64{5, 7_000_000}, []float64{100, 3, 0, -1.5, 0, 1})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	if s.Rows != 3 || s.Bad != 0 || s.Inputs != 2 {
		t.Errorf("summary %+v, want 3 rows of 2 files", s)
	}
}

func TestTableIngestTakesParquetOfOthers(t *testing.T) {
	type row struct {
		Sky         string  `parquet:"sky"`
		Wind        int64   `parquet:"wind"`
		Station     int32   `parquet:"station"`
		Nanoseconds int64   `parquet:"ts,timestamp(nanosecond)"`
		Temperature float32 `parquet:"temperature,optional"`
	}
	var data bytes.Buffer
	if err := parquet.Write(&data, []row{{"clear", 1, 7, 2_000_000_000, 0.5}, {"fog", 2, 7, 1_000_000_000, 0.25}}); err != nil {
		t.Fatal(err)
	}
	got, _, err := ingestTable(t, weatherSchema, BadLimit{}, data.String())
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{0.25, 2, 1, 0.5, 1, 0}; !reflect.DeepEqual(got.Values, want) || got.Entities[0] != "7" || got.Times[0] != 1_000_000 {
		t.Errorf("read %+v, want values %v", got, want)
	}
}

func TestTableIngestKnowsLogicalTypes(t *testing.T) {
	type row struct {
		Sky         int32  `parquet:"sky,decimal(1:9)"`
		Wind        int64  `parquet:"wind,decimal(2:18)"`
		Station     uint32 `parquet:"station"`
		Time        int64  `parquet:"ts,timestamp(millisecond:local)"`
		Temperature int32  `parquet:"temperature,decimal(3:9)"`
		Count       uint32 `parquet:"count"`
		Total       uint64 `parquet:"total"`
		Day         int32  `parquet:"day,date"`
		Until       int64  `parquet:"until,timestamp(microsecond)"`
	}
	rows := []row{
		{15, 3_00, 4_000_000_000, 1000, -1500, 3_000_000_000, 1 << 63, 1, 1},
		{15, 3_50, 4_000_000_000, 1000, 0, 0, 0, 1, 1},
		{15, 1_00, 4_000_000_000, math.MinInt64/1000 - 1, 0, 0, 0, 1, 1}, // ms whose µs would be of our time in 64 bits
	}
	var data bytes.Buffer
	if err := parquet.Write(&data, rows); err != nil {
		t.Fatal(err)
	}
	schema := func(more string) string {
		return `{"entity": "station", "time": "ts", "columns": [{"name": "temperature"}, {"name": "wind", "classes": 4},
			{"name": "sky", "discrete": true}, {"name": "count"}, {"name": "total"}` + more + `]}`
	}
	got, s, err := ingestTable(t, schema(""), BadLimit{Lines: 2}, data.String())
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{-1.5, 3, 0, 3e9, 1 << 63}
	if !reflect.DeepEqual(got.Values, want) || got.Entities[0] != "4000000000" || got.Times[0] != 1_000_000 || got.Columns[2].ClassNames[0] != "1.5" {
		t.Errorf("read %+v, want values %v", got, want)
	}
	if s.Bad != 2 || s.BadLines[0].Value != "3.5" || s.BadLines[1].Reason != badInstant {
		t.Errorf("refused %+v, want the class 3.5 and a time", s.BadLines)
	}
	for column, message := range map[string]string{
		"day": "type DATE, want a TIMESTAMP, a number or text", "until": "want no timestamp",
	} {
		_, _, err := ingestTable(t, schema(`, {"name": "`+column+`"}`), BadLimit{}, data.String())
		if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), `column "`+column+`": `) || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v, want %q", column, err, message)
		}
	}
}

func TestTableIngestCountsBadRows(t *testing.T) {
	const header = "station,ts,temperature,wind,sky\n"
	tests := map[string]struct {
		line   string
		reason Reason
		column string
	}{
		"too few fields":      {"a,1,2,3", badRow, ""},
		"a quote left open":   {`a,1,2,3,"x`, badRow, ""},
		"no entity":           {",1,2,3,x", badEntity, "station"},
		"no time":             {"a,soon,2,3,x", badInstant, "ts"},
		"a time before 1970":  {"a,-1,2,3,x", badInstant, "ts"},
		"an infinite time":    {"a,inf,2,3,x", badInstant, "ts"},
		"an infinite number":  {"a,1,inf,3,x", badNumber, "temperature"},
		"not a number":        {"a,1,NaN,3,x", badNumber, "temperature"},
		"an empty cell":       {"a,1,,3,x", badNumber, "temperature"},
		"a class out of them": {"a,1,2,4,x", badClass, "wind"},
		"a class in halves":   {"a,1,2,1.5,x", badClass, "wind"},
		"an empty class":      {"a,1,2,3,", badClass, "sky"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			text := header + "a,1,2,3,x\n" + tc.line + "\n"
			_, s, err := ingestTable(t, weatherSchema, BadLimit{Lines: 1}, text)
			if err != nil {
				t.Fatal(err)
			}
			if s.Bad != 1 || s.BadByReason[tc.reason] != 1 || s.BadLines[0].Column != tc.column || s.BadLines[0].Line != 3 {
				t.Errorf("summary %+v, want line 3 refused for %q of column %q", s, tc.reason, tc.column)
			}
			_, _, err = ingestTable(t, weatherSchema, BadLimit{}, text)
			if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "1 of 2 rows refused") {
				t.Errorf("%v, want the input refused", err)
			}
		})
	}
}

func TestTableInputsThatAreRefused(t *testing.T) {
	tests := map[string]struct{ schema, text, message string }{
		"no JSON":           {"station", "", "schema.json"},
		"an unknown field":  {`{"entities": "a"}`, "", "unknown field"},
		"no columns":        {`{"entity": "a", "time": "t"}`, "", "0 columns"},
		"no entity":         {`{"time": "t", "columns": [{"name": "x"}]}`, "", `column name ""`},
		"a column twice":    {`{"entity": "a", "time": "t", "columns": [{"name": "t"}]}`, "", `column "t" twice`},
		"a class twice":     {`{"entity": "a", "time": "t", "columns": [{"name": "x", "class_names": ["u", "u"]}]}`, "", `class name "u"`},
		"column not there":  {weatherSchema, "station,ts\na,1\n", `no column "temperature" in the header`},
		"nothing":           {weatherSchema, "", "no rows in 1 files"},
		"a header alone":    {weatherSchema, "station,ts,temperature,wind,sky\n", "no rows in 1 files"},
		"a cut Parquet":     {weatherSchema, "PAR1....", "0.data"},
		"a record for ever": {weatherSchema, "station,ts,temperature,wind,sky\n\"" + strings.Repeat("x\n", 9<<20), "a record of more than 16 MiB"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := ingestTable(t, tc.schema, BadLimit{}, tc.text)
			if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("%v, want %v with %q", err, ErrInput, tc.message)
			}
		})
	}
}

// FuzzTableInput: every row is kept or counted as refused, and those kept make a table.
func FuzzTableInput(f *testing.F) {
	f.Add("station,ts,temperature,wind,sky\na,1,2,3,x\n")
	f.Add("station,ts,temperature,wind,sky\n\"a\nb\",1970-01-01,2,3,x\n,,,,\n")
	f.Fuzz(func(t *testing.T, text string) {
		g := newTableIngester(TableIngestOptions{Stdin: strings.NewReader(text), Input: TableInput{Entity: "station", Time: "ts",
			Columns: []InputColumn{{Column: table.Column{Name: "temperature"}}, {Column: table.Column{Name: "wind", Classes: 4}, Discrete: true},
				{Column: table.Column{Name: "sky"}, Discrete: true}}}})
		if err := g.readCSV(context.Background(), StandardInput); err != nil {
			if !errors.Is(err, ErrInput) {
				t.Fatal(err)
			}
			return
		}
		if int64(len(g.times))+g.summary.Bad != g.summary.Rows {
			t.Errorf("%d rows, summary %+v", len(g.times), g.summary)
		}
		g.nameClasses()
		part := table.New(g.schema)
		for i, at := range g.times {
			part.Append(fmt.Sprint(i), []int64{at}, g.values[3*i:3*i+3])
		}
		if err := part.Validate(); err != nil {
			t.Error(err)
		}
	})
}

func TestTableManifestNamesNoNetworks(t *testing.T) {
	content, err := os.ReadFile(writeTable(t, weather()) + "/_manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(content, &m); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"internal", "buckets", "ingest"} {
		if _, there := m[key]; there {
			t.Errorf("manifest has %q: %v", key, m[key])
		}
	}
}
