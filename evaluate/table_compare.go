package evaluate

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"stan/dataset"
	data "stan/dataset/table"
)

// TableSet is one table.
type TableSet struct {
	Name  string // as the report and errors call it, such as "real"
	Place string // where it was read from; may be empty
	Table *data.Table
}

// TableSchema and TableSchemaVersion name the JSON form of a TableReport.
const (
	TableSchema        = "stan-table-evaluation"
	TableSchemaVersion = 1
)

// TableReport is what CompareTables found.
type TableReport struct {
	Schema    string          `json:"schema"`
	Version   int             `json:"version"`
	Real      TableSetReport  `json:"real"`
	Synthetic TableSetReport  `json:"synthetic"`
	Train     *TableSetReport `json:"train,omitempty"`
	Floor     FloorInfo       `json:"floor"` // hosts are entities
	Verdicts  Tally           `json:"verdicts"`
	Measures  []Result        `json:"measures"`
}

// TableSetReport describes one table.
type TableSetReport struct {
	Place    string `json:"place,omitempty"`
	Rows     int    `json:"rows"`
	Entities int    `json:"entities"`
}

// Families of a table's measures.
const (
	familyColumns = "columns"
	familyRow     = "row"
	familyBefore  = "row before"
)

// CompareTables measures synthetic against real: the Jensen-Shannon divergence of each column; for each two continuous
// columns of a row, and of a row and the one before, the regression of one on the other; where one of them is discrete their
// normalised mutual information. With train (it may be nil) the floor is real against draws of train's entities, without it
// one half of real's entities against the other.
func CompareTables(real, synthetic TableSet, train *TableSet, o Options) (*TableReport, error) {
	if o.Draws < 0 {
		return nil, fmt.Errorf("evaluate: draws %d, want 1 or more: %w", o.Draws, ErrOptions)
	}
	if o.Draws == 0 {
		o.Draws = DefaultDraws
	}
	sets := []TableSet{real, synthetic}
	if train != nil {
		sets = append(sets, *train)
	}
	for _, s := range sets {
		if s.Table.Rows() == 0 {
			return nil, fmt.Errorf("evaluate: %s: no rows: %w", s.Name, dataset.ErrInput)
		}
		if !s.Table.Schema().Equal(real.Table.Schema()) {
			return nil, fmt.Errorf("evaluate: %s: columns %v, want %v as in the real table: %w", s.Name, s.Table.Schema().Names(),
				real.Table.Schema().Names(), dataset.ErrInput)
		}
	}
	c := &tableComparison{bins: newTableBins(real.Table), pairs: columnPairs(len(real.Table.Columns))}
	r := &TableReport{
		Schema: TableSchema, Version: TableSchemaVersion, Real: describeTable(real), Synthetic: describeTable(synthetic),
		Floor: FloorInfo{From: FromHalves, Draws: o.Draws, Hosts: len(real.Table.Entities) / 2, Seed: o.Seed},
	}
	realGroups := c.groups(real.Table)
	c.real, c.synthetic = c.sum(realGroups), c.sum(c.groups(synthetic.Table))
	random := rand.New(rand.NewPCG(o.Seed, 3))
	switch {
	case train != nil:
		set := describeTable(*train)
		r.Train, r.Floor.From, r.Floor.Hosts = &set, FromTrain, r.Synthetic.Entities
		groups := c.groups(train.Table)
		size := max(1, min(r.Synthetic.Entities, set.Entities)*len(groups)/set.Entities)
		for range o.Draws {
			drawn := make([]*tableCounts, size)
			for i := range drawn {
				drawn[i] = groups[random.IntN(len(groups))]
			}
			c.floor = append(c.floor, [2]*tableCounts{c.real, c.sum(drawn)})
		}
	case len(realGroups) < 2:
		r.Floor = FloorInfo{From: FromNone, Seed: o.Seed}
	default:
		for range o.Draws {
			random.Shuffle(len(realGroups), func(i, j int) { realGroups[i], realGroups[j] = realGroups[j], realGroups[i] })
			half := len(realGroups) / 2
			c.floor = append(c.floor, [2]*tableCounts{c.sum(realGroups[:half]), c.sum(realGroups[half:])})
		}
	}
	r.Measures = c.measures()
	for _, m := range r.Measures {
		if !m.aggregate {
			r.Verdicts.add(m.Verdict)
		}
	}
	return r, nil
}

func describeTable(s TableSet) TableSetReport {
	return TableSetReport{Place: s.Place, Rows: s.Table.Rows(), Entities: len(s.Table.Entities)}
}

// tableComparison is what the measures are taken of.
type tableComparison struct {
	bins            *tableBins
	pairs           []columnPair
	real, synthetic *tableCounts
	floor           [][2]*tableCounts
}

// tableGroups is the most groups that a table's entities are counted in.
const tableGroups = 64

// groups counts the entities in groups, of which any choice adds up.
func (c *tableComparison) groups(t *data.Table) []*tableCounts {
	groups := make([]*tableCounts, min(len(t.Entities), tableGroups))
	for i := range groups {
		groups[i] = newTableCounts(c.bins, c.pairs)
	}
	for e := range t.Entities {
		groups[e%len(groups)].add(c.bins, c.pairs, t, e)
	}
	return groups
}

func (c *tableComparison) sum(groups []*tableCounts) *tableCounts {
	all := newTableCounts(c.bins, c.pairs)
	for _, g := range groups {
		all.join(g)
	}
	return all
}

// tableMeasure is one figure; see measure.
type tableMeasure struct {
	name, family, title string
	value               func(*tableCounts) float64 // nil for one that only compares
	distance            func(real, other *tableCounts) float64
	unit                Unit // of the distance
	tolerance           tolerance
	aggregate           bool
}

func (c *tableComparison) measures() []Result {
	var list []tableMeasure
	for i, column := range c.bins.columns {
		list = append(list, tableMeasure{name: "js_" + column.Name, family: familyColumns, title: column.Name, unit: Bits, tolerance: jsTolerance,
			distance: func(a, b *tableCounts) float64 { return jensenShannon(a.fine[i], b.fine[i], paperSmoothing) }})
	}
	columns := list
	list = append(list, tableMeasure{name: "js_mean", family: familyColumns, title: "mean", unit: Bits, tolerance: jsTolerance, aggregate: true,
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
	results := make([]Result, len(list))
	for i, m := range list {
		results[i] = c.take(m)
	}
	return results
}

// pairMeasures are the coefficient and the mean square error of a regression, or the mutual information.
func (c *tableComparison) pairMeasures(i int, p columnPair) []tableMeasure {
	x, y := c.bins.columns[p.x].Name, c.bins.columns[p.y].Name
	family, title, suffix := familyRow, y+" on "+x, ""
	if p.lag {
		family, title, suffix = familyBefore, y+" on "+x+" before", "_before"
	}
	pair := y + "_on_" + x + suffix
	if !c.bins.linear(p) {
		value := func(n *tableCounts) float64 { return mutualInformation(n.joint[i]) }
		return []tableMeasure{{name: "information_" + pair, family: family, title: title + ", information", value: value, unit: Share,
			tolerance: shareTolerance, distance: func(a, b *tableCounts) float64 { return math.Abs(value(b) - value(a)) }}}
	}
	slope := func(n *tableCounts) float64 { return n.moments[i].slope() }
	mse := func(n *tableCounts) float64 { return n.moments[i].mse() }
	scale := c.real.moments[i].spread()
	return []tableMeasure{
		{name: "slope_" + pair, family: family, title: title + ", coefficient", value: slope, unit: Number,
			tolerance: tolerance{correlationTolerance.asReal * scale, correlationTolerance.near * scale},
			distance:  func(a, b *tableCounts) float64 { return math.Abs(slope(b) - slope(a)) }},
		{name: "mse_" + pair, family: family, title: title + ", MSE", value: mse, unit: LogRatio, tolerance: ratioTolerance,
			distance: func(a, b *tableCounts) float64 { return math.Abs(math.Log(mse(b) / mse(a))) }},
	}
}

// take measures m.
func (c *tableComparison) take(m tableMeasure) Result {
	nan := Figure(math.NaN())
	r := Result{Name: m.name, Family: m.family, Title: m.title, Real: nan, Synthetic: nan, OtherReal: nan, DifferenceUnit: m.unit,
		aggregate: m.aggregate}
	if m.value != nil {
		r.Unit, r.Real, r.Synthetic = Number, Figure(m.value(c.real)), Figure(m.value(c.synthetic))
	}
	difference := m.distance(c.real, c.synthetic)
	r.Difference = Figure(difference)
	var d []float64
	for _, pair := range c.floor {
		if x := m.distance(pair[0], pair[1]); !math.IsNaN(x) {
			d = append(d, x)
		}
	}
	limit := math.NaN()
	r.Floor = Floor{nan, nan, nan, nan}
	if len(d) > 0 {
		mean, sd := stat.PopMeanStdDev(d, nil)
		r.Floor = Floor{Figure(mean), Figure(sd), Figure(slices.Min(d)), Figure(slices.Max(d))}
		limit = max(mean+2*sd, m.tolerance.asReal)
	}
	r.Limit, r.Verdict = Figure(limit), judge(difference, limit, m.tolerance)
	return r
}

// WriteJSON writes the report as indented JSON.
func (r *TableReport) WriteJSON(w io.Writer) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("evaluate: report: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// Measure returns the result of that name, nil if the report has none.
func (r *TableReport) Measure(name string) *Result {
	i := slices.IndexFunc(r.Measures, func(m Result) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Measures[i]
}
