// Package page shows a report of package evaluate as one HTML file: the verdict first, then what is apart and how it
// looks, then every figure. The file needs nothing beside it: drawings are inline SVG, there is no script, and no address
// of another file or server.
package page

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"stan/evaluate"
)

//go:embed page.html
var layout string // what pages of flows and of tables have in common

//go:embed flows.html
var flowsParts string

//go:embed table.html
var tableParts string

//go:embed style.css
var style string

var flowsTemplate, tableTemplate = pageOf(flowsParts), pageOf(tableParts)

func pageOf(parts string) *template.Template {
	return template.Must(template.Must(template.New("page").Funcs(functions).Parse(layout)).Parse(parts))
}

var functions = template.FuncMap{
	"style":    func() template.CSS { return template.CSS(style) },
	"thousand": thousands,
	"class":    verdictClass,
	"curves":   drawCurves,
	"limits":   limits,
	"heat":     heat,
	"told":     discriminator,
	"task":     task,
	"pairs":    func(name string) string { return pairTitles[name] },
	"times":    times,
	"seconds":  func(f evaluate.Figure) string { return fmt.Sprintf("%.3f", float64(f)) },
	"clock":    func(t string) string { return t[max(len(t)-len("15:04:05.000"), 0):] },
	"day":      func(t string) string { return t[:min(len("2006-01-02"), len(t))] },
	"percent":  func(part, whole int) string { return fmt.Sprintf("%.2f%%", 100*float64(part)/float64(max(whole, 1))) },
}

// overview is what the layout shows beside the report's own fields.
type overview struct {
	Things     string // what a set holds
	Owners     string // whose they are
	Headline   string
	Alarm      evaluate.Alarm
	Alarmed    []*evaluate.Result
	Ranked     []ranked // measures beyond their limit, the furthest first
	Unranked   int      // how many more there are
	OneLimit   string   // where the ranking's scale has one limit
	NearLimits string   // where it has MostNear
	MostNear   int
	Drawn      []*evaluate.Result // attributes with curves, the furthest first
	DrawnTime  []*evaluate.Result
	Told       []*evaluate.Result // discriminators
	Blocks     []block
}

type flowsView struct {
	overview
	*evaluate.Report
	Sets     []namedSet
	Excerpts []namedExcerpt
}

type namedSet struct {
	Name string
	evaluate.SetReport
}

type namedExcerpt struct {
	Name string
	*evaluate.Excerpt
}

type ranked struct {
	*evaluate.Result
	Length string // of its bar
}

// block is measures that stand under one title.
type block struct {
	Title    string
	Valued   bool // some measure has a value of its own, beside the difference
	Measures []*evaluate.Result
}

// rankedShown is how many measures the ranking names.
const rankedShown = 12

// Write writes the report as a page.
func Write(w io.Writer, r *evaluate.Report) error {
	v := &flowsView{overview: newOverview(&r.Findings), Report: r, Sets: []namedSet{{"real", r.Real}, {"synthetic", r.Synthetic}}}
	v.Things, v.Owners = "flows", "hosts"
	if r.Train != nil {
		v.Sets = append(v.Sets, namedSet{"train", *r.Train})
	}
	v.Excerpts = []namedExcerpt{{"synthetic", &r.Rows.Synthetic}}
	if r.Rows.Real != nil {
		v.Excerpts = append(v.Excerpts, namedExcerpt{"real", r.Rows.Real})
	}
	return write(w, flowsTemplate, v)
}

func write(w io.Writer, page *template.Template, view any) error {
	var text bytes.Buffer
	if err := page.Execute(&text, view); err != nil {
		return fmt.Errorf("evaluate: page: %w", err)
	}
	_, err := w.Write(text.Bytes())
	return err
}

func newOverview(f *evaluate.Findings) overview {
	v := overview{Headline: f.Verdict(), MostNear: evaluate.NearLimits}
	v.Alarm, v.Alarmed = f.Privacy()
	for i := range f.Measures {
		m := &f.Measures[i]
		if m.Title == "" {
			continue
		}
		v.add(m)
		if m.Discriminator != nil && len(m.Discriminator.Folds) > 0 {
			v.Told = append(v.Told, m)
		}
		switch {
		case m.Curves == nil:
		case m.Family == evaluate.FamilyAttributes || m.Family == evaluate.FamilyColumns:
			v.Drawn = append(v.Drawn, m)
		case len(m.Curves.Real)+len(m.Curves.Synthetic) > 0:
			v.DrawnTime = append(v.DrawnTime, m)
		}
	}
	slices.SortStableFunc(v.Drawn, func(a, b *evaluate.Result) int { return cmp.Compare(beyond(b), beyond(a)) })
	v.rank()
	return v
}

// add puts a measure into its block.
func (v *overview) add(m *evaluate.Result) {
	if n := len(v.Blocks); n == 0 || v.Blocks[n-1].Title != m.Block() {
		v.Blocks = append(v.Blocks, block{Title: m.Block()})
	}
	b := &v.Blocks[len(v.Blocks)-1]
	b.Measures = append(b.Measures, m)
	b.Valued = b.Valued || m.Unit != ""
}

var pairTitles = map[string]string{"same": "of one flow", "lag": "of a flow (rows) and the flow before (columns)"}

// rank lists the measures beyond their limit.
func (v *overview) rank() {
	var all []*evaluate.Result
	for _, b := range v.Blocks {
		for _, m := range b.Measures {
			if m.Verdict == evaluate.Apart || m.Verdict == evaluate.Near {
				all = append(all, m)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *evaluate.Result) int { return cmp.Compare(excess(b), excess(a)) })
	most := 4. // so that a lone small excess does not fill the width
	for _, m := range all {
		most = max(most, min(excess(m), 1e6))
	}
	length := func(limits float64) string {
		return fmt.Sprintf("%.1f%%", 100*math.Log(1+min(limits, most))/math.Log(1+most))
	}
	for _, m := range all[:min(rankedShown, len(all))] {
		v.Ranked = append(v.Ranked, ranked{m, length(excess(m))})
	}
	v.OneLimit, v.NearLimits = length(1), length(evaluate.NearLimits)
	v.Unranked = len(all) - len(v.Ranked)
}

// excess is a measure's difference in limits, 0 where it cannot be told.
func excess(m *evaluate.Result) float64 {
	if x := m.Excess(); !math.IsNaN(x) {
		return x
	}
	return 0
}

// beyond is the excess of what is not as real, else 0: measures as real keep their order.
func beyond(m *evaluate.Result) float64 {
	if m.Verdict == evaluate.Near || m.Verdict == evaluate.Apart {
		return excess(m)
	}
	return 0
}

// times formats a number of limits.
func times(m *evaluate.Result) string {
	return strings.Replace(evaluate.LogRatio.DifferenceText(evaluate.Figure(math.Log(excess(m)))), "x", "×", 1)
}

func thousands(n any) string {
	var x int64
	switch n := n.(type) {
	case int:
		x = int64(n)
	case int64:
		x = n
	}
	return evaluate.Count.Text(evaluate.Figure(x))
}
