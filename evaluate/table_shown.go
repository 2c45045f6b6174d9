package evaluate

import (
	"strconv"

	data "stan/dataset/table"
)

// shownBins is how many bins of a continuous column are drawn.
const shownBins = paperBinCount / 8

// curves returns the histograms of a column, nil of one that has one value in real.
func (c *tableComparison) curves(i int) *Curves {
	column, low, high := c.bins.columns[i], c.bins.low[i], c.bins.high[i]
	curves := &Curves{Axis: column.Name, Unit: Share}
	sets := [][]float64{shares(c.real.fine[i], 0), shares(c.synthetic.fine[i], 0)}
	if c.train != nil {
		sets = append(sets, shares(c.train.fine[i], 0))
	}
	switch {
	case column.Discrete():
		curves.setClasses(sets, func(class int) string { return cellText(column, float64(class)) })
	case low == high:
		return nil
	default:
		curves.AtUnit = string(Value)
		curves.setBins(sets, shownAs{bins: paperBinCount, width: func(int) int { return paperBinCount / shownBins },
			edge: func(bin int) float64 { return low + (high-low)*float64(bin)/paperBinCount }})
	}
	return curves
}

// TableExcerpts are rows of the tables as they are, for a reader to look at.
type TableExcerpts struct {
	Synthetic TableExcerpt  `json:"synthetic"`
	Real      *TableExcerpt `json:"real,omitempty"` // only where Options.ShowReal asks for it: real rows may be secret
}

// TableExcerpt is some consecutive rows of one entity.
type TableExcerpt struct {
	Entity string            `json:"entity"`
	Rows   []TableExcerptRow `json:"rows"`
}

// TableExcerptRow is one of them; a value of a class is its name.
type TableExcerptRow struct {
	Time   string   `json:"time"` // UTC
	Values []string `json:"values"`
}

// tableExcerpt takes rows from the middle of the entity in the middle.
func tableExcerpt(t *data.Table) TableExcerpt {
	entity := len(t.Entities) / 2
	from, to := t.Starts[entity], t.Starts[entity+1]
	first := from + max(to-from-excerptRows, 0)/2
	e := TableExcerpt{Entity: t.Entities[entity]}
	for i := first; i < min(first+excerptRows, to); i++ {
		row := TableExcerptRow{Time: timeOf(t.Times[i]).Format(excerptTime)}
		for k, x := range t.Row(i) {
			row.Values = append(row.Values, cellText(t.Columns[k], x))
		}
		e.Rows = append(e.Rows, row)
	}
	return e
}

func cellText(c data.Column, x float64) string {
	if len(c.ClassNames) > 0 {
		return c.ClassNames[int(x)]
	}
	return strconv.FormatFloat(x, 'g', 6, 64)
}
