package evaluate

import (
	"fmt"
	"strings"
)

// Alarm says what the measures of privacy found.
type Alarm string

const (
	AlarmRaised  Alarm = "alarm"       // a measure of privacy is apart
	AlarmNone    Alarm = "no alarm"    // none is
	AlarmUnknown Alarm = "not checked" // there is no training set to look for
)

// Privacy returns the state of the alarm and the measures that raise it.
func (r *Report) Privacy() (Alarm, []*Result) {
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
func (r *Report) Verdict() string {
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
