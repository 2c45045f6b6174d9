package evaluate

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stan/dataset"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// spoilt is a synthetic set with faults that the table must show: early hours only, one size, copies, broken rules.
func spoilt(train []dataset.Flow) []dataset.Flow {
	flows := office(5, 9, 10, 200)
	for i := range flows {
		f := &flows[i]
		lasts := f.End - f.Start
		f.End = testDay + (f.End-testDay)/12
		f.Start = f.End - lasts
		f.Bytes = 1000 * f.Packets
		switch {
		case i%50 == 0:
			f.Proto = protoUDP
		case i%20 == 7:
			host, end := f.Host, f.End
			*f = train[i]
			f.Host, f.Start, f.End = host, end-(f.End-f.Start), end
			if train[i].Outbound() {
				f.SrcAddr = host
			} else {
				f.DstAddr = host
			}
		}
	}
	return flows
}

// reports returns those of the golden files, made once.
func reports(t *testing.T) map[string]*Report {
	t.Helper()
	if goldenReports == nil {
		goldenReports = makeReports(t)
	}
	return goldenReports
}

var goldenReports map[string]*Report

func makeReports(t *testing.T) map[string]*Report {
	t.Helper()
	real, train := office(1, 1, 8, 300), office(1, 2, 30, 300)
	odd := setOf("synthetic", office(2, 1, 3, 100))
	odd.Internal = nil
	odd.Place = "a/very/long/name/of/a/folder/somewhere/far/down"
	one := setOf("real", office(1, 1, 1, 90))
	oneHost, err := Compare(one, odd, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*Report{
		"trained":  compareAll(t, real, spoilt(train), train),
		"halves":   compareAll(t, real, office(1, 3, 12, 280), nil),
		"one-host": oneHost,
	}
}

func TestTableAndJSONAreAsGolden(t *testing.T) {
	for name, report := range reports(t) {
		for extension, write := range map[string]func(io.Writer) error{
			".txt": wide(report), "-narrow.txt": narrow(report), ".json": report.WriteJSON} {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata/golden", name+extension)
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs from this (go test -update accepts it):\n%s", path, got.Bytes())
			}
		}
	}
}

func wide(r *Report) func(io.Writer) error {
	return func(w io.Writer) error { return r.WriteTable(w, tableWidth) }
}

func narrow(r *Report) func(io.Writer) error {
	return func(w io.Writer) error { return r.WriteTable(w, narrowWidth) }
}

func TestTheTableFitsTheTerminal(t *testing.T) {
	for name, report := range reports(t) {
		for width, write := range map[int]func(io.Writer) error{tableWidth: wide(report), narrowWidth: narrow(report)} {
			var text bytes.Buffer
			if err := write(&text); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(text.String()) {
				if n := len(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%s: %d columns, want at most %d: %s", name, n, width, line)
				}
			}
		}
	}
}

func TestJSONSurvivesReadingBack(t *testing.T) {
	for name, report := range reports(t) {
		var first, second bytes.Buffer
		if err := report.WriteJSON(&first); err != nil {
			t.Fatal(err)
		}
		var back Report
		if err := json.Unmarshal(first.Bytes(), &back); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := back.WriteJSON(&second); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: written, read and written again, the report differs", name)
		}
	}
	var f Figure
	if err := json.Unmarshal([]byte(`"x"`), &f); err == nil {
		t.Error(`a figure of "x": no error, want one`)
	}
}

// The names of measures are an interface: scripts select by them, and the document must list them all.
func TestEveryMeasureIsDocumentedOnce(t *testing.T) {
	document, err := os.ReadFile("../docs/format/evaluation.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, f := range families(true, true, new(summary)) {
		for _, m := range f.measures {
			if seen[m.name] {
				t.Errorf("two measures are named %s", m.name)
			}
			seen[m.name] = true
			name := strings.Replace(m.name, "js_paper_", "js_", 1) // the document lists those in one line
			if !bytes.Contains(document, []byte("`"+name+"`")) {
				t.Errorf("%s is not in docs/format/evaluation.md", m.name)
			}
		}
	}
}

func TestUnknownMeasure(t *testing.T) {
	if m := new(Report).Measure("js_colour"); m != nil {
		t.Errorf("js_colour: got %v, want none", m)
	}
}

func TestWriteErrorsAreReturned(t *testing.T) {
	report := compare(t, office(1, 1, 4, 50), office(1, 2, 4, 50), nil)
	for name, write := range map[string]func(io.Writer) error{"table": wide(report), "JSON": report.WriteJSON} {
		if err := write(fullDisk{}); !errors.Is(err, errFull) {
			t.Errorf("%s to a full disk: got error %v, want %v", name, err, errFull)
		}
	}
}

var errFull = errors.New("no space left on device")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestFiguresAreReadable(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		got, want string
	}{
		{text(Figure(nan), Share), "-"},
		{text(0, Share), "0 %"},
		{text(0.00001, Share), "<0.01 %"},
		{text(0.0123, Share), "1.23 %"},
		{text(0.5, Share), "50.0 %"},
		{text(1234567, Count), "1,234,567"},
		{text(-0.147, Correlation), "-0.147"},
		{text(0.01234, Bits), "0.0123"},
		{differenceText(Figure(nan), LogRatio), "-"},
		{differenceText(0.5, Share), "50.0 pp"},
		{differenceText(Figure(math.Log(1.5)), LogRatio), "x1.50"},
		{differenceText(Figure(math.Log(40)), LogRatio), "x40"},
		{shorten("/data/flows", 11), "/data/flows"},
		{shorten("/data/flows/of/november", 12), "/da...vember"},
		{shorten("/data/flows", 4), ""},
	}
	for _, tc := range tests {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}
