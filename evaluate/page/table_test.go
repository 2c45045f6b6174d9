package page

import (
	"bytes"
	"strings"
	"testing"

	data "stan/dataset/table"
	"stan/evaluate"
)

func TestThePageOfATable(t *testing.T) {
	weather := func(name string, seed uint64) evaluate.TableSet {
		x := data.Simulate(4000, seed)
		out := data.New(data.Schema{Entity: "station", Time: "time", Columns: []data.Column{
			{Name: `<script>alert("x")</script>`}, {Name: "sky", Classes: 3, ClassNames: []string{"clear", "<img>", "snow"}}, {Name: "flat"}}})
		for e, station := range x.Entities {
			var values []float64
			for i := x.Starts[e]; i < x.Starts[e+1]; i++ {
				values = append(values, x.Row(i)[0], float64(i%3), 7)
			}
			out.Append(station, x.Times[x.Starts[e]:x.Starts[e+1]], values)
		}
		return evaluate.TableSet{Name: name, Place: "tables/" + name, Table: out}
	}
	train := weather("train", 3)
	for name, tc := range map[string]struct {
		train    *evaluate.TableSet
		showReal bool
		want     []string // in this order
		not      string
	}{
		"with train": {&train, false, []string{"synthetic rows beside real ones", "Alarm", "pairs of rows that do", "4,000", "What is furthest from real",
			"How the columns look", "other real entities (train)", "% of rows", "Rows as they are", "rows of series-", "--show-real",
			"Every measure", "The training entities"}, "real: 12 consecutive"},
		"alone": {nil, true, []string{"Not checked", "How the columns look", "synthetic: 12 consecutive rows of", "real: 12 consecutive rows of",
			"One half of real's entities"}, "--show-real"},
	} {
		t.Run(name, func(t *testing.T) {
			synthetic := weather("synthetic", 2)
			if tc.train != nil { // its rows handed in as synthetic
				synthetic.Table = tc.train.Table
			}
			report, err := evaluate.CompareTables(weather("real", 1), synthetic, tc.train, evaluate.Options{ShowReal: tc.showReal})
			if err != nil {
				t.Fatal(err)
			}
			var page bytes.Buffer
			if err := WriteTable(&page, report); err != nil {
				t.Fatal(err)
			}
			text := page.String()
			checkMarkup(t, text)
			if at := outside.FindString(text); at != "" {
				t.Errorf("the page holds %q, want nothing from elsewhere", at)
			}
			if strings.Contains(text, "NaN") || strings.Contains(text, "<img") || strings.Contains(text, tc.not) {
				t.Errorf("the page shows a figure that is none, text as markup, or %q", tc.not)
			}
			rest := text
			for _, part := range tc.want {
				_, after, found := strings.Cut(rest, part)
				if !found {
					t.Fatalf("%q does not follow what stands before it, of %q", part, tc.want)
				}
				rest = after
			}
			for _, m := range report.Measures {
				if !strings.Contains(text, "<code>"+strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&#34;").Replace(m.Name)+"</code>") {
					t.Errorf("%s is not in the tables", m.Name)
				}
			}
		})
	}
}
