package evaluate

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"
)

// The table fits tableWidth columns: a mark, a title, up to five figures and the verdict. A narrow one leaves out other
// real hosts, whose differences stand in the limit, and the verdict, which the mark tells.
const (
	tableWidth  = 100
	narrowWidth = 80
	titleWidth  = 35
)

// furthestShown is how many of the measures that are apart the last lines name.
const furthestShown = 5

// WriteTable writes the report for a person to read on a terminal of that many columns, at least 80.
func (r *Report) WriteTable(w io.Writer, width int) error {
	t := newTable(w, width)
	t.sets(r)
	block, kept, more := "", 0, ""
	for _, m := range r.Measures {
		if m.block() != block {
			block = m.block()
			t.heading(block, r.Train != nil)
		}
		switch {
		case m.Title == "":
		case block == familyDiscriminators:
			t.discriminator(m)
		case block == divergences:
			t.divergence(m, r.Measure(strings.Replace(m.Name, "js_", "js_paper_", 1)))
		case block == distances:
			t.divergence(m, nil)
		case m.kept():
			kept++
		default:
			if m.Name == rulesExcessName && kept > 0 {
				t.line("  %d %srules, broken by no flow", kept, more)
			}
			more = "more "
			t.value(m, r.Train != nil)
		}
	}
	t.legend(r)
	t.verdicts(&r.Findings)
	return t.w.Flush()
}

type table struct {
	w     *bufio.Writer
	width int // tableWidth or narrowWidth
}

func newTable(w io.Writer, width int) *table {
	if width < tableWidth {
		return &table{bufio.NewWriter(w), narrowWidth}
	}
	return &table{bufio.NewWriter(w), tableWidth}
}

func (t *table) line(format string, args ...any) {
	t.w.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// sets says what is compared.
func (t *table) sets(r *Report) {
	t.set("real", r.Real)
	t.set("synthetic", r.Synthetic)
	if r.Train != nil {
		t.set("train", *r.Train)
	}
	for _, note := range r.Notes {
		t.wrap("Note: ", note)
	}
}

// verdicts sums up; it stands last, where a reader of a long output looks first.
func (t *table) verdicts(r *Findings) {
	v := r.Verdicts
	t.line("")
	t.line("%d measures: %d as real, %d near, %d apart%s",
		v.Total(), v.AsReal, v.Near, v.Apart, gaps(v))
	for i, name := range r.Furthest[:min(furthestShown, len(r.Furthest))] {
		lead := "Furthest apart:"
		if i > 0 {
			lead = ""
		}
		m := r.Measure(name)
		t.line("%-16s%s (%s), %s the limit", lead, m.PlainTitle(), m.Family, times(m.Excess()))
	}
	t.privacy(r)
}

// privacy says whether something shows of the training flows.
func (t *table) privacy(r *Findings) {
	alarm, raised := r.Privacy()
	switch alarm {
	case AlarmRaised:
		var titles []string
		for _, m := range raised {
			titles = append(titles, m.PlainTitle())
		}
		t.wrap("Privacy alarm:  ", strings.Join(titles, ", ")+": look into it before sharing the set")
	case AlarmNone:
		t.line("Privacy:        no alarm, which is no proof")
	case AlarmUnknown:
		t.line("Privacy:        not checked, as there is no --train")
	}
}

func gaps(v Tally) string {
	text := ""
	if v.NoData > 0 {
		text += fmt.Sprintf(", %d without data", v.NoData)
	}
	if v.NoFloor > 0 {
		text += fmt.Sprintf(", %d without a floor", v.NoFloor)
	}
	return text
}

func (t *table) set(name string, s SetReport) {
	const layout = "2006-01-02 15:04"
	text := fmt.Sprintf("%-10s%12s flows %6s host%-2s %s to %s  ", name, thousands(s.Flows), thousands(int64(s.Hosts)),
		plural(s.Hosts), s.First.Format(layout), s.Last.Format(layout))
	t.line("%s%s", text, shorten(s.Place, t.width-len(text)))
}

// Columns after the mark and the title; attributes have no value of their own, but the paper's bins beside them.
const (
	divergenceColumns = "%-*s%10s%11s%8s  %-8s%11s%12s"
	valueColumns      = "%-*s%9s%11s%12s%12s%9s  %s"
	narrowColumns     = "%-*s%9s%11s%12s%9s"
)

// columns writes a row of the table, or its heading, title being all before the figures.
func (t *table) columns(title string, real, synthetic, other, difference, limit string, verdict Verdict) {
	if t.width < tableWidth {
		t.line(narrowColumns, titleWidth+2, title, real, synthetic, difference, limit)
		return
	}
	t.line(valueColumns, titleWidth+2, title, real, synthetic, other, difference, limit, verdict)
}

// Blocks of the table are the families; that of the attributes is cut into three.
const (
	divergences = "js"
	distances   = "emd"
	atoms       = "atoms"
)

func (m *Result) block() string {
	if m.Family != FamilyAttributes {
		return m.Family
	}
	kind, _, _ := strings.Cut(m.Name, "_")
	return kind
}

func (t *table) heading(block string, trained bool) {
	t.line("")
	other := ""
	if trained {
		other = "other real"
	}
	title := blockTitles[block]
	switch block {
	case divergences:
		t.line("%s from real, 0 (alike) to 1", title)
		paper, other := "paper bins:", "other real"
		if t.width < tableWidth {
			paper, other = "", ""
		}
		t.line(divergenceColumns, titleWidth+2, "", "synthetic", "other real", "limit", "", paper, other)
	case distances:
		t.line("%s: mean factor by which values must move to become real's", title)
		t.line(divergenceColumns, titleWidth+2, "", "synthetic", "other real", "limit", "", "", "")
	case familyDiscriminators:
		t.line("%s: AUC, 0.5 (not at all) to 1 (always)", title)
		t.line(divergenceColumns, titleWidth+2, "", "synthetic", "other real", "limit", "", "", "")
	default:
		t.columns(title, "real", "synthetic", other, "difference", "limit", "")
	}
}

// blockTitles head the blocks.
var blockTitles = map[string]string{
	divergences:          "One attribute at a time: Jensen-Shannon divergence",
	distances:            "Earth mover's distance",
	atoms:                "Real's commonest exact values",
	familyRules:          "Flows that break a rule",
	familyPairs:          "Mutual information of attributes",
	familyTime:           "Order in time",
	familyStructure:      "Who talks to whom",
	familyDiscriminators: "Told from real by a classifier",
	familyTasks:          "Models trained on synthetic flows",
	familyPrivacy:        "What shows of the training set",
	FamilyColumns:        "One column at a time: Jensen-Shannon divergence",
	familyRow:            "In a row",
	familyBefore:         "From row to row",
	familyLikelihood:     "Likelihood under the model, nats a row",
}

// Block returns the title under which the measure stands.
func (m *Result) Block() string { return blockTitles[m.block()] }

// divergence writes an attribute; paper is the same attribute in the paper's bins, nil if it has none there.
func (t *table) divergence(m Result, paper *Result) {
	var synthetic, other string
	if paper != nil && t.width >= tableWidth {
		synthetic, other = text(paper.Difference, Bits), text(paper.Floor.Mean, Bits)
	}
	t.line(mark(m)+divergenceColumns, titleWidth, m.Title, differenceText(m.Difference, m.DifferenceUnit),
		differenceText(m.Floor.Mean, m.DifferenceUnit), differenceText(m.Limit, m.DifferenceUnit), m.Verdict, synthetic, other)
}

// value writes a measure that has a value in each set.
func (t *table) value(m Result, trained bool) {
	other := ""
	if trained {
		other = text(m.OtherReal, m.Unit)
	}
	t.columns(mark(m)+m.Title, text(m.Real, m.Unit), text(m.Synthetic, m.Unit), other,
		differenceText(m.Difference, m.DifferenceUnit), differenceText(m.Limit, m.DifferenceUnit), m.verdictText())
	if i := m.Interval; i != nil && !math.IsNaN(float64(i.Low)) {
		t.line("    %s to %s with a probability of 95 %%", text(i.Low, m.Unit), text(i.High, m.Unit))
	}
}

func (m *Result) verdictText() Verdict {
	if m.Verdict == NotJudged {
		return ""
	}
	return m.Verdict
}

// attributesNamed is how many of the attributes that give a set away are named.
const attributesNamed = 3

// discriminator writes how well rows are told apart and, unless they are as real, by what.
func (t *table) discriminator(m Result) {
	t.line(mark(m)+divergenceColumns, titleWidth, m.Title, text(m.Synthetic, AUC), text(m.OtherReal, AUC),
		text(0.5+m.Limit, AUC), m.Verdict, "", "")
	if m.Verdict == AsReal || m.Verdict == NoData {
		return
	}
	var named []string
	for _, a := range m.Discriminator.Attributes[:min(attributesNamed, len(m.Discriminator.Attributes))] {
		named = append(named, fmt.Sprintf("%s (%s %%)", a.Name, percent(float64(a.Share))))
	}
	t.wrap("    by ", strings.Join(named, ", "))
}

// kept reports whether m is a rule that no flow of any set breaks.
func (m *Result) kept() bool {
	return m.Family == familyRules && m.Real == 0 && m.Synthetic == 0 && !(m.OtherReal > 0)
}

func (t *table) legend(r *Report) {
	t.line("")
	switch r.Floor.From {
	case FromTrain:
		t.wrap("", fmt.Sprintf("Other real: the training hosts. Limit: how far they are from real, mean and two standard "+
			"deviations of %d draws of %d hosts.", r.Floor.Draws, r.Floor.Hosts))
	case FromHalves:
		t.wrap("", fmt.Sprintf("Other real: one half of real's hosts against the other, mean of %d splits. Limit: that mean "+
			"and two standard deviations.", r.Floor.Draws))
	}
	t.wrap("", "As real: within the limit; near (~): within three times the limit, or too little to matter; apart (!): beyond. "+
		"A rule broken less often than by real flows is as real. pp: percentage points. x1.50: one and a half times as "+
		"many, or as few.")
	t.wrap("", "* at lag 1 within a host, hosts counting the same; the difference is the mean over lags 1 to 20.")
	t.wrap("", "** autocorrelation of bytes and of gaps; remote, service, protocol and direction as in the flow before; shares of "+
		"the hours.")
}

// wrap writes text in lines of at most the table's width, those after the first set in by the lead.
func (t *table) wrap(lead, text string) {
	line := lead
	for _, word := range strings.Fields(text) {
		if len(line)+len(word) > t.width {
			t.line("%s", line)
			line = strings.Repeat(" ", len(lead))
		}
		line += word + " "
	}
	t.line("%s", line)
}

// mark returns what makes a row stand out.
func mark(m Result) string {
	switch m.Verdict {
	case Near:
		return "~ "
	case Apart:
		return "! "
	default:
		return "  "
	}
}

// text formats a value.
func text(f Figure, unit Unit) string {
	x := float64(f)
	switch {
	case math.IsNaN(x):
		return "-"
	case unit == Share:
		return percent(x) + " %"
	case unit == Bits:
		return fmt.Sprintf("%.4f", x)
	case unit == Value:
		return fmt.Sprintf("%.4g", x)
	case unit == Count:
		return thousands(int64(math.Round(x)))
	default:
		return fmt.Sprintf("%.3f", x)
	}
}

// differenceText formats a difference.
func differenceText(f Figure, unit Unit) string {
	x := float64(f)
	switch {
	case math.IsNaN(x):
		return "-"
	case unit == Share:
		return percent(x) + " pp"
	case unit == LogRatio:
		return times(math.Exp(x))
	default:
		return text(f, unit)
	}
}

// percent formats a share in percent, small ones with more digits.
func percent(x float64) string {
	switch {
	case x == 0:
		return "0"
	case math.Abs(x) < 0.00005:
		return "<0.01"
	case math.Abs(x) < 0.0995:
		return fmt.Sprintf("%.2f", 100*x)
	default:
		return fmt.Sprintf("%.1f", 100*x)
	}
}

// times formats a factor.
func times(x float64) string {
	if x >= 9.95 {
		return fmt.Sprintf("x%.0f", min(x, 1e6))
	}
	return fmt.Sprintf("x%.2f", x)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// thousands formats n with commas.
func thousands(n int64) string {
	digits := fmt.Sprint(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// shorten cuts the middle out of a text longer than width.
func shorten(text string, width int) string {
	if len(text) <= width {
		return text
	}
	const gap = "..."
	if width <= len(gap)+2 {
		return ""
	}
	left := (width - len(gap)) / 3
	return text[:left] + gap + text[len(text)-(width-len(gap)-left):]
}
