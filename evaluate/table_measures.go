package evaluate

import (
	"math"

	data "stan/dataset/table"
)

// Families of a table's measures.
const (
	FamilyColumns = "columns"
	familyRow     = "row"
	familyBefore  = "row before"
)

// tableMeasure is one figure; see measure.
type tableMeasure struct {
	name, family, title string
	value               func(*tableCounts) float64 // nil for one that only compares
	valueUnit           Unit
	distance            func(real, other *tableCounts) float64
	spread              func(real, other *tableCounts) float64 // nil: distance
	unit                Unit                                   // of the distance
	tolerance           tolerance
	curves              *Curves
	halvesOnly          bool
	aggregate           bool
}

func (c *tableComparison) measures() []Result {
	var list []tableMeasure
	for i, column := range c.bins.columns {
		list = append(list, tableMeasure{name: "js_" + column.Name, family: FamilyColumns, title: column.Name, unit: Bits, tolerance: jsTolerance,
			distance: func(a, b *tableCounts) float64 { return jensenShannon(a.fine[i], b.fine[i], paperSmoothing) },
			curves:   c.curves(i)})
	}
	columns := list
	list = append(list, tableMeasure{name: tableMeanName, family: FamilyColumns, title: "mean", unit: Bits, tolerance: jsTolerance, aggregate: true,
		distance: func(a, b *tableCounts) float64 {
			sum := 0.
			for _, m := range columns {
				sum += m.distance(a, b)
			}
			return sum / float64(len(columns))
		}})
	for i, p := range c.pairs {
		list = append(list, c.pairMeasures(i, p)...)
	}
	if c.known != nil {
		list = append(list, copiedRowMeasures()...)
	}
	results := make([]Result, len(list))
	for i, m := range list {
		results[i] = c.take(m)
	}
	return results
}

const tableMeanName = "js_mean"

// pairMeasures are the coefficient and the mean square error of a regression, or the mutual information.
func (c *tableComparison) pairMeasures(i int, p columnPair) []tableMeasure {
	x, y := c.bins.columns[p.x].Name, c.bins.columns[p.y].Name
	family, title := familyRow, y+" on "+x
	if p.lag {
		family, title = familyBefore, y+" on "+x+" before"
	}
	names := p.measures(c.bins.columns)
	if !p.linear(c.bins.columns) {
		value := func(n *tableCounts) float64 { return mutualInformation(n.joint[i]) }
		return []tableMeasure{{name: names[0], family: family, title: title + ", information", value: value, valueUnit: Number, unit: Share,
			tolerance: shareTolerance, distance: func(a, b *tableCounts) float64 { return math.Abs(value(b) - value(a)) }}}
	}
	slope := func(n *tableCounts) float64 { return n.moments[i].slope() }
	mse := func(n *tableCounts) float64 { return n.moments[i].mse() }
	scale := c.real.moments[i].spread()
	return []tableMeasure{
		{name: names[0], family: family, title: title + ", coefficient", value: slope, valueUnit: Value, unit: Value,
			tolerance: tolerance{correlationTolerance.asReal * scale, correlationTolerance.near * scale},
			distance:  func(a, b *tableCounts) float64 { return math.Abs(slope(b) - slope(a)) }},
		{name: names[1], family: family, title: title + ", MSE", value: mse, valueUnit: Value, unit: LogRatio, tolerance: ratioTolerance,
			distance: func(a, b *tableCounts) float64 { return math.Abs(math.Log(mse(b) / mse(a))) }},
	}
}

// measures names what is measured of a pair.
func (p columnPair) measures(columns []data.Column) []string {
	pair := columns[p.y].Name + "_on_" + columns[p.x].Name
	if p.lag {
		pair += "_before"
	}
	if !p.linear(columns) {
		return []string{"information_" + pair}
	}
	return []string{"slope_" + pair, "mse_" + pair}
}

// linear tells whether a pair is measured by a regression, else by mutual information.
func (p columnPair) linear(columns []data.Column) bool {
	return !columns[p.x].Discrete() && !columns[p.y].Discrete()
}

// TableNames returns the names of all measures that the report of a table can hold, but those of a model's columns, which
// begin with NLLPrefix.
func TableNames(s data.Schema) []string {
	var names []string
	for _, c := range s.Columns {
		names = append(names, "js_"+c.Name)
	}
	names = append(names, tableMeanName)
	for _, p := range columnPairs(len(s.Columns)) {
		names = append(names, p.measures(s.Columns)...)
	}
	return append(names, exactRowsName, copiedPairsName, nllName)
}
