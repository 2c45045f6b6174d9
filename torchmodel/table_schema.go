package torchmodel

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"stan/dataset/table"
)

// TableSchema is what a model knows of a table besides its numbers.
type TableSchema struct {
	Entity string `json:"entity"` // name of the column of entities
	Time   string `json:"time"`   // name of the column of times
	// Step is the time from any row to the next, µs. Where it varies it is 0, and the first column is that time in seconds.
	Step    int64         `json:"step,omitempty"`
	Rows    float64       `json:"rows_an_entity"` // mean of the training table
	Columns []TableColumn `json:"columns"`        // in the order of drawing
}

// TableColumn is a column and how its values become a network's numbers.
type TableColumn struct {
	table.Column
	Low    float64   `json:"low"`              // least value of the training table
	High   float64   `json:"high"`             // greatest value
	Tick   float64   `json:"tick,omitempty"`   // a power of ten of which every value is a multiple; 0 where there is none
	Atoms  []float64 `json:"atoms,omitempty"`  // frequent exact values, ascending
	Log    float64   `json:"log,omitempty"`    // unit u of y = ln(1 + x/u), which stands for x; 0 where x stands for itself
	Centre float64   `json:"centre,omitempty"` // mean of what stands for the values, atoms left out
	Scale  float64   `json:"scale,omitempty"`  // its standard deviation
}

// What a continuous column's values must show to be atoms.
const (
	atomShare = 0.005 // of the rows
	mostAtoms = 200
)

// heavyTail is the ratio of standard deviation and mean above which values of 0 and more are taken by their logarithm.
const heavyTail = 2

// gapName is the name of the column that says how long ago the row before was.
func gapName(time string) string { return "gap of " + time }

// fitTable fits the schema to a table. A value is an atom only if minHosts entities, or all there are, have shown it.
func fitTable(t *table.Table, minHosts int) (*TableSchema, error) {
	of := t.Schema()
	s := &TableSchema{Entity: of.Entity, Time: of.Time, Step: constantStep(t), Rows: float64(t.Rows()) / float64(len(t.Entities))}
	if s.Step == 0 {
		s.Columns = append(s.Columns, TableColumn{Column: table.Column{Name: gapName(of.Time)}})
	}
	for _, c := range of.Columns {
		s.Columns = append(s.Columns, TableColumn{Column: c})
	}
	t = s.withGaps(t)
	if err := t.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrData, err)
	}
	entities := make([]int32, t.Rows())
	for e := range t.Entities {
		for i := t.Starts[e]; i < t.Starts[e+1]; i++ {
			entities[i] = int32(e)
		}
	}
	for c := range s.Columns {
		values := make([]seen, t.Rows())
		for i := range values {
			values[i] = seen{t.Row(i)[c], entities[i]}
		}
		s.Columns[c].fit(values, min(minHosts, len(t.Entities)))
	}
	return s, nil
}

// constantStep is the time between any two rows of an entity, 0 where it varies or no entity has two.
func constantStep(t *table.Table) int64 {
	step := int64(0)
	for e := range t.Entities {
		for i := t.Starts[e] + 1; i < t.Starts[e+1]; i++ {
			gap := t.Times[i] - t.Times[i-1]
			if step == 0 {
				step = gap
			}
			if gap != step || gap == 0 {
				return 0
			}
		}
	}
	return step
}

// withGaps returns t with the column of gaps, where the schema has one.
func (s *TableSchema) withGaps(t *table.Table) *table.Table {
	if s.Step != 0 {
		return t
	}
	out := *t
	out.Columns = append([]table.Column{{Name: gapName(s.Time)}}, t.Columns...)
	out.Values = make([]float64, 0, len(out.Columns)*t.Rows())
	for e := range t.Entities {
		for i := t.Starts[e]; i < t.Starts[e+1]; i++ {
			gap := 0.0
			if i > t.Starts[e] {
				gap = float64(t.Times[i]-t.Times[i-1]) / 1e6
			}
			out.Values = append(append(out.Values, gap), t.Row(i)...)
		}
	}
	return &out
}

// seen is a value and the entity that showed it.
type seen struct {
	x      float64
	entity int32
}

// fit fits a column to its values, which it sorts.
func (c *TableColumn) fit(values []seen, minEntities int) {
	slices.SortFunc(values, func(a, b seen) int {
		if a.x < b.x || a.x == b.x && a.entity < b.entity {
			return -1
		}
		return 1
	})
	c.Low, c.High = values[0].x, values[len(values)-1].x
	if c.Discrete() {
		return
	}
	c.Tick = tickOf(values)
	c.Atoms = atomsOf(values, minEntities)
	var rest []float64
	for _, v := range values {
		if _, atom := slices.BinarySearch(c.Atoms, v.x); !atom {
			rest = append(rest, v.x)
		}
	}
	c.Centre, c.Scale = c.Low, 1
	if len(rest) == 0 {
		return
	}
	mean, sd := stat.MeanStdDev(rest, nil)
	if c.Low >= 0 && sd > heavyTail*mean && mean > 0 {
		c.Log = math.Max(c.Tick, mean/1000)
		for i, x := range rest {
			rest[i] = math.Log1p(x / c.Log)
		}
		mean, sd = stat.MeanStdDev(rest, nil)
	}
	c.Centre = mean
	if sd > 0 { // not of a single value
		c.Scale = sd
	}
}

// tickOf is the largest power of ten from 1 down to 1e-6 that all values are multiples of, 0 if none is.
func tickOf(values []seen) float64 {
	const digits = 6
	for power, i := 0, 0; power <= digits; power++ {
		for ; i < len(values); i++ {
			x := values[i].x * math.Pow10(power)
			if !(math.Abs(x) < 1<<40 && math.Abs(x-math.Round(x)) <= 1e-6+4e-16*math.Abs(x)) {
				break
			}
		}
		if i == len(values) {
			return math.Pow10(-power)
		}
	}
	return 0
}

// atomsOf are the frequent values of a sorted list.
func atomsOf(values []seen, minEntities int) []float64 {
	type run struct {
		x    float64
		rows int
	}
	var runs []run
	for from := 0; from < len(values); {
		to, entities := from, 0
		for ; to < len(values) && values[to].x == values[from].x; to++ {
			if to == from || values[to].entity != values[to-1].entity {
				entities++
			}
		}
		if float64(to-from) >= atomShare*float64(len(values)) && to-from > 1 && entities >= minEntities {
			runs = append(runs, run{values[from].x, to - from})
		}
		from = to
	}
	slices.SortStableFunc(runs, func(a, b run) int { return b.rows - a.rows })
	var atoms []float64
	for _, r := range runs[:min(len(runs), mostAtoms)] {
		atoms = append(atoms, r.x)
	}
	slices.Sort(atoms)
	return atoms
}

// Validate tells the first field that no model has.
func (s *TableSchema) Validate() error {
	of := table.Schema{Entity: s.Entity, Time: s.Time}
	for _, c := range s.Columns {
		of.Columns = append(of.Columns, c.Column)
	}
	if err := of.Validate(); err != nil {
		return err
	}
	if s.Step < 0 || !(s.Rows > 0) || s.Rows-s.Rows != 0 || s.Step == 0 && (s.Columns[0].Discrete() || len(s.Columns) < 2) {
		return fmt.Errorf("step %d, %g rows an entity, want 0 and a column of gaps or more, and more than 0 rows", s.Step, s.Rows)
	}
	for _, c := range s.Columns {
		sum := c.Low + c.High + c.Tick + c.Log + c.Centre + c.Scale
		switch {
		case sum-sum != 0 || !(c.Low <= c.High) || c.Tick < 0 || c.Log < 0 || c.Log > 0 && c.Low < 0:
			return fmt.Errorf("column %q: range %g to %g, tick %g, log %g out of range", c.Name, c.Low, c.High, c.Tick, c.Log)
		case !c.Discrete() && !(c.Scale > 0):
			return fmt.Errorf("column %q: scale %g, want more than 0", c.Name, c.Scale)
		case len(c.Atoms) > mostAtoms || !slices.IsSorted(c.Atoms):
			return fmt.Errorf("column %q: %d atoms, want at most %d, ascending", c.Name, len(c.Atoms), mostAtoms)
		}
	}
	return nil
}

// Schema is that of the table without the column of gaps.
func (s *TableSchema) Schema() table.Schema {
	of := table.Schema{Entity: s.Entity, Time: s.Time}
	for i, c := range s.Columns {
		if i > 0 || s.Step != 0 {
			of.Columns = append(of.Columns, c.Column)
		}
	}
	return of
}

// classes is the number of classes that a column's head tells apart: those of a discrete column; of a continuous one its
// atoms, and "none of them".
func (c *TableColumn) classes() int {
	if c.Discrete() {
		return c.Classes
	}
	return len(c.Atoms) + 1
}

// class is the class of a value, len(Atoms) where a continuous one is no atom.
func (c *TableColumn) class(x float64) int {
	if c.Discrete() {
		return int(x)
	}
	if i, atom := slices.BinarySearch(c.Atoms, x); atom {
		return i
	}
	return len(c.Atoms)
}

// normal is the number that stands for a continuous value: mean 0 and standard deviation 1 over the training table.
func (c *TableColumn) normal(x float64) float64 {
	if c.Log > 0 {
		x = math.Log1p(max(x/c.Log, -0.9))
	}
	return (x - c.Centre) / c.Scale
}

// value is the inverse of normal, rounded to the column's tick.
func (c *TableColumn) value(y float64) float64 {
	x := y*c.Scale + c.Centre
	if c.Log > 0 {
		x = c.Log * math.Expm1(x)
	}
	if c.Tick > 0 {
		per := math.Round(1 / c.Tick) // a power of ten, exact
		x = math.Round(x*per) / per
	}
	return x
}

// leastBin is the width of the bin, in units of normal, by which the density at a value is told.
const leastBin = 1e-3

// bin returns the bounds of the bin of normal that the value's likelihood is that of, and what its negative logarithm takes
// besides: a value's bin is its tick, half of it to either side; where there is none, or it is narrower than leastBin, the
// density is taken as even over a bin of that width. So the likelihood is the probability of the value where the column has a
// tick, and else the density in the column's unit.
func (c *TableColumn) bin(x float64) (lower, upper, rest float64) {
	y, slope := c.normal(x), 1/c.Scale
	if c.Log > 0 {
		slope /= c.Log + max(x, 0)
	}
	if c.Tick*slope >= leastBin {
		return c.normal(x - c.Tick/2), c.normal(x + c.Tick/2), 0
	}
	width := leastBin / slope
	if c.Tick > 0 {
		width /= c.Tick
	}
	return y - leastBin/2, y + leastBin/2, math.Log(width)
}
