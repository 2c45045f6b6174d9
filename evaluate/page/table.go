package page

import (
	"io"

	"stan/evaluate"
)

type tableView struct {
	overview
	*evaluate.TableReport
	Sets     []namedTable
	Excerpts []namedRows
}

type namedTable struct {
	Name string
	evaluate.TableSetReport
}

type namedRows struct {
	Name string
	*evaluate.TableExcerpt
}

// WriteTable writes the report of a table as a page.
func WriteTable(w io.Writer, r *evaluate.TableReport) error {
	v := &tableView{overview: newOverview(&r.Findings), TableReport: r,
		Sets: []namedTable{{"real", r.Real}, {"synthetic", r.Synthetic}}}
	v.Things, v.Owners = "rows", "entities"
	if r.Train != nil {
		v.Sets = append(v.Sets, namedTable{"train", *r.Train})
	}
	v.Excerpts = []namedRows{{"synthetic", &r.Rows.Synthetic}}
	if r.Rows.Real != nil {
		v.Excerpts = append(v.Excerpts, namedRows{"real", r.Rows.Real})
	}
	return write(w, tableTemplate, v)
}
