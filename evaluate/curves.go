package evaluate

// Curves holds the values behind a measure, for drawing. Either Labels names n classes, or At holds n points or the n+1
// edges of n bins. Each set has n values, or none where it has nothing to measure.
type Curves struct {
	Axis      string   `json:"axis"`    // what classes, points or bins are of
	AtUnit    string   `json:"at_unit"` // of At; empty for classes and plain numbers
	At        []Figure `json:"at,omitempty"`
	Labels    []string `json:"labels,omitempty"`
	Unit      Unit     `json:"unit"` // of the values
	Real      []Figure `json:"real"`
	Synthetic []Figure `json:"synthetic"`
	OtherReal []Figure `json:"other_real,omitempty"`
}

// curveSource draws the values behind a measure; other is nil without training hosts.
type curveSource func(real, synthetic, other *summary) *Curves

// pointCurves returns the source of values at the points first, first+1 and so on.
func pointCurves(axis, atUnit string, first int, unit Unit, values func(*summary) []float64) curveSource {
	return func(real, synthetic, other *summary) *Curves {
		c := &Curves{Axis: axis, AtUnit: atUnit, Unit: unit}
		c.setValues([][]float64{values(real), values(synthetic)})
		if other != nil {
			c.OtherReal = figures(values(other))
		}
		for i := range max(len(c.Real), len(c.Synthetic)) {
			c.At = append(c.At, Figure(first+i))
		}
		return c
	}
}

// setValues takes the values of real, synthetic and, where there is one, the other real set.
func (c *Curves) setValues(sets [][]float64) {
	c.Real, c.Synthetic = figures(sets[0]), figures(sets[1])
	if len(sets) > 2 {
		c.OtherReal = figures(sets[2])
	}
}
