package evaluate

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"stan/dataset"
)

// shownAs says how an attribute's histogram is drawn: by classes, or by wider bins than those it is measured in.
type shownAs struct {
	class func(bin int) string // names the class of a bin; nil: bins

	unit    string
	edge    func(bin int) float64 // lower edge of a bin
	width   func(bin int) int     // number of bins drawn as one, beginning with bin
	bins    int                   // bins from here on are left out; 0: none are
	endless bool                  // rare bins at the upper end are drawn with their neighbour
}

var (
	shownSizes  = shownAs{unit: "bytes", edge: logEdge, width: quarterOctave, endless: true}
	shownCounts = shownAs{unit: "packets", edge: logEdge, width: quarterOctave, endless: true}
	shownTimes  = shownAs{unit: "ms", edge: logEdge, width: quarterOctave, endless: true}
	shownOctets = shownAs{edge: plainEdge, width: func(int) int { return 4 }, bins: 256} // IPv6 lies above
	shownHours  = shownAs{unit: "h", edge: plainEdge, width: func(int) int { return 1 }}
	shownPorts  = shownAs{class: portClass}
)

// shown lists the attributes that are drawn.
var shown = map[string]shownAs{
	"gap":              shownTimes,
	"duration":         shownTimes,
	"packets":          shownCounts,
	"bytes":            shownSizes,
	"bytes_per_packet": shownSizes,
	"protocol":         {class: func(bin int) string { return dataset.ProtocolName(uint8(bin)) }},
	"direction":        {class: func(bin int) string { return [...]string{"received", "sent"}[bin] }},
	"tcp_flags":        {class: func(bin int) string { return dataset.FlagsText(uint8(bin)) }},
	"tos":              {class: strconv.Itoa},
	"local_port":       shownPorts,
	"remote_port":      shownPorts,
	"octet1":           shownOctets,
	"octet2":           shownOctets,
	"octet3":           shownOctets,
	"octet4":           shownOctets,
	"hour":             shownHours,
}

// shownClasses is how many classes are drawn apart; the rest is one more.
const shownClasses = 8

// rareShare is the share below which the upper end of an axis is drawn as one bin.
const rareShare = 0.002

// histogramCurves returns the source of attribute i's histograms, nil if it is not drawn.
func histogramCurves(i int) curveSource {
	how, found := shown[allAttributes[i].name]
	if !found {
		return nil
	}
	return func(real, synthetic, other *summary) *Curves {
		c := &Curves{Axis: allAttributes[i].title, AtUnit: how.unit, Unit: Share}
		sets := [][]float64{shares(real.attributes.histograms[i], 0), shares(synthetic.attributes.histograms[i], 0)}
		if other != nil {
			sets = append(sets, shares(other.attributes.histograms[i], 0))
		}
		if how.class != nil {
			c.setClasses(sets, how.class)
		} else {
			c.setBins(sets, how)
		}
		return c
	}
}

// setClasses keeps the classes that are commonest in any set.
func (c *Curves) setClasses(sets [][]float64, class func(int) string) {
	const rest = "other"
	most := make(map[string]float64)
	bySet := make([]map[string]float64, len(sets))
	for s, p := range sets {
		bySet[s] = make(map[string]float64)
		for bin, x := range p {
			if x > 0 {
				bySet[s][class(bin)] += x
			}
		}
		for name, x := range bySet[s] {
			most[name] = max(most[name], x)
		}
	}
	for name := range most {
		c.Labels = append(c.Labels, name)
	}
	slices.SortFunc(c.Labels, func(a, b string) int {
		return cmp.Or(cmp.Compare(most[b], most[a]), cmp.Compare(a, b))
	})
	rare := c.Labels[min(shownClasses, len(c.Labels)):]
	if len(rare) > 1 {
		for s := range bySet {
			for _, name := range rare {
				bySet[s][rest] += bySet[s][name]
			}
		}
		c.Labels = append(c.Labels[:shownClasses:shownClasses], rest)
	}
	values := make([][]float64, len(sets))
	for s, p := range sets {
		if p == nil {
			continue
		}
		for _, name := range c.Labels {
			values[s] = append(values[s], bySet[s][name])
		}
	}
	c.setValues(values)
}

// setBins sums the shares of bins that are drawn as one.
func (c *Curves) setBins(sets [][]float64, how shownAs) {
	n := how.bins
	if n == 0 {
		n = len(slices.MaxFunc(sets, func(a, b []float64) int { return cmp.Compare(len(a), len(b)) }))
	}
	values := make([][]float64, len(sets))
	for from := 0; from < n; {
		to := min(from+how.width(from), n)
		c.At = append(c.At, Figure(how.edge(from)))
		for s, p := range sets {
			if p != nil {
				values[s] = append(values[s], total(p[from:to]))
			}
		}
		from = to
	}
	c.At = append(c.At, Figure(how.edge(n)))
	if how.endless {
		c.cutEnds(values)
	}
	c.setValues(values)
}

// cutEnds drops empty bins at both ends, and puts the rare ones at the upper end together.
func (c *Curves) cutEnds(values [][]float64) {
	all := func(from, to int) float64 { // the largest share of a set in these bins
		most := 0.
		for _, p := range values {
			if p != nil {
				most = max(most, total(p[from:to]))
			}
		}
		return most
	}
	first, end := 0, len(c.At)-1
	for first < end-1 && all(first, first+1) == 0 {
		first++
	}
	for end > first+1 && all(end-1, end) == 0 {
		end--
	}
	last := end - 1
	for last > first && all(last, end) < rareShare {
		last--
	}
	last = min(last+1, end-1) // the first of the rare bins
	for s, p := range values {
		if p != nil {
			values[s] = append(p[first:last:last], total(p[last:end]))
		}
	}
	c.At = append(c.At[first:last+1:last+1], c.At[end])
}

func total(p []float64) float64 {
	sum := 0.
	for _, x := range p {
		sum += x
	}
	return sum
}

func plainEdge(bin int) float64 { return float64(bin) }

// logEdge returns the least value in logarithmic bin i.
func logEdge(i int) float64 {
	if i < exactBins {
		return float64(i)
	}
	octave, part := (i-exactBins)/octaveBins, (i-exactBins)%octaveBins
	return math.Ldexp(1+float64(part)/octaveBins, octave+exactBits)
}

// quarterOctave cuts each doubling in four equal parts; whole numbers below 8 stand alone.
func quarterOctave(bin int) int {
	if bin >= exactBins {
		return octaveBins / 4
	}
	width := 1
	for width*8 <= bin {
		width *= 2
	}
	return width
}
