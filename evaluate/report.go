package evaluate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schema and SchemaVersion name the JSON form, described in docs/format/evaluation.md. Fields may be added within a
// version; a field that goes or changes its meaning raises it.
const (
	Schema        = "stan-evaluation"
	SchemaVersion = 2
)

// Report is what Compare found.
type Report struct {
	Schema    string     `json:"schema"`
	Version   int        `json:"version"`
	Real      SetReport  `json:"real"`
	Synthetic SetReport  `json:"synthetic"`
	Train     *SetReport `json:"train,omitempty"`
	Findings
	Tasks []TaskCurve `json:"tasks"`
	Pairs []PairTable `json:"pairs"`
	Rows  Excerpts    `json:"rows"`
}

// SetReport describes one set.
type SetReport struct {
	Place    string    `json:"place,omitempty"`
	Flows    int64     `json:"flows"`
	Hosts    int       `json:"hosts"`
	First    time.Time `json:"first"` // earliest end of a flow
	Last     time.Time `json:"last"`
	Internal []string  `json:"internal"`
}

// FloorInfo says how the floor was made.
type FloorInfo struct {
	From  string `json:"from"` // FromTrain, FromHalves or FromNone
	Draws int    `json:"draws"`
	Hosts int    `json:"hosts"` // hosts in a draw, about
	Seed  uint64 `json:"seed"`
}

// Tally counts measures by verdict; means over other measures are not counted.
type Tally struct {
	AsReal  int `json:"as_real"`
	Near    int `json:"near"`
	Apart   int `json:"apart"`
	NoData  int `json:"no_data"`
	NoFloor int `json:"no_floor"`
}

// Result is one measure taken. Figures that do not apply, or cannot be told, are NaN, in JSON null.
type Result struct {
	Name           string  `json:"name"`
	Family         string  `json:"family"`
	Title          string  `json:"title,omitempty"`
	Unit           Unit    `json:"unit,omitempty"` // of Real, Synthetic and OtherReal
	Real           Figure  `json:"real"`
	Synthetic      Figure  `json:"synthetic"`
	OtherReal      Figure  `json:"other_real"` // all training hosts
	DifferenceUnit Unit    `json:"difference_unit"`
	Difference     Figure  `json:"difference"` // synthetic from real
	Figure         Figure  `json:"figure"`     // what a Bound is about; setFigure has the rule
	Floor          Floor   `json:"floor"`      // other real hosts from real
	Limit          Figure  `json:"limit"`      // as real up to this difference
	Verdict        Verdict `json:"verdict"`
	PValue         *Figure `json:"p_value,omitempty"` // how often two draws of hosts from one population differ as much
	Curves         *Curves `json:"curves,omitempty"`
	// Interval is that of 95 % of Synthetic, where it is told.
	Interval *Interval `json:"interval,omitempty"`

	// Discriminator says more where the measure is one.
	Discriminator *Discriminator `json:"discriminator,omitempty"`

	aggregate bool
}

// Interval is where a figure lies with a probability of 95 %.
type Interval struct {
	Low  Figure `json:"low"`
	High Figure `json:"high"`
}

// Figure is a number, written to JSON with nine significant digits, or as null where it is none.
type Figure float64

// MarshalJSON writes the figure.
func (f Figure) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(f), 'g', 9, 64), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (f *Figure) UnmarshalJSON(text []byte) error {
	x := math.NaN()
	if string(text) != "null" {
		if err := json.Unmarshal(text, &x); err != nil {
			return err
		}
	}
	*f = Figure(x)
	return nil
}

// WriteJSON writes the report as indented JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("evaluate: report: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// newReport compares the counted sets; train may be nil.
func newReport(real, synthetic, train *counts, scores modelScores, o Options) *Report {
	r := &Report{
		Schema: Schema, Version: SchemaVersion,
		Real: describe(real), Synthetic: describe(synthetic),
		Findings: Findings{
			Floor: FloorInfo{From: FromHalves, Draws: o.Draws, Hosts: len(real.hosts) / 2, Seed: o.Seed},
			Notes: notes(real, synthetic, train),
		},
		Pairs: pairTables(real.total, synthetic.total),
	}
	split := halves(real.groups, o.Draws, o.Seed)
	pairs := split
	var other *summary
	switch {
	case train != nil:
		t := describe(train)
		r.Train = &t
		size := groupsFor(len(synthetic.hosts), train)
		pairs = draws(real, train, len(synthetic.hosts), o.Draws, o.Seed)
		other = train.total
		r.Floor.From, r.Floor.Hosts = FromTrain, size*len(train.hosts)/len(train.groups)
	case len(pairs) == 0:
		r.Floor = FloorInfo{From: FromNone, Seed: o.Seed}
	}
	internal := len(real.set.Internal) > 0 && len(synthetic.set.Internal) > 0
	labelled := real.total.labels.labelled || synthetic.total.labels.labelled
	for _, f := range families(internal, labelled, other) {
		for i := range f.measures {
			m := &f.measures[i]
			var result Result
			if m.halvesOnly {
				result = m.take(real.total, synthetic.total, nil, split)
			} else {
				result = m.take(real.total, synthetic.total, other, pairs)
			}
			result.Family = f.name
			r.Measures = append(r.Measures, result)
		}
	}
	rows := &sampled{real: real.sample, synthetic: synthetic.sample, scores: scores, seed: o.Seed}
	if train != nil {
		rows.train = train.sample
		rows.byContent = [3]*sample{train.byContent, real.byContent, synthetic.byContent}
	}
	for _, take := range sampledFamilies {
		r.Measures = append(r.Measures, take(rows)...)
	}
	curves, results := taskResults(rows)
	r.Tasks = curves
	r.Measures = append(r.Measures, results...)
	if o.Likelihood != nil {
		r.Measures = append(r.Measures, likelihoodResults(o.Likelihood.Attributes(), scores.real, scores.train)...)
	}
	r.Rows.Synthetic = excerptOf(synthetic.sample)
	if o.ShowReal {
		shown := excerptOf(real.sample)
		r.Rows.Real = &shown
	}
	slices.SortStableFunc(r.Measures, func(a, b Result) int {
		return cmp.Compare(slices.Index(familyOrder, a.Family), slices.Index(familyOrder, b.Family))
	})
	r.Notes = append(r.Notes, discriminatorNotes(r.Measures)...)
	r.sumUp()
	if m := r.Measure(copyMeasureName); m != nil && m.Verdict == Apart {
		r.Notes = append(r.Notes, fmt.Sprintf("%s %% of the longer flows repeat a single training row, of real's %s %%: "+
			"look into it before sharing the set", percent(float64(m.Synthetic)), percent(float64(m.Real))))
	}
	return r
}

// take measures synthetic against real, and the pairs for the floor. other is all other real hosts, nil if there are
// none.
func (m *measure) take(real, synthetic, other *summary, pairs []pair) Result {
	nan := Figure(math.NaN())
	difference := m.distance(real, synthetic)
	floor, limit := floorOf(m, pairs)
	result := Result{
		Name: m.name, Title: m.title, Unit: m.unit, Real: nan, Synthetic: nan, OtherReal: nan,
		DifferenceUnit: m.differenceUnit, Difference: Figure(difference),
		Floor: floor, Limit: Figure(limit), Verdict: judge(difference, limit, m.tolerance), aggregate: m.aggregate,
	}
	if m.value != nil {
		result.Real, result.Synthetic = Figure(m.value(real)), Figure(m.value(synthetic))
		if other != nil {
			result.OtherReal = Figure(m.value(other))
		}
	}
	if m.pValue != nil {
		p := Figure(m.pValue(real, synthetic))
		result.PValue = &p
	}
	if m.curves != nil {
		result.Curves = m.curves(real, synthetic, other)
	}
	return result
}

func figures(x []float64) []Figure {
	f := make([]Figure, len(x))
	for i := range x {
		f[i] = Figure(x[i])
	}
	return f
}

func describe(c *counts) SetReport {
	s := SetReport{Place: c.set.Place, Flows: c.total.rows, Hosts: len(c.hosts),
		First: timeOf(c.first), Last: timeOf(c.last), Internal: []string{}}
	for _, network := range c.set.Internal {
		s.Internal = append(s.Internal, network.String())
	}
	return s
}

// fewHosts are too few real ones to rely on.
const fewHosts = 8

// notes says what weakens the figures.
func notes(real, synthetic, train *counts) []string {
	all := []string{}
	note := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if a, b := span(real), span(synthetic); a > 2*b || b > 2*a {
		note("real covers %s and synthetic %s: hours, flows and distinct counts of a host are not of equal spans",
			spanText(a), spanText(b))
	}
	// A flow between two internal hosts makes the other end a host of a few rows: those do not matter.
	shared := func(a, b *counts, consequence string) {
		if n, share := a.shared(b); share >= 0.01 {
			note("%s and %s share %d host%s, %s %% of %s's flows%s", a.set.Name, b.set.Name, n, plural(n), percent(share),
				a.set.Name, consequence)
		}
	}
	shared(synthetic, real, "")
	if train != nil {
		shared(real, train, ": the floor is too low, and copies are not told from repeats")
		shared(synthetic, train, "")
	}
	for _, c := range []*counts{real, synthetic, train} {
		if c == nil || len(c.set.Internal) == 0 {
			continue
		}
		if n := c.outside(); 100*n >= len(c.hosts) && n > 0 {
			note("%d of the %d hosts of %s lie outside the internal networks %s", n, len(c.hosts), c.set.Name,
				strings.Join(describe(c).Internal, ", "))
		}
	}
	if len(real.set.Internal) == 0 || len(synthetic.set.Internal) == 0 {
		note("internal networks unknown: rules and measures about them are left out")
	}
	switch n := len(real.hosts); {
	case train == nil && n < 2:
		note("no verdicts: real holds one host and there is no training set, so there are no other real hosts")
	case train == nil && n < fewHosts:
		note("the floor comes from %d real hosts only: verdicts are lenient", n)
	case n < fewHosts:
		note("real holds %d host%s only: verdicts are lenient, and classifiers, which are tried on hosts that they have not seen, err below 0.5",
			n, plural(n))
	}
	return all
}

// span returns the time between the first and last flow of a set.
func span(c *counts) time.Duration { return time.Duration(c.last-c.first) * time.Microsecond }

func spanText(d time.Duration) string {
	return fmt.Sprintf("%.1f h", d.Hours())
}
