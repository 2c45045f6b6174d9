package evaluate

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

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
	Findings                  // hosts are entities
	Columns   []string        `json:"columns"` // of Rows
	Rows      TableExcerpts   `json:"rows"`
}

// TableSetReport describes one table.
type TableSetReport struct {
	Place    string `json:"place,omitempty"`
	Rows     int    `json:"rows"`
	Entities int    `json:"entities"`
}

// CompareTables measures synthetic against real: the Jensen-Shannon divergence of each column; for each two continuous
// columns of a row, and of a row and the one before, the regression of one on the other; where one of them is discrete their
// normalised mutual information. With train (it may be nil) the floor is real against draws of train's entities, without it
// one half of real's entities against the other; and rows of train are looked for. Of the options those of samples do not
// matter.
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
	r := &TableReport{Schema: TableSchema, Version: TableSchemaVersion, Real: describeTable(real), Synthetic: describeTable(synthetic),
		Columns: columnNames(real.Table.Columns)}
	if train != nil {
		set := describeTable(*train)
		r.Train = &set
	}
	c := newTableComparison(real.Table, synthetic.Table, r, train, o)
	r.Measures = c.measures()
	likelihoods, err := columnLikelihoods(o.TableLikelihood, real, train)
	if err != nil {
		return nil, err
	}
	r.Measures = append(r.Measures, likelihoods...)
	r.Notes = tableNotes(r)
	r.sumUp()
	r.Rows.Synthetic = tableExcerpt(synthetic.Table)
	if o.ShowReal {
		shown := tableExcerpt(real.Table)
		r.Rows.Real = &shown
	}
	return r, nil
}

func describeTable(s TableSet) TableSetReport {
	return TableSetReport{Place: s.Place, Rows: s.Table.Rows(), Entities: len(s.Table.Entities)}
}

func columnNames(columns []data.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// tableNotes says what weakens the figures.
func tableNotes(r *TableReport) []string {
	const few = 8
	switch {
	case r.Train != nil && r.Train.Entities < few:
		return []string{fmt.Sprintf("the floor comes from %d training entities only", r.Train.Entities)}
	case r.Train == nil && r.Real.Entities < 2:
		return []string{"no verdicts: real holds one entity and there is no training table, so there are no other real entities"}
	case r.Train == nil && r.Real.Entities < few:
		return []string{fmt.Sprintf("the floor comes from %d real entities only: verdicts are lenient", r.Real.Entities)}
	}
	return []string{}
}

// tableComparison is what the measures are taken of.
type tableComparison struct {
	bins            *tableBins
	pairs           []columnPair
	known           *tableRowKeys // of train; nil without one
	real, synthetic *tableCounts
	train           *tableCounts // nil without one
	floor           [][2]*tableCounts
	halves          [][2]*tableCounts // of real
}

// newTableComparison counts the tables and draws the floor, which it notes in the report.
func newTableComparison(real, synthetic *data.Table, r *TableReport, train *TableSet, o Options) *tableComparison {
	c := &tableComparison{bins: newTableBins(real), pairs: columnPairs(len(real.Columns))}
	if train != nil {
		c.known = newTableRowKeys(train.Table)
	}
	realGroups := c.groups(real)
	c.real, c.synthetic = c.sum(realGroups), c.sum(c.groups(synthetic))
	random := rand.New(rand.NewPCG(o.Seed, 3))
	c.halves = c.split(realGroups, o.Draws, random)
	r.Floor = FloorInfo{From: FromHalves, Draws: o.Draws, Hosts: len(real.Entities) / 2, Seed: o.Seed}
	switch {
	case train != nil:
		r.Floor.From, r.Floor.Hosts = FromTrain, min(r.Synthetic.Entities, r.Train.Entities)
		groups := c.groups(train.Table)
		c.train = c.sum(groups)
		size := max(1, r.Floor.Hosts*len(groups)/r.Train.Entities)
		for range o.Draws {
			drawn := make([]*tableCounts, size)
			for i := range drawn {
				drawn[i] = groups[random.IntN(len(groups))]
			}
			c.floor = append(c.floor, [2]*tableCounts{c.real, c.sum(drawn)})
		}
	case c.halves == nil:
		r.Floor = FloorInfo{From: FromNone, Seed: o.Seed}
	default:
		c.floor = c.halves
	}
	return c
}

// split deals the groups to two halves at random, n times; there are none of one group.
func (c *tableComparison) split(groups []*tableCounts, n int, random *rand.Rand) [][2]*tableCounts {
	if len(groups) < 2 {
		return nil
	}
	pairs := make([][2]*tableCounts, n)
	for i := range pairs {
		random.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
		half := len(groups) / 2
		pairs[i] = [2]*tableCounts{c.sum(groups[:half]), c.sum(groups[half:])}
	}
	return pairs
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
		group := groups[e%len(groups)]
		group.add(c.bins, c.pairs, t, e)
		if c.known != nil {
			group.copied.add(c.known, t, e)
		}
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

// take measures m.
func (c *tableComparison) take(m tableMeasure) Result {
	nan := Figure(math.NaN())
	r := Result{Name: m.name, Family: m.family, Title: m.title, Real: nan, Synthetic: nan, OtherReal: nan, DifferenceUnit: m.unit,
		Curves: m.curves, aggregate: m.aggregate}
	if m.value != nil {
		r.Unit, r.Real, r.Synthetic = m.valueUnit, Figure(m.value(c.real)), Figure(m.value(c.synthetic))
		if c.train != nil && !m.halvesOnly {
			r.OtherReal = Figure(m.value(c.train))
		}
	}
	pairs, spread := c.floor, m.spread
	if m.halvesOnly {
		pairs = c.halves
	}
	if spread == nil {
		spread = m.distance
	}
	var d []float64
	for _, pair := range pairs {
		if x := spread(pair[0], pair[1]); !math.IsNaN(x) {
			d = append(d, x)
		}
	}
	difference := m.distance(c.real, c.synthetic)
	r.Floor = floorFigures(d)
	limit := r.Floor.limit(m.tolerance)
	r.Difference, r.Limit, r.Verdict = Figure(difference), Figure(limit), judge(difference, limit, m.tolerance)
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
