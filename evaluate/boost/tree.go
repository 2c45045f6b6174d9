package boost

import (
	"math"
	"math/rand/v2"

	"stan/evaluate/internal/cores"
)

// tree holds its nodes, the root first.
type tree []node

// node is a question about one column, or a leaf where left is 0.
type node struct {
	split
	left, right int32
	leaf        float64 // what a leaf adds to the score
}

// split asks whether a row goes left: its bin is at most bin, or in a column of categories is bin; missing values go left
// where missingLeft says so.
type split struct {
	column      int32
	bin         uint8
	category    bool
	missingLeft bool
	gain        float64 // by how much the split lowers the loss; 0 for none
}

func (s *split) goesLeft(bin uint8) bool {
	switch {
	case bin == missing:
		return s.missingLeft
	case s.category:
		return bin == s.bin
	default:
		return bin <= s.bin
	}
}

// value returns what the tree adds to the score of a row.
func (t tree) value(m *Matrix, row int32) float64 {
	n := &t[0]
	for n.left != 0 {
		if n.goesLeft(m.columns[n.column].bins[row]) {
			n = &t[n.left]
		} else {
			n = &t[n.right]
		}
	}
	return n.leaf
}

// sums are of rows: the first derivative, and packed in one word the second above the number of rows. Derivatives are whole
// numbers of the grower's units.
type sums struct {
	first  int64
	second uint64
}

const countBits = 24

func (s *sums) add(o sums)      { s.first += o.first; s.second += o.second }
func (s *sums) sub(o sums)      { s.first -= o.first; s.second -= o.second }
func (s sums) less(o sums) sums { s.sub(o); return s }
func (s sums) rows() int        { return int(s.second & (1<<countBits - 1)) }

// histogram holds the sums by bin, for each column.
type histogram [][bins]sums

// growing is a leaf that may still be split.
type growing struct {
	node      int32
	from, to  int // its rows in grower.rows
	total     sums
	histogram histogram
	best      split
}

// grower grows trees leaf by leaf, always the leaf whose split gains most.
type grower struct {
	m       *Matrix
	o       *Options
	all     []int32 // rows to learn from
	rows    []int32 // those of this tree, by leaf
	terms   []sums  // of each of rows
	rest    []int32 // scratch of partition
	restOf  []sums
	columns []int32     // those of this tree
	splits  [2][]split  // scratch: best of each of columns, for two leaves
	pool    []histogram // unused ones
	unit1   float64     // that sums.first is in
	unit2   float64     // that the second derivative in sums.second is in
}

func newGrower(m *Matrix, rows []int32, o *Options) *grower {
	n := len(rows)
	return &grower{m: m, o: o, all: rows, rows: make([]int32, 0, n), terms: make([]sums, 0, n), rest: make([]int32, n),
		restOf: make([]sums, n), splits: [2][]split{make([]split, len(m.columns)), make([]split, len(m.columns))}}
}

// grow returns a tree for the derivatives of the rows to learn from, and adds the gain of its splits by column.
func (g *grower) grow(first, second []float64, random *rand.Rand, gain []float64) tree {
	root := g.start(first, second, random)
	t := tree{{leaf: g.leafValue(root.total)}}
	leaves := []*growing{root}
	g.seek(root)
	for len(leaves) < g.o.Leaves {
		at := 0
		for i, l := range leaves {
			if l.best.gain > leaves[at].best.gain {
				at = i
			}
		}
		parent := leaves[at]
		if parent.best.gain <= 0 {
			break
		}
		gain[parent.best.column] += parent.best.gain
		left, right := g.partition(parent)
		left.node, right.node = int32(len(t)), int32(len(t)+1)
		t[parent.node] = node{split: parent.best, left: left.node, right: right.node}
		t = append(t, node{leaf: g.leafValue(left.total)}, node{leaf: g.leafValue(right.total)})
		leaves[at] = left
		leaves = append(leaves, right)
		if len(leaves) < g.o.Leaves {
			small, large := left, right
			if small.total.rows() > large.total.rows() {
				small, large = large, small
			}
			g.seekBoth(small, large, parent.histogram)
		} else {
			g.pool = append(g.pool, parent.histogram)
		}
	}
	for _, l := range leaves {
		if l.histogram != nil {
			g.pool = append(g.pool, l.histogram)
		}
	}
	return t
}

// start chooses the rows and columns of a tree and returns its root.
func (g *grower) start(first, second []float64, random *rand.Rand) *growing {
	highest := 1e-300
	for _, x := range first {
		highest = max(highest, math.Abs(x))
	}
	// Whole powers of two, so that the sums of all rows fit: 62 bits for the first derivative, 40 for the second, of at
	// most 1 a row.
	n := float64(len(first))
	scale1 := math.Exp2(math.Floor(math.Log2(math.Exp2(61) / n / highest)))
	scale2 := math.Exp2(math.Floor(math.Log2(math.Exp2(39) / n)))
	g.unit1, g.unit2 = 1/scale1, 1/scale2
	root := new(growing)
	g.rows, g.terms = g.rows[:0], g.terms[:0]
	for i, r := range g.all {
		if g.o.Rows < 1 && random.Float64() >= g.o.Rows {
			continue
		}
		term := sums{int64(first[i] * scale1), uint64(second[i]*scale2)<<countBits + 1}
		g.rows = append(g.rows, r)
		g.terms = append(g.terms, term)
		root.total.add(term)
	}
	root.to = len(g.rows)
	columns := int(math.Ceil(g.o.Features * float64(len(g.m.columns))))
	g.columns = g.columns[:0]
	for _, c := range random.Perm(len(g.m.columns))[:columns] {
		g.columns = append(g.columns, int32(c))
	}
	return root
}

// partition brings the rows of a leaf that go left before those that go right, each in their order.
func (g *grower) partition(parent *growing) (left, right *growing) {
	column := g.m.columns[parent.best.column].bins
	left, right = new(growing), new(growing)
	at, rest := parent.from, 0
	for i := parent.from; i < parent.to; i++ {
		row, term := g.rows[i], g.terms[i]
		if parent.best.goesLeft(column[row]) {
			g.rows[at], g.terms[at] = row, term
			left.total.add(term)
			at++
		} else {
			g.rest[rest], g.restOf[rest] = row, term
			rest++
		}
	}
	copy(g.rows[at:], g.rest[:rest])
	copy(g.terms[at:], g.restOf[:rest])
	right.total = parent.total.less(left.total)
	left.from, left.to, right.from, right.to = parent.from, at, at, parent.to
	return left, right
}

// worthSharing is the number of values from which on a histogram is made on several cores: below, they would wait for
// each other longer than they work.
const worthSharing = 1 << 19

// eachColumn calls work for the columns of the tree; it looks at so many rows.
func (g *grower) eachColumn(rows int, work func(c int32)) {
	if rows*len(g.columns) < worthSharing {
		for _, c := range g.columns {
			work(c)
		}
		return
	}
	cores.Each(len(g.columns), func(i int) { work(g.columns[i]) })
}

// seek finds the best split of the root.
func (g *grower) seek(root *growing) {
	root.histogram = g.newHistogram()
	g.eachColumn(root.total.rows(), func(c int32) {
		h := &root.histogram[c]
		g.count(c, h, root)
		g.splits[0][c] = g.bestOf(c, h, root.total)
	})
	root.best = g.choose(g.splits[0])
}

// seekBoth finds the best splits of two siblings. The histogram of the larger is what their parent's has more than that
// of the smaller, which is made only if that can be split.
func (g *grower) seekBoth(small, large *growing, parent histogram) {
	large.histogram = parent
	if large.total.rows() < 2*g.o.MinRows {
		return
	}
	if small.total.rows() >= 2*g.o.MinRows {
		small.histogram = g.newHistogram()
	}
	g.eachColumn(small.total.rows(), func(c int32) {
		h := &parent[c]
		if small.histogram == nil {
			bins := g.m.columns[c].bins
			for i := small.from; i < small.to; i++ {
				h[bins[g.rows[i]]].sub(g.terms[i])
			}
		} else {
			own := &small.histogram[c]
			g.count(c, own, small)
			for bin := range g.m.columns[c].used {
				h[bin].sub(own[bin])
			}
			g.splits[1][c] = g.bestOf(c, own, small.total)
		}
		g.splits[0][c] = g.bestOf(c, h, large.total)
	})
	large.best = g.choose(g.splits[0])
	if small.histogram != nil {
		small.best = g.choose(g.splits[1])
	}
}

// count makes the histogram of a leaf in one column.
func (g *grower) count(c int32, h *[bins]sums, leaf *growing) {
	column := &g.m.columns[c]
	clear(h[:column.used])
	terms := g.terms[leaf.from:leaf.to]
	for i, r := range g.rows[leaf.from:leaf.to] {
		cell := &h[column.bins[r]]
		cell.first += terms[i].first
		cell.second += terms[i].second
	}
}

func (g *grower) newHistogram() histogram {
	if last := len(g.pool) - 1; last >= 0 {
		h := g.pool[last]
		g.pool = g.pool[:last]
		return h
	}
	return make(histogram, len(g.m.columns))
}

// choose returns the split that gains most, of the lowest column among equals.
func (g *grower) choose(splits []split) split {
	best := split{column: math.MaxInt32}
	for _, c := range g.columns {
		if s := splits[c]; s.gain > best.gain || s.gain == best.gain && s.gain > 0 && c < best.column {
			best = s
		}
	}
	return best
}

// bestOf returns the best split of a leaf by one column.
func (g *grower) bestOf(c int32, h *[bins]sums, total sums) split {
	column := &g.m.columns[c]
	best := split{column: c, category: column.category}
	without := g.score(total)
	try := func(left sums, bin int, missingLeft bool) {
		right := total.less(left)
		if left.rows() < g.o.MinRows || right.rows() < g.o.MinRows {
			return
		}
		if gain := g.score(left) + g.score(right) - without; gain > best.gain {
			best.gain, best.bin, best.missingLeft = gain, uint8(bin), missingLeft
		}
	}
	gone := h[missing]
	var left sums
	for bin := 1; bin < column.used; bin++ {
		if h[bin].second == 0 {
			continue
		}
		if column.category {
			left = sums{}
		}
		left.add(h[bin])
		try(left, bin, gone.second == 0 && 2*left.rows() > total.rows()) // missing only elsewhere: with the majority
		if gone.second > 0 && !column.category {
			with := left
			with.add(gone)
			try(with, bin, true)
		}
	}
	if column.category && gone.second > 0 {
		try(gone, missing, true)
	}
	return best
}

// leastSecond keeps a leaf of rows that are all but certain from being divided by next to nothing.
const leastSecond = 1e-3

// derivatives returns the sums in units of the loss, the second with L2.
func (g *grower) derivatives(s sums) (first, second float64) {
	return float64(s.first) * g.unit1, max(float64(s.second>>countBits)*g.unit2+g.o.L2, leastSecond)
}

// score returns twice the loss that rows lose in a leaf of their own.
func (g *grower) score(s sums) float64 {
	first, second := g.derivatives(s)
	return first * first / second
}

func (g *grower) leafValue(s sums) float64 {
	first, second := g.derivatives(s)
	return -g.o.Rate * first / second
}
