package evaluate

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat"

	"stan/evaluate/boost"
	"stan/evaluate/internal/cores"
)

// Task models are what users of synthetic flows would train: here the two of the STAN paper, with gradient boosted trees in
// the place of its small networks. Each is trained on real and synthetic rows mixed at rising shares, as many in all, and
// tried on real hosts that neither part saw. What the other half of the real training hosts does in the place of the
// synthetic rows is the floor.

// task is one of them. It looks at a row and the row before it.
type task struct {
	name, title string // of the task
	measure     string // name of what is lost from no synthetic rows to nothing but them
	metric      string
	tolerance
	options boost.Options
	now     []taskFeature // of the row itself
	label   func(r *row) float64
	score   func(predicted []float64, labels []float64) float64
	sign    float64 // 1 where a higher score is better, else -1
}

// taskFeature is an attribute that a task model sees.
type taskFeature struct {
	category bool
	of       func(*row) float64
}

// attributesButProtocol are the paper's, without protocol.
var attributesButProtocol = []taskFeature{
	{false, func(r *row) float64 {
		if r.first {
			return math.NaN()
		}
		return float64(r.gap)
	}},
	{false, func(r *row) float64 { return float64(r.End - r.Start) }},
	{false, func(r *row) float64 { return float64(r.Packets) }},
	{false, func(r *row) float64 { return float64(r.Bytes) }},
	{true, func(r *row) float64 { return float64(direction(r)) }},
	{false, func(r *row) float64 { return float64(r.localPort) }},
	{false, func(r *row) float64 { return float64(r.remotePort) }},
	{false, func(r *row) float64 { return float64(octetBin(r, 0)) }},
	{false, func(r *row) float64 { return float64(octetBin(r, 1)) }},
	{false, func(r *row) float64 { return float64(octetBin(r, 2)) }},
	{false, func(r *row) float64 { return float64(octetBin(r, 3)) }},
	{false, func(r *row) float64 { return float64(r.hour()) }},
}

// beforeFeatures are those of the row before.
var beforeFeatures = append([]taskFeature{{true, protocolClass}}, attributesButProtocol...)

// protocolClass is TCP 0, UDP 1, others 2.
func protocolClass(r *row) float64 {
	switch r.Proto {
	case protoTCP:
		return 0
	case protoUDP:
		return 1
	default:
		return 2
	}
}

const protocolClasses = 3

// normalisedBytes is ln bytes over the paper's 20.129, 0 for no bytes.
func normalisedBytes(r *row) float64 { return math.Log(float64(max(r.Bytes, 1))) / 20.129 }

var tasks = []task{
	{name: "protocol", title: "protocol of a flow, macro F1", measure: "protocol_f1_loss", metric: "macro F1",
		tolerance: tolerance{0.02, 0.05}, options: boost.Options{Objective: boost.Softmax, Classes: protocolClasses, Rounds: 40},
		now: attributesButProtocol, label: protocolClass, score: macroF1, sign: 1},
	{name: "bytes", title: "bytes of the next flow, MSE", measure: "bytes_mse_loss", metric: "MSE",
		tolerance: tolerance{0.0005, 0.001}, options: boost.Options{Objective: boost.Squared, Rounds: 60},
		label: normalisedBytes, score: boost.MSE, sign: -1},
}

// macroF1 takes the likeliest class of each row.
func macroF1(predicted, labels []float64) float64 {
	classes, actual := make([]int, len(labels)), make([]int, len(labels))
	for i := range labels {
		p := predicted[i*protocolClasses : (i+1)*protocolClasses]
		for c := range p {
			if p[c] > p[classes[i]] {
				classes[i] = c
			}
		}
		actual[i] = int(labels[i])
	}
	return boost.MacroF1(classes, actual)
}

// TaskCurve is how well a task model does by the share of synthetic rows that it was trained on.
type TaskCurve struct {
	Name    string   `json:"name"`
	Measure string   `json:"measure"` // name of the measure of what is lost
	Metric  string   `json:"metric"`
	Shares  []Figure `json:"shares"`
	Mean    []Figure `json:"mean"` // over seeds
	SD      []Figure `json:"sd"`
}

const (
	familyTasks = "tasks"

	taskSeeds    = 3
	taskRows     = 8000 // that a model learns from, at most
	taskTestRows = 8000
	taskWindow   = 2 // rows that a task looks at
)

var taskShares = []float64{0, 0.25, 0.5, 0.75, 1}

// taskScores are the scores of one seed: by share of synthetic rows, and those of other real rows.
type taskScores struct {
	byShare []float64
	other   float64
}

// taskResults trains and tries every task.
func taskResults(s *sampled) ([]TaskCurve, []Result) {
	found := make([]taskScores, len(tasks)*taskSeeds)
	cores.Each(len(found), func(i int) {
		found[i] = tasks[i/taskSeeds].try(s, mix(s.seed, uint64(i%taskSeeds)))
	})
	var curves []TaskCurve
	var results []Result
	for i := range tasks {
		scores := found[i*taskSeeds : (i+1)*taskSeeds]
		curves = append(curves, tasks[i].curve(scores))
		results = append(results, tasks[i].result(scores))
	}
	return curves, results
}

func (t *task) curve(seeds []taskScores) TaskCurve {
	c := TaskCurve{Name: t.name, Measure: t.measure, Metric: t.metric, Shares: figures(taskShares)}
	for i := range taskShares {
		scores := make([]float64, len(seeds))
		for j := range seeds {
			scores[j] = seeds[j].byShare[i]
		}
		mean, sd := stat.PopMeanStdDev(scores, nil)
		c.Mean, c.SD = append(c.Mean, Figure(mean)), append(c.SD, Figure(sd))
	}
	return c
}

func (t *task) result(seeds []taskScores) Result {
	last := len(taskShares) - 1
	var real, synthetic, other, lost float64
	var apart []float64
	for _, s := range seeds {
		real += s.byShare[0] / float64(len(seeds))
		synthetic += s.byShare[last] / float64(len(seeds))
		other += s.other / float64(len(seeds))
		lost += t.sign * (s.byShare[0] - s.byShare[last]) / float64(len(seeds))
		if d := math.Abs(s.byShare[0] - s.other); !math.IsNaN(d) {
			apart = append(apart, d)
		}
	}
	floor := floorFigures(apart)
	limit := floor.limit(t.tolerance)
	return Result{Name: t.measure, Family: familyTasks, Title: t.title, Unit: Number, Real: Figure(real),
		Synthetic: Figure(synthetic), OtherReal: Figure(other), DifferenceUnit: Number, Difference: Figure(lost),
		Floor: floor, Limit: Figure(limit), Verdict: judge(lost, limit, t.tolerance)}
}

// try trains on the mixtures and on other real rows. Everything is NaN where a part has no rows.
func (t *task) try(s *sampled, seed uint64) taskScores {
	random := rand.New(rand.NewPCG(seed, 5))
	scores := taskScores{byShare: make([]float64, len(taskShares)), other: math.NaN()}
	for i := range scores.byShare {
		scores.byShare[i] = math.NaN()
	}
	test := everyHost(s.real)
	learn := test
	if s.train != nil {
		learn = everyHost(s.train)
	} else {
		learn, test = someHosts(s.real, len(s.real.hosts)/2, random)
	}
	real, other := learn.halve(random)
	parts := [][][]example{real.examples(taskWindow), other.examples(taskWindow), everyHost(s.synthetic).examples(taskWindow)}
	tests := test.examples(taskWindow)
	n := taskRows
	for _, p := range parts {
		n = min(n, examplesIn(p))
	}
	if n == 0 || len(tests) == 0 {
		return scores
	}
	b := taskTable{task: t}
	rows := make([][]int32, len(parts))
	for i, sample := range []*sample{real.sample, other.sample, s.synthetic} {
		rows[i] = b.add(sample, evenly(parts[i], n, seed))
		random.Shuffle(len(rows[i]), func(j, k int) { rows[i][j], rows[i][k] = rows[i][k], rows[i][j] })
	}
	n = min(len(rows[0]), len(rows[1]), len(rows[2]))
	tried := b.add(test.sample, evenly(tests, taskTestRows, seed))
	m, err := boost.NewMatrix(b.columns)
	if err != nil {
		panic(err) // columns of one length, by add
	}
	for i, share := range taskShares {
		k := int(math.Round(share * float64(n)))
		mixed := append(append([]int32(nil), rows[0][:n-k]...), rows[2][:k]...)
		scores.byShare[i] = b.score(m, mixed, tried, seed)
	}
	scores.other = b.score(m, rows[1][:n], tried, seed)
	return scores
}

// halve deals the hosts of a side to two sides at random.
func (s side) halve(random *rand.Rand) (one, other side) {
	one.sample, other.sample = s.sample, s.sample
	for i, at := range random.Perm(len(s.hosts)) {
		if i < len(s.hosts)/2 {
			one.hosts = append(one.hosts, s.hosts[at])
		} else {
			other.hosts = append(other.hosts, s.hosts[at])
		}
	}
	return one, other
}

// taskTable holds examples of all parts, with what a task model sees of them and what it should say.
type taskTable struct {
	task    *task
	columns []boost.Column
	labels  []float64
}

// add appends examples of a sample and returns their rows of the table.
func (b *taskTable) add(s *sample, examples []example) []int32 {
	if b.columns == nil {
		for _, f := range append(append([]taskFeature(nil), beforeFeatures...), b.task.now...) {
			b.columns = append(b.columns, boost.Column{Category: f.category})
		}
	}
	rows := make([]int32, len(examples))
	for i, e := range examples {
		before, now := &s.rows[e.first].row, &s.rows[e.first+1].row
		for j, f := range beforeFeatures {
			b.columns[j].Values = append(b.columns[j].Values, float32(f.of(before)))
		}
		for j, f := range b.task.now {
			c := &b.columns[len(beforeFeatures)+j]
			c.Values = append(c.Values, float32(f.of(now)))
		}
		rows[i] = int32(len(b.labels))
		b.labels = append(b.labels, b.task.label(now))
	}
	return rows
}

// score trains on some rows and returns how well the model does on others.
func (b *taskTable) score(m *boost.Matrix, learn, tried []int32, seed uint64) float64 {
	o := b.task.options
	o.Seed = seed
	model, err := boost.Train(m, learn, b.labels, o)
	if err != nil {
		panic(err) // labels of the objective, rows of m
	}
	predicted, err := model.Predict(m, tried)
	if err != nil {
		panic(err) // rows of m
	}
	labels := make([]float64, len(tried))
	for i, r := range tried {
		labels[i] = b.labels[r]
	}
	return b.task.score(predicted, labels)
}
