package evaluate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Findings are what a report of flows and one of a table have in common: the measures taken and what they come to.
type Findings struct {
	Floor    FloorInfo `json:"floor"`
	Verdicts Tally     `json:"verdicts"`
	Furthest []string  `json:"furthest"` // names of measures that are apart, by difference over limit
	Notes    []string  `json:"notes"`    // what a reader should know before trusting the figures
	Measures []Result  `json:"measures"`
}

// Measure returns the result of that name, nil if the report has none.
func (r *Findings) Measure(name string) *Result {
	i := slices.IndexFunc(r.Measures, func(m Result) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Measures[i]
}

// sumUp chooses each measure's figure, counts the verdicts and finds what is furthest apart. A measure without a title stands
// beside another in the table and is not counted again.
func (r *Findings) sumUp() {
	var apart []*Result
	for i := range r.Measures {
		m := &r.Measures[i]
		m.setFigure()
		if m.aggregate || m.Title == "" {
			continue
		}
		r.Verdicts.add(m.Verdict)
		if m.Verdict == Apart {
			apart = append(apart, m)
		}
	}
	slices.SortStableFunc(apart, func(a, b *Result) int { return cmp.Compare(b.Excess(), a.Excess()) })
	r.Furthest = []string{}
	for _, m := range apart {
		r.Furthest = append(r.Furthest, m.Name)
	}
}

// add counts a verdict.
func (t *Tally) add(v Verdict) {
	switch v {
	case AsReal:
		t.AsReal++
	case Near:
		t.Near++
	case Apart:
		t.Apart++
	case NoData:
		t.NoData++
	case NoFloor:
		t.NoFloor++
	}
}

// setFigure chooses the figure that stands for the measure.
func (m *Result) setFigure() {
	switch {
	case m.Unit == "" || m.Family == familyTasks: // a task's measure is what is lost
		m.Figure = m.Difference
	case m.Verdict == NotJudged:
		m.Figure = m.Real
	default:
		m.Figure = m.Synthetic
	}
}

// Alarm says what the measures of privacy found.
type Alarm string

const (
	AlarmRaised  Alarm = "alarm"       // a measure of privacy is apart
	AlarmNone    Alarm = "no alarm"    // none is
	AlarmUnknown Alarm = "not checked" // there is no training set to look for
)

// Privacy returns the state of the alarm and the measures that raise it.
func (r *Findings) Privacy() (Alarm, []*Result) {
	var raised []*Result
	checked := false
	for i := range r.Measures {
		m := &r.Measures[i]
		if m.Family != familyPrivacy {
			continue
		}
		checked = checked || m.Verdict != NoData
		if m.Verdict == Apart {
			raised = append(raised, m)
		}
	}
	switch {
	case len(raised) > 0:
		return AlarmRaised, raised
	case checked:
		return AlarmNone, nil
	default:
		return AlarmUnknown, nil
	}
}

// Total is the number of measures.
func (v Tally) Total() int { return v.AsReal + v.Near + v.Apart + v.NoData + v.NoFloor }

// Verdict says in one sentence how real the set is. A tenth of the measures apart, or half of them, is where the words
// change.
func (r *Findings) Verdict() string {
	v := r.Verdicts
	judged := v.AsReal + v.Near + v.Apart
	switch {
	case judged == 0:
		return "Not judged: there are no other real hosts to compare with."
	case v.Apart == 0 && v.Near == 0:
		return fmt.Sprintf("As real by all %d measures.", judged)
	case v.Apart == 0:
		return fmt.Sprintf("As real by %d of %d measures, near by the others.", v.AsReal, judged)
	case 10*v.Apart <= judged:
		return fmt.Sprintf("Close to real: %d of %d measures are apart.", v.Apart, judged)
	case 2*v.Apart <= judged:
		return fmt.Sprintf("Partly real: %d of %d measures are apart.", v.Apart, judged)
	default:
		return fmt.Sprintf("Unlike real: %d of %d measures are apart.", v.Apart, judged)
	}
}

// PlainTitle returns the title without the marks that the table explains below.
func (m *Result) PlainTitle() string { return strings.TrimSuffix(m.Title, " *") }

// Excess returns the difference in limits.
func (m *Result) Excess() float64 { return float64(m.Difference / m.Limit) }
