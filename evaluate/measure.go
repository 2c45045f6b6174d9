package evaluate

import (
	"math"
	"slices"
)

// Unit says what a figure is.
type Unit string

const (
	Bits        Unit = "bits"        // a Jensen-Shannon divergence to base 2, 0 to 1
	Share       Unit = "share"       // a share of rows, 0 to 1
	Correlation Unit = "correlation" // -1 to 1
	Count       Unit = "count"       // rows, addresses or ports
	Number      Unit = "number"      // without a unit
	Value       Unit = "value"       // of a table's columns, of any size
	AUC         Unit = "AUC"         // of a classifier; a difference is that above 0.5, which is chance
	Nats        Unit = "nats"        // of a row's negative log-likelihood
	LogRatio    Unit = "log ratio"   // natural logarithm of (1+other)/(1+real), without its sign
)

// measure is one figure of one family. Families are files of this package; each returns its measures in the order in
// which they are reported.
type measure struct {
	name  string // an interface: scripts select by it
	title string // what a person reads in the table; a measure without one is in the JSON only

	// value is what one set shows, NaN where it cannot be told; nil for measures that only compare.
	value func(*summary) float64
	unit  Unit

	// distance is how far other is from real, 0 where nothing is amiss, NaN where it cannot be told.
	distance       func(real, other *summary) float64
	differenceUnit Unit

	// spread is the distance that makes the floor, where it is not distance: a measure that counts only an excess has a
	// floor of differences either way, or it would be 0 where real happens to lie above other real hosts.
	spread func(real, other *summary) float64

	// curves draws the values behind value and distance, nil where there are none.
	curves curveSource

	tolerance tolerance

	// halvesOnly is set where training hosts cannot serve as other real hosts: the floor is then always one half of
	// real's hosts against the other.
	halvesOnly bool

	// pValue tells how often two sets of the same hosts would lie as far apart by chance; nil for most measures.
	pValue func(real, other *summary) float64

	// aggregate is set where the measure is a mean over others.
	aggregate bool
}

// tolerance holds distances too small to matter, whatever the floor: up to asReal a set counts as real, up to near as
// near.
type tolerance struct{ asReal, near float64 }

var (
	jsTolerance          = tolerance{0.002, 0.01}
	movedTolerance       = tolerance{math.Log(1.02), math.Log(1.1)}
	atomTolerance        = tolerance{0.0005, 0.002}
	shareTolerance       = tolerance{0.002, 0.01}
	ruleTolerance        = tolerance{0.001, 0.005}
	habitTolerance       = tolerance{0.001, 0.02} // rules that one odd host among many breaks by the thousand
	copyTolerance        = tolerance{0.001, 0.005}
	runTolerance         = tolerance{math.Log(2), math.Log(4)} // the longest of many runs varies widely
	leakTolerance        = tolerance{0.03, 0.06}               // of attacks on a thousand rows
	correlationTolerance = tolerance{0.01, 0.03}
	pairTolerance        = tolerance{0.005, 0.02}
	spreadTolerance      = tolerance{0.01, 0.05}
	sameHostsTolerance   = tolerance{0.02, 0.05}
	numberTolerance      = tolerance{0.05, 0.2}
	ratioTolerance       = tolerance{math.Log(1.1), math.Log(1.25)}
)

// family is a group of measures that are reported together.
type family struct {
	name     string
	measures []measure
}

// families returns every measure. Those about internal networks are left out unless the sets name theirs, those about labels
// unless a set has some; addresses and rows of the training set are looked for only with one, not nil.
func families(internal, labelled bool, train *summary) []family {
	attributes := attributeMeasures()
	if labelled {
		attributes = append(attributes, labelMeasures()...)
	}
	structure := structureMeasures(internal)
	if train != nil {
		structure = append(structure, unseenMeasure(&train.volumes))
	}
	time := slices.Concat(temporalMeasures(), hostMeasures())
	time = append(time, temporalMean(slices.Concat(time, structure)))
	all := []family{
		{FamilyAttributes, slices.Concat(attributes, distanceMeasures(), atomMeasures())},
		{familyRules, ruleMeasures(internal)},
		{familyPairs, pairMeasures()},
		{familyTime, time},
		{familyStructure, structure},
	}
	if train != nil {
		all = append(all, family{familyPrivacy, append([]measure{copyMeasure()}, copiedMeasures()...)})
	}
	return all
}

// Names returns the names of all measures that a report can hold.
func Names() []string {
	names := sampledNames()
	for _, f := range families(true, true, new(summary)) {
		for _, m := range f.measures {
			names = append(names, m.name)
		}
	}
	return names
}

// Families, as the JSON names them.
const (
	FamilyAttributes = "attributes"
	familyRules      = "rules"
	familyPairs      = "pairs"
	familyTime       = "time"
	familyStructure  = "structure"
	familyPrivacy    = "privacy"
	familyLikelihood = "likelihood"
)

// familyOrder is the order of the report.
var familyOrder = []string{FamilyAttributes, familyRules, familyPairs, familyTime, familyStructure, familyDiscriminators,
	familyTasks, familyLikelihood, familyPrivacy}

// shareMeasure returns a measure of the share of rows that count has counted, among those that of has counted.
func shareMeasure(name, title string, count, of func(*summary) int64) measure {
	value := func(s *summary) float64 { return ratio(count(s), of(s)) }
	return measure{name: name, title: title, value: value, unit: Share, tolerance: shareTolerance,
		distance: absDistance(value), differenceUnit: Share}
}

// excessMeasure is shareMeasure for rows that there should be none of: only more of them than real counts.
func excessMeasure(name, title string, count, of func(*summary) int64) measure {
	m := shareMeasure(name, title, count, of)
	value := m.value
	m.spread = m.distance
	m.distance = func(real, other *summary) float64 { return excess(value(real), value(other)) }
	return m
}

// excess is by how much other lies above real, 0 where it lies below, NaN where one of them is.
func excess(real, other float64) float64 { return max(other-real, 0) }

// ratio returns a/b, NaN for b = 0.
func ratio(a, b int64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return float64(a) / float64(b)
}

func absDistance(value func(*summary) float64) func(real, other *summary) float64 {
	return func(real, other *summary) float64 { return math.Abs(value(other) - value(real)) }
}

func ratioDistance(value func(*summary) float64) func(real, other *summary) float64 {
	return func(real, other *summary) float64 {
		return math.Abs(math.Log1p(value(other)) - math.Log1p(value(real)))
	}
}

// meanDistance returns the mean of those distances that can be told, NaN if none can.
func meanDistance(measures []measure) func(real, other *summary) float64 {
	return func(real, other *summary) float64 {
		total, n := 0., 0
		for i := range measures {
			if d := measures[i].distance(real, other); !math.IsNaN(d) {
				total += d
				n++
			}
		}
		return total / float64(n)
	}
}
