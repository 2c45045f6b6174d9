package evaluate

import (
	"fmt"
	"io"
	"math"
)

// WriteTable writes the report for a person to read on a terminal of that many columns, at least 80.
func (r *TableReport) WriteTable(w io.Writer, width int) error {
	t := newTable(w, width)
	set := func(name string, s TableSetReport) {
		text := fmt.Sprintf("%-10s%12s rows %8s entities  ", name, thousands(int64(s.Rows)), thousands(int64(s.Entities)))
		t.line("%s%s", text, shorten(s.Place, t.width-len(text)))
	}
	set("real", r.Real)
	set("synthetic", r.Synthetic)
	if r.Train != nil {
		set("train", *r.Train)
	}
	headings := map[string]string{
		familyColumns: "One column at a time: Jensen-Shannon divergence", familyRow: "In a row", familyBefore: "From row to row",
	}
	family := ""
	for _, m := range r.Measures {
		if m.Family != family {
			family = m.Family
			t.line("")
			t.columns(headings[family], "real", "synthetic", "", "difference", "limit", "")
		}
		t.columns(mark(m)+m.Title, significant(m.Real), significant(m.Synthetic), "",
			tableDifference(m.Difference, m.DifferenceUnit), tableDifference(m.Limit, m.DifferenceUnit), m.Verdict)
	}
	t.line("")
	switch r.Floor.From {
	case FromTrain:
		t.wrap("", fmt.Sprintf("Limit: how far %d draws of %d entities of train are from real, mean and two standard deviations.",
			r.Floor.Draws, r.Floor.Hosts))
	case FromHalves:
		t.wrap("", fmt.Sprintf("Limit: how far one half of real's entities is from the other, mean and two standard deviations of "+
			"%d splits.", r.Floor.Draws))
	default:
		t.wrap("", "No verdicts: real holds one entity and there is no training table.")
	}
	t.wrap("", "As real: within the limit; near (~): within twice the limit, or too little to matter; apart (!): beyond.")
	v := r.Verdicts
	t.line("")
	t.line("%d measures: %d as real, %d near, %d apart%s", v.AsReal+v.Near+v.Apart+v.NoData+v.NoFloor, v.AsReal, v.Near, v.Apart, gaps(v))
	return t.w.Flush()
}

// tableDifference is differenceText for differences of any size.
func tableDifference(f Figure, unit Unit) string {
	if unit == Number {
		return significant(f)
	}
	return differenceText(f, unit)
}

// significant formats a figure of any size.
func significant(f Figure) string {
	if math.IsNaN(float64(f)) {
		return "-"
	}
	return fmt.Sprintf("%.4g", float64(f))
}
