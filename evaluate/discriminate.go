package evaluate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"stan/evaluate/boost"
	"stan/evaluate/internal/cores"
)

// A discriminator is a classifier, gradient boosted trees, that learns to tell synthetic from real rows and is tried on
// hosts that it has not seen. How well it does on real against other real hosts is its floor.

type discriminator struct {
	name, title string
	rows        int       // of an example
	limit       int       // examples of each side at most
	features    []feature // of each row of an example
	options     boost.Options
}

var discriminators = []discriminator{
	{"row_auc", "a flow", 1, rowLimit, rowFeatures, rowTrees},
	{"row_auc_no_addresses", "a flow, addresses and ports hidden", 1, rowLimit, withoutAddresses(rowFeatures), rowTrees},
	{"window_auc", "5 flows of a host in a row", windowRows, windowLimit, windowFeatures, windowTrees},
	{"window_auc_no_addresses", "5 flows, addresses and ports hidden", windowRows, windowLimit,
		withoutAddresses(windowFeatures), windowTrees},
}

const familyDiscriminators = "discriminators"

var discriminatorTolerance = tolerance{0.05, 0.1}

const (
	rowLimit    = 20_000
	windowLimit = 8_000

	folds              = 5
	dealings           = 2 // of the hosts to folds: with some tens of hosts the AUC depends on who meets whom
	discriminatorDraws = 4 // of hosts behind the floor: each costs as much as the measure

	chanceAUC = 0.5 // AUC of a classifier that tells nothing
)

var (
	rowTrees    = boost.Options{Rounds: 60, Leaves: 24, MinRows: 20, L2: 1, Rate: 0.15, Features: 0.6}
	windowTrees = boost.Options{Rounds: 60, Leaves: 24, MinRows: 20, L2: 1, Rate: 0.15, Features: 0.3}
)

var windowFeatures = slices.Concat(rowFeatures, orderFeatures)

func withoutAddresses(features []feature) []feature {
	return slices.DeleteFunc(slices.Clone(features), func(f feature) bool { return f.address })
}

// Discriminator is what a classifier that tells synthetic from real rows shows besides its AUC.
type Discriminator struct {
	Folds      []Figure         `json:"folds"`      // AUC of each fold, dealing after dealing; their mean is the measure
	Attributes []AttributeShare `json:"attributes"` // what it tells them by, the most telling first
}

// AttributeShare is the part of an attribute in telling rows apart: of the loss that splits by it save.
type AttributeShare struct {
	Name  string `json:"name"`
	Share Figure `json:"share"`
}

// discriminatorResults takes every discriminator's measure: it tells the synthetic from the real sample, and real hosts
// from others.
func discriminatorResults(s *sampled) []Result {
	random := rand.New(rand.NewPCG(s.seed, 3))
	pairs := [][2]side{{everyHost(s.real), everyHost(s.synthetic)}}
	for range discriminatorDraws {
		real, other := everyHost(s.real), side{}
		if s.train != nil {
			other, _ = someHosts(s.train, min(len(s.synthetic.hosts), len(s.train.hosts)), random)
		} else {
			real, other = someHosts(s.real, len(s.real.hosts)/2, random)
		}
		pairs = append(pairs, [2]side{real, other})
	}
	found := make([]*told, len(discriminators)*len(pairs))
	cores.Each(len(found), func(i int) {
		pair := pairs[i%len(pairs)]
		found[i] = discriminators[i/len(pairs)].tell(pair[0], pair[1], mix(s.seed, uint64(i%len(pairs))))
	})
	results := make([]Result, len(discriminators))
	for i := range results {
		results[i] = discriminators[i].result(found[i*len(pairs)], found[i*len(pairs)+1:(i+1)*len(pairs)])
	}
	return results
}

// result puts what was found between real and synthetic, and between real hosts, into the report's form.
func (d *discriminator) result(found *told, floors []*told) Result {
	var above []float64
	for _, f := range floors {
		if auc := f.auc(); !math.IsNaN(auc) {
			above = append(above, auc-chanceAUC)
		}
	}
	floor := floorFigures(above)
	auc, limit := found.auc(), floor.limit(discriminatorTolerance)
	return Result{
		Name: d.name, Family: familyDiscriminators, Title: d.title, Unit: AUC,
		Real: Figure(math.NaN()), Synthetic: Figure(auc), OtherReal: chanceAUC + floor.Mean,
		DifferenceUnit: AUC, Difference: Figure(auc - chanceAUC), Floor: floor, Limit: Figure(limit),
		Verdict:       judge(auc-chanceAUC, limit, discriminatorTolerance),
		Discriminator: found.summary(d),
	}
}

// told is what a discriminator found.
type told struct {
	folds []float64
	gain  []float64 // share of each column in telling the sides apart
}

func (t *told) auc() float64 { return stat.Mean(t.folds, nil) }

// summary sums the shares of columns by attribute.
func (t *told) summary(d *discriminator) *Discriminator {
	byName := make(map[string]float64)
	for i, g := range t.gain {
		byName[d.features[i%len(d.features)].attribute] += g
	}
	out := &Discriminator{Folds: figures(t.folds), Attributes: []AttributeShare{}}
	for name, share := range byName {
		if share > 0 {
			out.Attributes = append(out.Attributes, AttributeShare{name, Figure(share)})
		}
	}
	slices.SortFunc(out.Attributes, func(a, b AttributeShare) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// tell trains on the hosts of all folds but one and tries to tell the other side's examples from real's in that one, for
// each fold of each dealing. It finds nothing where a side has less than two hosts with an example.
func (d *discriminator) tell(real, other side, seed uint64) *told {
	t := &told{gain: make([]float64, d.rows*len(d.features))}
	sides := [2][][]example{real.examples(d.rows), other.examples(d.rows)}
	if min(len(sides[0]), len(sides[1])) < 2 {
		return t
	}
	n := min(d.limit, examplesIn(sides[0]), examplesIn(sides[1]))
	var all []example
	var labels []float64
	columns := make([]boost.Column, d.rows*len(d.features))
	for label, sample := range [2]*sample{real.sample, other.sample} {
		chosen := evenly(sides[label], n, seed)
		d.fill(columns, sample, chosen)
		all = append(all, chosen...)
		for range chosen {
			labels = append(labels, float64(label))
		}
	}
	m, err := boost.NewMatrix(columns)
	if err != nil {
		panic(err) // columns of one length, by fill
	}
	for i := range dealings * folds {
		dealing, fold := uint64(i/folds), i%folds
		foldOf := dealFolds(sides[0], sides[1], mix(seed, dealing))
		var train, test []int32
		for at, e := range all {
			if foldOf[e.host] == fold {
				test = append(test, int32(at))
			} else {
				train = append(train, int32(at))
			}
		}
		if len(test) > 0 && len(train) > 0 {
			t.try(m, train, test, labels, d.options, mix(seed, uint64(i)))
		}
	}
	for i := range t.gain {
		t.gain[i] /= float64(len(t.folds))
	}
	return t
}

// try adds what a fold shows. Its AUC cannot be told where only one side has a host in it.
func (t *told) try(m *boost.Matrix, train, test []int32, labels []float64, o boost.Options, seed uint64) {
	o.Seed = seed
	model, err := boost.Train(m, train, labels, o)
	if err != nil {
		panic(err) // labels 0 and 1, rows of m
	}
	scores, err := model.Predict(m, test)
	if err != nil {
		panic(err) // rows of m
	}
	synthetic := make([]bool, len(test))
	for i, at := range test {
		synthetic[i] = labels[at] == 1
	}
	auc := boost.AUC(scores, synthetic)
	if math.IsNaN(auc) {
		return
	}
	t.folds = append(t.folds, auc)
	for i, g := range model.Importance() {
		t.gain[i] += g
	}
}

func examplesIn(byHost [][]example) int {
	n := 0
	for _, all := range byHost {
		n += len(all)
	}
	return n
}

// fill appends the features of examples of a sample to the columns: those of the first row, then those of the next.
func (d *discriminator) fill(columns []boost.Column, s *sample, examples []example) {
	for j := range d.rows {
		for i := range d.features {
			f := &d.features[i]
			column := &columns[j*len(d.features)+i]
			column.Category = f.category
			for _, e := range examples {
				at := e.first + j
				back := min(lookBack, int(s.rows[at].at%sampleBlock))
				column.Values = append(column.Values, float32(f.of(s.rows[at-back:at+1])))
			}
		}
	}
}

// dealFolds deals the hosts of the examples to folds, those that stand on both sides once, so that each fold has about as
// many hosts of a side as any other.
func dealFolds(real, other [][]example, seed uint64) map[netip.Addr]int {
	sides := make(map[netip.Addr]int) // 1, 2 or both
	var hosts []netip.Addr
	for label, byHost := range [2][][]example{real, other} {
		for _, all := range byHost {
			host := all[0].host
			if sides[host] == 0 {
				hosts = append(hosts, host)
			}
			sides[host] |= 1 << label
		}
	}
	random := rand.New(rand.NewPCG(seed, 4))
	random.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	slices.SortStableFunc(hosts, func(a, b netip.Addr) int { return cmp.Compare(sides[b], sides[a]) })
	foldOf := make(map[netip.Addr]int, len(hosts))
	for i, host := range hosts {
		foldOf[host] = i % folds
	}
	return foldOf
}

// discriminatorNotes says which discriminators tell nothing, and why.
func discriminatorNotes(results []Result) []string {
	notes := []string{}
	note := func(v Verdict, why string) {
		var names []string
		for i := range results {
			if m := &results[i]; m.Family == familyDiscriminators && m.Verdict == v {
				names = append(names, m.Name)
			}
		}
		if len(names) > 0 {
			notes = append(notes, strings.Join(names, ", ")+": "+why)
		}
	}
	note(NoData, "not measured, a set has less than two hosts with as many flows")
	note(NoFloor, "no floor, real has less than four hosts and there is no training set")
	return notes
}
