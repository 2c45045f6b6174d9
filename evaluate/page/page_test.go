package page

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"stan/evaluate"
)

// golden reads a report that package evaluate keeps for its own tests.
func golden(t *testing.T, name string) *evaluate.Report {
	t.Helper()
	content, err := os.ReadFile("../testdata/golden/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	report := new(evaluate.Report)
	if err := json.Unmarshal(content, report); err != nil {
		t.Fatal(err)
	}
	return report
}

func textOf(t *testing.T, r *evaluate.Report) string {
	t.Helper()
	var text bytes.Buffer
	if err := Write(&text, r); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// checkMarkup fails unless all elements are closed in order; elements without content are closed by their nature.
func checkMarkup(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.Replace(text, "<!doctype html>", "", 1)))
	d.Strict = true
	d.Entity = xml.HTMLEntity
	for {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("the page does not parse: %v", err)
		}
	}
}

var outside = regexp.MustCompile(`(?i)https?:|//[a-z]|src=|href=|url\(|@import|<script|<link|<iframe`)

func TestThePageStandsAlone(t *testing.T) {
	for _, name := range []string{"trained", "halves", "one-host"} {
		text := textOf(t, golden(t, name))
		checkMarkup(t, text)
		if at := outside.FindString(text); at != "" {
			t.Errorf("%s: the page holds %q, want nothing from elsewhere", name, at)
		}
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%s: the page shows a figure that is none", name)
		}
		if len(text) > 2<<20 {
			t.Errorf("%s: %d bytes, want at most 2 MB", name, len(text))
		}
	}
}

func TestTheVerdictComesFirst(t *testing.T) {
	report := golden(t, "trained")
	text := textOf(t, report)
	parts := []string{report.Verdict(), "Alarm", "What is furthest from real", "How the attributes look", "Flows as they are", "Every measure"}
	at := 0
	for _, part := range parts {
		next := strings.Index(text[at:], part)
		if next < 0 {
			t.Fatalf("%q does not follow what stands before it, of %q", part, parts)
		}
		at += next
	}
	for _, m := range report.Measures {
		if m.Title != "" && !strings.Contains(text, "<code>"+m.Name+"</code>") {
			t.Errorf("%s is not in the tables", m.Name)
		}
	}
}

func TestHostileTextIsEscaped(t *testing.T) {
	const hostile = `</style><script>alert(1)</script>"'&<img src=x>`
	report := golden(t, "trained")
	report.Synthetic.Place, report.Real.Place = hostile, hostile
	report.Notes = append(report.Notes, hostile)
	for i := range report.Measures {
		if c := report.Measures[i].Curves; c != nil {
			c.Axis = hostile
			for k := range c.Labels {
				c.Labels[k] = hostile
			}
		}
	}
	report.Pairs[0].Attributes[0] = hostile
	report.Rows.Synthetic.Host = hostile
	report.Rows.Synthetic.Rows[0].Time = hostile
	report.Rows.Synthetic.Rows[0].Remote = hostile
	text := textOf(t, report)
	checkMarkup(t, text)
	if strings.Contains(text, "<script") || strings.Contains(text, "<img") {
		t.Error("text of the report became markup")
	}
}

func TestRealRowsAreShownOnlyWhereTheReportHoldsThem(t *testing.T) {
	report := golden(t, "trained")
	if text := textOf(t, report); strings.Contains(text, "consecutive flows of host 192.0.2.1") || !strings.Contains(text, "--show-real") {
		t.Error("without real rows: the page shows some, or does not say how to have them")
	}
	real := report.Rows.Synthetic
	real.Host = "192.0.2.1"
	report.Rows.Real = &real
	if text := textOf(t, report); !strings.Contains(text, "consecutive flows of host 192.0.2.1") || strings.Contains(text, "--show-real") {
		t.Error("with real rows: the page does not show them, or says that it does not")
	}
}

func TestAReportWithoutFiguresIsShown(t *testing.T) {
	nan := evaluate.Figure(math.NaN())
	report := &evaluate.Report{Findings: evaluate.Findings{Measures: []evaluate.Result{
		{Name: "js_gap", Family: "attributes", Title: "gap", Real: nan, Synthetic: nan, OtherReal: nan, Difference: nan, Limit: nan,
			Verdict: evaluate.NoData, Curves: &evaluate.Curves{Axis: "gap", At: []evaluate.Figure{0, 1}}},
		{Name: "acf_bytes", Family: "time", Title: "autocorrelation", Difference: nan, Limit: nan, Verdict: evaluate.NoData,
			Curves: &evaluate.Curves{Axis: "lag"}},
	}}}
	checkMarkup(t, textOf(t, report))
}

func TestWriteErrorsAreReturned(t *testing.T) {
	full := errors.New("no space left on device")
	if err := Write(writerFunc(func([]byte) (int, error) { return 0, full }), golden(t, "halves")); !errors.Is(err, full) {
		t.Errorf("got error %v, want %v", err, full)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestTicksOfAnAxisDoNotTouch(t *testing.T) {
	for _, unit := range []string{"ms", "h", "", "bytes"} {
		for _, width := range []float64{100, 300, 900} {
			place := func(v float64) float64 { return math.Log2(1+v) / 40 * width }
			kept := fitting(atTicks(unit), place, 0, width, widthOf)
			for i, a := range kept {
				for _, b := range kept[:i] {
					if gap := math.Abs(place(a.at)-place(b.at)) - (textWidth(a.text)+textWidth(b.text))/2; gap < 0 {
						t.Errorf("%q, %v px: %q and %q overlap by %.1f px", unit, width, a.text, b.text, -gap)
					}
				}
			}
			if len(kept) == 0 {
				t.Errorf("%q, %v px: no tick", unit, width)
			}
		}
	}
}
