package evaluate

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Rows that stand in training, one by one and in a run. A row is compared as in copies.go: by all that its host sees but
// the time, and with it the gap. Short rows repeat by chance among real hosts too, so what tells is the share beside that
// of real hosts that nobody trained on.

// trainRows are the training rows that other sets' rows are looked for among.
type trainRows struct {
	once    *keySet
	streams *trainStreams
}

const (
	// maxTrainRows bounds the training rows held, at 12 bytes each: those of the first hosts, which are hosts at random, as
	// folders of flows are sorted by a hash of the host.
	maxTrainRows = 1 << 23

	// maxRun is where counting the rows of a copied run stops.
	maxRun = 256

	startBits = 16
)

// trainStreams finds runs of rows in the streams of the training hosts. It is an array of all their prefixes, sorted as if
// read backwards (a suffix array: Manber and Myers, SODA 1990), compared to a depth of maxRun rows.
type trainStreams struct {
	keys     []uint64 // of each row; a host's rows stand after a 0
	order    []int32  // places in keys, sorted by the rows that end there
	start    []int32  // by the first startBits bits of a row's key: where these rows begin in order
	complete bool     // all training rows are held
}

// streamCollector gathers the rows of a training set.
type streamCollector struct {
	keys  []uint64
	limit int
	full  bool
}

func newStreamCollector() *streamCollector { return &streamCollector{limit: maxTrainRows} }

func (c *streamCollector) row(r *row) {
	if c.full = c.full || len(c.keys)+2 > c.limit; c.full {
		return
	}
	if r.first {
		c.keys = append(c.keys, 0)
	}
	c.keys = append(c.keys, streamKey(r))
}

// streamKey is a row's key, never 0.
func streamKey(r *row) uint64 { return max(rowKey(r), 1) }

func (c *streamCollector) finish() *trainStreams {
	t := &trainStreams{keys: c.keys, start: make([]int32, 1<<startBits+1), complete: !c.full}
	for at, key := range t.keys {
		if key != 0 {
			t.order = append(t.order, int32(at))
			t.start[key>>(64-startBits)+1]++
		}
	}
	for i := range t.start[1:] {
		t.start[i+1] += t.start[i]
	}
	slices.SortFunc(t.order, func(a, b int32) int {
		for depth := range int32(maxRun) {
			x, y := t.keys[a-depth], t.keys[b-depth]
			if x != y {
				return cmp.Compare(x, y)
			}
			if x == 0 {
				break
			}
		}
		return cmp.Compare(a, b)
	})
	return t
}

// run returns how many of the last rows of recent, whose keys are given oldest first, stand in a row in the stream of one
// training host: 0 if the last one does not, at most maxRun.
func (t *trainStreams) run(recent []uint64) int {
	last := recent[len(recent)-1]
	bucket := t.order[t.start[last>>(64-startBits)]:t.start[last>>(64-startBits)+1]]
	// The longest run ends beside the place where recent would stand.
	shared := func(at int32) (depth int, order int) {
		for depth = 0; depth < min(maxRun, len(recent)); depth++ {
			x, y := t.keys[at-int32(depth)], recent[len(recent)-1-depth]
			if x != y {
				return depth, cmp.Compare(x, y)
			}
		}
		return depth, 0
	}
	i := sort.Search(len(bucket), func(i int) bool {
		_, order := shared(bucket[i])
		return order >= 0
	})
	longest := 0
	for _, at := range bucket[max(i-1, 0):min(i+1, len(bucket))] {
		depth, _ := shared(at)
		longest = max(longest, depth)
	}
	return longest
}

// copiedTally counts rows and pairs of consecutive rows, and those that stand in training.
type copiedTally struct {
	rows, copiedRows   int64
	pairs, copiedPairs int64
	longest            int // run of consecutive rows in the stream of one training host
}

func (t *copiedTally) add(other *copiedTally) {
	t.rows += other.rows
	t.copiedRows += other.copiedRows
	t.pairs += other.pairs
	t.copiedPairs += other.copiedPairs
	t.longest = max(t.longest, other.longest)
}

// copiedObserver remembers the last rows of the host whose rows are being read, latest last.
type copiedObserver struct{ recent []uint64 }

func (o *copiedObserver) row(r *row, train *trainStreams, t *copiedTally) {
	if r.first {
		o.recent = o.recent[:0]
	}
	if len(o.recent) == 2*maxRun {
		o.recent = slices.Delete(o.recent, 0, maxRun)
	}
	o.recent = append(o.recent, streamKey(r))
	run := train.run(o.recent)
	t.rows++
	if run > 0 {
		t.copiedRows++
	}
	if !r.first {
		t.pairs++
		if run > 1 {
			t.copiedPairs++
		}
	}
	t.longest = max(t.longest, run)
}

const (
	exactRowsName   = "exact_rows"
	copiedPairsName = "copied_pairs"
)

func copiedMeasures() []measure {
	rows := excessMeasure(exactRowsName, "flows that stand in training",
		func(s *summary) int64 { return s.copied.copiedRows }, func(s *summary) int64 { return s.copied.rows })
	pairs := excessMeasure(copiedPairsName, "pairs of flows that do",
		func(s *summary) int64 { return s.copied.copiedPairs }, func(s *summary) int64 { return s.copied.pairs })
	longest := func(s *summary) float64 {
		if s.copied.rows == 0 {
			return math.NaN()
		}
		return float64(s.copied.longest)
	}
	run := measure{name: "copied_run", title: "longest run of such flows", value: longest, unit: Count,
		distance: func(real, other *summary) float64 {
			d := math.Log1p(longest(other)) - math.Log1p(longest(real))
			if d < 0 {
				return 0
			}
			return d
		},
		spread: ratioDistance(longest), differenceUnit: LogRatio, tolerance: runTolerance}
	measures := []measure{rows, pairs, run}
	for i := range measures {
		measures[i].halvesOnly = true
	}
	return measures
}
