package evaluate

import (
	"fmt"
	"io"
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
	for _, note := range r.Notes {
		t.wrap("Note: ", note)
	}
	family := ""
	for _, m := range r.Measures {
		if m.Family != family {
			family = m.Family
			t.heading(family, r.Train != nil)
		}
		t.value(m, r.Train != nil)
	}
	t.line("")
	switch r.Floor.From {
	case FromTrain:
		t.wrap("", fmt.Sprintf("Limit: how far %d draws of %d entities of train are from real, mean and two standard deviations.",
			r.Floor.Draws, r.Floor.Hosts))
	case FromHalves:
		t.wrap("", fmt.Sprintf("Limit: how far one half of real's entities is from the other, mean and two standard deviations of "+
			"%d splits.", r.Floor.Draws))
	}
	t.wrap("", "As real: within the limit; near (~): within three times the limit, or too little to matter; apart (!): beyond.")
	t.verdicts(&r.Findings)
	return t.w.Flush()
}
