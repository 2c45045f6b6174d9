package lanes_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"syscall"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
	"github.com/wangkuiyi/gotorch/leaktest"
)

const context = 16

func newCorpus(t *testing.T, v *lanes.Vocabulary, streams ...[]row) *lanes.Corpus {
	t.Helper()
	return newCorpusIn(t, v, 0, nil, streams...)
}

func newCorpusIn(t testing.TB, v *lanes.Vocabulary, memory int64, file *os.File, streams ...[]row) *lanes.Corpus {
	t.Helper()
	c, err := lanes.NewCorpus(newTables(t, v), memory, file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Free)
	for _, s := range streams {
		// In two parts, the first of which may be empty.
		cut := len(s) / 3
		if err := errors.Join(lanes.Append(c, s[:cut], true), lanes.Append(c, s[cut:], cut == 0)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// batch is a lanes.Batch copied to slices.
type batch struct {
	bag, position, row, target, tupleRow, tupleBag, peerRow, peerBag, sizeBag, joint, answeredBag, lastedBag, chosenRow, chosenBag []int64
	numeric, valid, plan, weight, rest, bounds, tupleMask, peerMask, sizeNumeric, sizeMask, answered, lasted, chosen               []float32
	subsets                                                                                                                        [9][]int64 // those of packets and bytes by their places in the batch
	chunks, table, positions, scored                                                                                               int
}

func replay(t *testing.T, c *lanes.Corpus, chunks []lanes.Chunk, length int) *batch {
	t.Helper()
	var out *batch
	torch.With(func(scope *torch.Scope) {
		b, err := c.Replay(scope, chunks, context, length)
		if err != nil {
			t.Fatal(err)
		}
		out = &batch{
			bag: b.Bag.Int64s(), position: b.Position.Int64s(), row: b.Row.Int64s(), target: b.Target.Int64s(),
			tupleRow: b.TupleRow.Int64s(), tupleBag: b.TupleBag.Int64s(), peerRow: b.PeerRow.Int64s(), peerBag: b.PeerBag.Int64s(),
			joint: b.Joint.Int64s(), answeredBag: b.AnsweredBag.Int64s(), answered: b.Answered.Float32s(), lastedBag: b.LastedBag.Int64s(), lasted: b.Lasted.Float32s(), chosenRow: b.ChosenRow.Int64s(), chosenBag: b.ChosenBag.Int64s(), numeric: b.Numeric.Float32s(), valid: b.Valid.Float32s(),
			plan: b.Plan.Float32s(), weight: b.Weight.Float32s(), rest: b.Rest.Float32s(), bounds: b.Bounds.Float32s(),
			tupleMask: b.TupleMask.Float32s(), peerMask: b.PeerMask.Float32s(), sizeBag: b.SizeBag.Int64s(),
			sizeNumeric: b.SizeNumeric.Float32s(), sizeMask: b.SizeMask.Float32s(), chosen: b.Chosen.Float32s(),
			chunks: len(chunks), positions: context + length, scored: int(b.Weight.Numel()),
		}
		for i, x := range []torch.Tensor{
			b.Fresh, b.New, b.LocalPorts, b.RemotePorts, b.GapMix, b.DurationMix, b.Sized, b.PacketsMix, b.BytesMix,
		} {
			out.subsets[i] = x.Int64s()
		}
		for _, of := range out.subsets[7:] {
			for i, place := range of {
				of[i] = out.subsets[6][place]
			}
		}
	})
	s := lanes.SizesOf()
	out.table = s.Tuples + s.Peers + out.positions
	return out
}

// of is row i of an array of rows.
func of[T any](x []T, rows, i int) []T { return x[i*len(x)/rows : (i+1)*len(x)/rows] }

func (b *batch) bagOf(row int64) []int64 { return of(b.bag, b.chunks*b.table, int(row)) }

// checkRow compares scored row i with what a naive lane says of r.
func (b *batch) checkRow(t *testing.T, i int, n *naive, r *row) {
	t.Helper()
	y, rest := n.target(r)
	if got := of(b.target, b.scored, i); !slices.Equal(got, y[:]) {
		t.Fatalf("row %d: targets %v, want %v", i, got, y)
	}
	for h, got := range of(b.rest, b.scored, i) {
		if math.Abs(float64(got)-rest[h]) > 1e-4 {
			t.Fatalf("row %d, head %d: rest %g, want %g", i, h, got, rest[h])
		}
	}
	if got, want := b.bagOf(b.row[i]), n.bag(n.recalled(r), n.tuples.rank(r), n.peers.rank(r)); !slices.Equal(got, want) {
		t.Fatalf("row %d: inputs %v, want %v", i, got, want)
	}
	b.checkCandidates(t, i, n, &n.tuples, r.End, b.tupleRow, b.tupleBag, b.tupleMask)
	b.checkCandidates(t, i, n, &n.peers, r.End, b.peerRow, b.peerBag, b.peerMask)
	b.checkSizes(t, i, n, r)
	if got, want := of(b.joint, b.scored, i), n.joint(r); !slices.Equal(got, want) {
		t.Fatalf("row %d: joint inputs %v, want %v", i, got, want)
	}
	size, sizeAt := n.answeredSize(r)
	if got, at := of(b.answeredBag, b.scored, i), of(b.answered, b.scored, i); !slices.Equal(got, size) ||
		math.Abs(float64(at[0])-sizeAt[0]) > 1e-5 || math.Abs(float64(at[1])-sizeAt[1]) > 1e-5 {
		t.Fatalf("row %d: answers size %v at %v, want %v at %v", i, got, at, size, sizeAt)
	}
	classes, at := n.lasted(r)
	if got := of(b.lastedBag, b.scored, i); !slices.Equal(got, classes) {
		t.Fatalf("row %d: durations %v, want %v", i, got, classes)
	}
	for k, got := range of(b.lasted, b.scored, i) {
		if math.Abs(float64(got)-at[k]) > 1e-5 {
			t.Fatalf("row %d: duration %d lies at %g, want %g", i, k, got, at[k])
		}
	}
	b.checkChosen(t, i, n, r)
	for k, x := range []struct {
		of    lanes.Values
		value int64
	}{{n.v.Gap, r.Gap}, {n.v.Duration, r.Duration}, {n.v.Packets, r.Packets}, {n.v.Bytes, r.Bytes}} {
		want := binOf(x.of, x.value)
		got := of(b.bounds, b.scored, i)[2*k : 2*k+2]
		if math.Abs(float64(got[1])-want.upper) > 1e-5 || x.value > 0 && math.Abs(float64(got[0])-want.lower) > 1e-5 ||
			x.value == 0 && !math.IsInf(float64(got[0]), -1) {
			t.Fatalf("row %d: bin %v of value %d, want %g to %g", i, got, x.value, want.lower, want.upper)
		}
	}
	s := lanes.SizesOf()
	for k, want := range []bool{
		y[conversation] == int64(s.Tuples), y[place] != none, y[localPort] != none, y[remotePort] != none,
		y[gap] == int64(len(n.v.Gap.Exact)), y[duration] == int64(len(n.v.Duration.Exact)), y[repeat] == int64(s.Repeats),
		y[packets] == int64(len(n.v.Packets.Exact)), y[bytes] == int64(len(n.v.Bytes.Exact)),
	} {
		if got := slices.Contains(b.subsets[k], int64(i)); got != want {
			t.Fatalf("row %d is in list %d: %t, want %t", i, k, got, want)
		}
	}
}

func (b *batch) checkCandidates(t *testing.T, i int, n *naive, l *list, now int64, rows, bags []int64, masks []float32) {
	t.Helper()
	row, bag, mask := of(rows, b.scored, i), of(bags, b.scored, i), of(masks, b.scored, i)
	used := 0
	for rank := range l.items {
		x := &l.items[rank]
		if mask[x.slot] != 0 {
			t.Fatalf("row %d: slot %d of %d is masked", i, x.slot, l.limit)
		}
		if got, want := of(bag, l.limit, x.slot), n.about(x, rank, now); !slices.Equal(got, want) {
			t.Fatalf("row %d, slot %d of %d: %v is known of it, want %v", i, x.slot, l.limit, got, want)
		}
		if got, want := b.bagOf(row[x.slot]), n.bag(&x.row, x.tuple, x.peer); !slices.Equal(got, want) {
			t.Fatalf("row %d, slot %d of %d: its row is %v, want %v", i, x.slot, l.limit, got, want)
		}
		used++
	}
	for _, m := range mask {
		if m == 0 {
			used--
		}
	}
	if used != 0 {
		t.Fatalf("row %d: %d more slots of %d are open than used", i, -used, l.limit)
	}
}

func (b *batch) checkSizes(t *testing.T, i int, n *naive, r *row) {
	t.Helper()
	s, offered := lanes.SizesOf(), n.offered(r)
	bag, numeric, mask := of(b.sizeBag, b.scored, i), of(b.sizeNumeric, b.scored, i), of(b.sizeMask, b.scored, i)
	for c := range s.Repeats {
		if used := c < len(offered); (mask[c] == 0) != used {
			t.Fatalf("row %d: size %d of %d is masked by %g", i, c, len(offered), mask[c])
		} else if !used {
			continue
		}
		x := &offered[c]
		if got, want := of(bag, s.Repeats, c), n.aboutSize(x, r, c); !slices.Equal(got, want) {
			t.Fatalf("row %d: %v is known of size %d, want %v", i, got, c, want)
		}
		packets, bytes := math.Log(float64(x.packets+1)), math.Log(float64(x.bytes+1))
		morePackets, moreBytes := 0.0, 0.0
		if last := n.answered(r); last != nil {
			morePackets, moreBytes = packets-math.Log(float64(last.Packets+1)), bytes-math.Log(float64(last.Bytes+1))
		}
		for k, want := range []float64{packets / 2, bytes/4 - 1, morePackets / 2, moreBytes / 4} {
			if got := float64(of(numeric, s.Repeats, c)[k]); math.Abs(got-want) > 1e-5 {
				t.Fatalf("row %d: number %d of size %d is %g, want %g", i, k, c, got, want)
			}
		}
	}
}

func (b *batch) checkChosen(t *testing.T, i int, n *naive, r *row) {
	t.Helper()
	s := lanes.SizesOf()
	l, start := &n.tuples, int64(0)
	if n.tuples.rank(r) == s.Tuples {
		l, start = &n.peers, int64(s.CandidateRows+s.Tuples)
	}
	want, flag := slices.Repeat([]int64{int64(2*s.CandidateRows + s.Tuples + s.Peers)}, s.CandidateBag), float32(0)
	if rank := l.rank(r); rank < l.limit {
		flag, want = 1, n.about(&l.items[rank], rank, r.End)
		for k := range want {
			want[k] += start
		}
		x := &l.items[rank]
		if got, row := b.bagOf(b.chosenRow[i]), n.bag(&x.row, x.tuple, x.peer); !slices.Equal(got, row) {
			t.Fatalf("row %d: follows %v, want %v", i, got, row)
		}
	}
	if got := of(b.chosenBag, b.scored, i); b.chosen[i] != flag || !slices.Equal(got, want) {
		t.Fatalf("row %d: follows %g with %v, want %g with %v", i, b.chosen[i], got, flag, want)
	}
}

// Every number of a batch must be what the lists, kept naively, say.
func TestReplayAgainstNaiveLists(t *testing.T) {
	for name, without := range map[string]lanes.Without{
		"whole": {}, "without conversations": {Conversations: true}, "without atoms": {Atoms: true},
	} {
		t.Run(name, func(t *testing.T) { testReplayAgainstNaiveLists(t, without) })
	}
}

func testReplayAgainstNaiveLists(t *testing.T, without lanes.Without) {
	leaktest.Check(t)
	v := world()
	v.Without = without
	r := rand.New(rand.NewPCG(1, 2))
	streams := [][]row{stream(v, r, 700, 17_000*day+hour), stream(v, r, 1, -5*day), stream(v, r, 90, 17_000*day)}
	c := newCorpus(t, v, streams...)
	for name, tc := range map[string]struct {
		stream, from int
		cold         bool
	}{
		"from the start":                  {0, 0, false},
		"from the start, cold":            {0, 0, true},
		"after a snapshot":                {0, 300, false},
		"at a snapshot":                   {0, 256, false},
		"with context before a snapshot":  {0, 512 + context - 1, false},
		"less rows before than context":   {2, context - 3, false},
		"cold in the middle":              {0, 333, true},
		"cold at a snapshot":              {0, 512, true},
		"the last row":                    {0, 699, false},
		"a stream of one row":             {1, 0, false},
		"a stream shorter than a window":  {2, 0, false},
		"the end of a stream, cold":       {2, 80, true},
		"the first row of another stream": {2, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			const length = 200
			first := int64(0)
			for _, s := range streams[:tc.stream] {
				first += int64(len(s))
			}
			rows := streams[tc.stream]
			b := replay(t, c, []lanes.Chunk{{Row: first + int64(tc.from), Cold: tc.cold}}, length)
			n := newNaive(v)
			if !tc.cold {
				for i := range rows[:tc.from] {
					n.see(&rows[i])
				}
			}
			want := min(length, len(rows)-tc.from)
			for i := range want {
				x := &rows[tc.from+i]
				b.checkRow(t, i, n, x)
				if b.weight[i] != 1 || b.position[i] != int64(context+i) || b.row[i] != int64(b.table-b.positions+context+i) {
					t.Fatalf("row %d: weight %g at position %d and row %d", i, b.weight[i], b.position[i], b.row[i])
				}
				n.see(x)
			}
			before := min(tc.from, context)
			if tc.cold {
				before = 0
			}
			for p, got := range b.valid {
				if want := p >= context-before && p < context+want; (got == 1) != want {
					t.Errorf("position %d: valid %g, want %t", p, got, want)
				}
			}
			b.checkPadding(t, want)
		})
	}
}

// A window with a foreign past remembers the other stream's rows, at its own times; its plan is its own.
func TestForeignPast(t *testing.T) {
	leaktest.Check(t)
	v := world()
	r := rand.New(rand.NewPCG(11, 12))
	own, other := stream(v, r, 600, 17_000*day+20*hour), stream(v, r, 300, 16_000*day)
	c := newCorpus(t, v, own, other)
	const length = 60
	for name, tc := range map[string]struct{ from, foreign, rows int }{
		"as long as the context":   {300, 50, context},
		"longer than the context":  {300, 50, 2 * context},
		"some rows":                {400, 290, 5},
		"longer than what is left": {3, 10, context},
		"through midnight":         {midnight(own) + 3, 0, context},
	} {
		t.Run(name, func(t *testing.T) {
			chunk := lanes.Chunk{Row: int64(tc.from), Foreign: int64(len(own) + tc.foreign), ForeignRows: tc.rows}
			b, plain := replay(t, c, []lanes.Chunk{chunk}, length), replay(t, c, []lanes.Chunk{{Row: int64(tc.from)}}, length)
			// Later rows repeat other rows than they did, which shows in what is done of the plan.
			if !slices.Equal(of(b.plan, b.positions, context), of(plain.plan, plain.positions, context)) {
				t.Error("a foreign past changes what is done of the plan before the window")
			}
			n, alone := newNaive(v), newNaive(v)
			stray := max(tc.from-context, tc.from-tc.rows, 0)
			for i := range tc.from {
				x := own[i]
				alone.see(&own[i])
				if i >= stray {
					x = other[tc.foreign+i-stray]
					x.End, x.Gap, x.GapAtom = own[i].End, own[i].Gap, own[i].GapAtom
				}
				n.see(&x)
			}
			n.own = alone
			for i := range length {
				b.checkRow(t, i, n, &own[tc.from+i])
				n.see(&own[tc.from+i])
				alone.see(&own[tc.from+i])
			}
		})
	}
}

// Rows from networks are counted by how many remotes they could come back to, and whether they did.
func TestReturnsAgainstNaiveLists(t *testing.T) {
	leaktest.Check(t)
	v := world()
	r := rand.New(rand.NewPCG(17, 18))
	streams := [][]row{stream(v, r, 4000, 17_000*day), stream(v, r, 3000, 17_000*day)}
	for _, s := range streams { // a few hosts in each network, and some anywhere
		for i := range s {
			if x := &s[i]; x.Place >= firstNetwork && r.IntN(8) == 0 {
				x.Addr, x.Place = ipv4(90, 0, 0, byte(r.IntN(60))), anyIPv4
			} else if x.Place >= firstNetwork {
				x.Addr[3] += uint32(r.IntN(3))
			}
		}
	}
	var rows, returns [2][met + 1]int64
	for _, s := range streams {
		n := newNaive(v)
		for i := range s {
			x := &s[i]
			if x.Place >= firstNetwork && n.peers.rank(x) == n.peers.limit {
				all, own := n.returnable(x)
				kind := 0
				if x.Place >= anyIPv4 {
					kind = 1
				}
				rows[kind][all]++
				returns[kind][all] += int64(min(own, 1))
			}
			n.see(x)
		}
	}
	gotRows, gotReturns := newCorpus(t, v, streams...).Returns()
	for kind := range rows {
		if !slices.Equal(gotRows[kind], rows[kind][:]) || !slices.Equal(gotReturns[kind], returns[kind][:]) {
			t.Errorf("kind %d: %d of %d rows came back, want %d of %d", kind, gotReturns[kind], gotRows[kind], returns[kind], rows[kind])
		}
		if slices.Max(returns[kind][:]) < 10 {
			t.Errorf("kind %d: %d returns of %d rows: the test shows nothing", kind, returns[kind], rows[kind])
		}
	}
}

// midnight is the first row of the second day.
func midnight(rows []row) int {
	return slices.IndexFunc(rows, func(r row) bool { return r.End/day != rows[0].End/day })
}

// A blurred plan is off by about what it says, in a way that the seed fixes, and nothing else changes.
func TestBlurredPlan(t *testing.T) {
	leaktest.Check(t)
	v := world()
	rows := stream(v, rand.New(rand.NewPCG(13, 14)), 400, 17_000*day+hour)
	c := newCorpus(t, v, rows)
	inputs := lanes.SizesOf().PlanInputs
	first := func(blur float32, seed uint64) []float32 {
		b := replay(t, c, []lanes.Chunk{{Row: 100, Blur: blur, NoiseSeed: seed}}, 50)
		return b.plan[context*inputs : (context+1)*inputs]
	}
	sharp := first(0, 1)
	if !slices.Equal(sharp, first(0, 2)) || !slices.Equal(first(0.1, 3), first(0.1, 3)) || slices.Equal(first(0.1, 3), first(0.1, 4)) {
		t.Error("the seed decides what it should not, or does not what it should")
	}
	var squares float64
	const draws = 300
	for seed := range uint64(draws) {
		squares += math.Pow(float64(first(0.1, seed)[outboundMark]-sharp[outboundMark]), 2)
	}
	p := float64(sharp[outboundMark])
	// The standard error of a standard deviation of 300 draws is 4 %.
	if got, want := math.Sqrt(squares/draws), 0.1*math.Sqrt(p*(1-p)+1e-3); math.Abs(got/want-1) > 0.2 {
		t.Errorf("the share of outbound rows is off by %g, want about %g", got, want)
	}
}

// checkPadding looks at all behind the scored rows.
func (b *batch) checkPadding(t *testing.T, filled int) {
	t.Helper()
	if b.scored <= filled || b.scored%64 != 0 {
		t.Errorf("%d rows of a batch of %d, want a multiple of 64 with an empty one", filled, b.scored)
	}
	for i := filled; i < b.scored; i++ {
		if b.weight[i] != 0 || b.chosen[i] != 0 {
			t.Fatalf("padding %d has weight %g and follows %g", i, b.weight[i], b.chosen[i])
		}
		for h, y := range of(b.target, b.scored, i) {
			if y != none || of(b.rest, b.scored, i)[h] != 0 {
				t.Fatalf("padding %d has target %d and rest %g for head %d", i, y, of(b.rest, b.scored, i)[h], h)
			}
		}
	}
	for k, list := range b.subsets {
		if len(list)%64 != 0 || list[len(list)-1] != int64(b.scored-1) {
			t.Errorf("list %d: %d rows, the last is %d, want a multiple of 64 that ends in %d", k, len(list), list[len(list)-1], b.scored-1)
		}
	}
}

// Where a window begins must not change what is known of a row: lists, counts, and what is done of the day.
func TestWindowsAgree(t *testing.T) {
	leaktest.Check(t)
	v := world()
	r := rand.New(rand.NewPCG(3, 4))
	rows := stream(v, r, 900, 17_000*day+20*hour) // through midnight
	c := newCorpus(t, v, rows)
	whole := replay(t, c, []lanes.Chunk{{Row: 0}}, len(rows))
	for _, from := range []int{1, 10, 255, 256, 257, 400, 511, 640, 899} {
		b := replay(t, c, []lanes.Chunk{{Row: int64(from)}}, 70)
		for p := range b.positions {
			at := from - context + p
			if b.valid[p] == 0 {
				continue
			}
			got, want := of(b.plan, b.positions, p), of(whole.plan, whole.positions, context+at)
			if !slices.Equal(got, want) {
				t.Fatalf("window at %d: plan inputs of row %d are %v, want %v", from, at, got, want)
			}
		}
		for i := 0; i < b.scored && b.weight[i] == 1; i++ {
			w := from + i
			for what, x := range map[string][2][]int64{
				"targets":       {of(b.target, b.scored, i), of(whole.target, whole.scored, w)},
				"conversations": {of(b.tupleBag, b.scored, i), of(whole.tupleBag, whole.scored, w)},
				"peers":         {of(b.peerBag, b.scored, i), of(whole.peerBag, whole.scored, w)},
				"inputs":        {b.bagOf(b.row[i]), whole.bagOf(whole.row[w])},
			} {
				if !slices.Equal(x[0], x[1]) {
					t.Fatalf("window at %d: %s of row %d are %v, want %v", from, what, w, x[0], x[1])
				}
			}
		}
	}
}

// Several windows in one batch are what each is alone, with indices moved to its place.
func TestBatchOfWindows(t *testing.T) {
	leaktest.Check(t)
	v := world()
	r := rand.New(rand.NewPCG(5, 6))
	c := newCorpus(t, v, stream(v, r, 300, 0), stream(v, r, 40, 3*hour))
	chunks := []lanes.Chunk{{Row: 250}, {Row: 20, Cold: true}, {Row: 310}, {Row: 0}}
	const length = 64
	b := replay(t, c, chunks, length)
	at := 0
	for k, chunk := range chunks {
		one := replay(t, c, []lanes.Chunk{chunk}, length)
		for i := 0; one.weight[i] == 1; i++ {
			if b.position[at] != one.position[i]+int64(k*b.positions) || b.row[at] != one.row[i]+int64(k*b.table) {
				t.Fatalf("window %d, row %d: position %d and row %d", k, i, b.position[at], b.row[at])
			}
			for s, got := range of(b.tupleRow, b.scored, at) {
				if of(b.tupleMask, b.scored, at)[s] == 0 && got != of(one.tupleRow, one.scored, i)[s]+int64(k*b.table) {
					t.Fatalf("window %d, row %d: conversation %d is row %d of the batch", k, i, s, got)
				}
			}
			if got, want := of(b.target, b.scored, at), of(one.target, one.scored, i); !slices.Equal(got, want) {
				t.Fatalf("window %d, row %d: targets %v, want %v", k, i, got, want)
			}
			at++
		}
		if got, want := of(b.plan, len(chunks), k), one.plan; !slices.Equal(got, want) {
			t.Fatalf("window %d: plan inputs differ from the window's alone", k)
		}
		if got, want := of(b.numeric, len(chunks), k), one.numeric; !slices.Equal(got, want) {
			t.Fatalf("window %d: continuous inputs differ from the window's alone", k)
		}
	}
	b.checkPadding(t, at)
}

// Whatever the rows, every index points into its table.
func TestIndicesStayInside(t *testing.T) {
	leaktest.Check(t)
	v := world()
	s := lanes.SizesOf()
	var last int64
	for i, n := range inputs(v) {
		last = v.BagOffset[i] + n
	}
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 9))
		streams := [][]row{stream(v, r, 1+r.IntN(400), r.Int64N(20_000*day)-5000*day), stream(v, r, 1+r.IntN(90), 0)}
		c := newCorpus(t, v, streams...)
		var chunks []lanes.Chunk
		for range 9 {
			chunks = append(chunks, lanes.Chunk{Row: r.Int64N(int64(len(streams[0]) + len(streams[1]))), Cold: r.IntN(2) == 0})
		}
		b := replay(t, c, chunks, 1+r.IntN(100))
		rows, scored := int64(len(chunks)*b.table), int64(b.scored)
		for name, x := range map[string]struct {
			index []int64
			end   int64
		}{
			"inputs": {b.bag, last}, "positions": {b.position, int64(len(chunks) * b.positions)}, "rows": {b.row, rows},
			"conversations' rows": {b.tupleRow, rows}, "peers' rows": {b.peerRow, rows}, "followed rows": {b.chosenRow, rows},
			"conversations": {b.tupleBag, int64(s.CandidateRows + s.Tuples)}, "peers": {b.peerBag, int64(s.CandidateRows + s.Peers)},
			"followed": {b.chosenBag, int64(2*s.CandidateRows + s.Tuples + s.Peers + 1)},
			"fresh":    {b.subsets[0], scored}, "new": {b.subsets[1], scored}, "bytes": {b.subsets[8], scored},
		} {
			if least, most := slices.Min(x.index), slices.Max(x.index); least < 0 || most >= x.end {
				t.Errorf("%s: %d to %d, want 0 to %d", name, least, most, x.end-1)
			}
		}
		for i, y := range b.target {
			if h := i % heads; y != none && (y < 0 || y >= int64(classes(v, h))) {
				t.Errorf("target %d of head %d, want 0 to %d", y, h, classes(v, h)-1)
			}
		}
		for _, p := range b.position { // the trunk's output before the row must be the window's own
			if p%int64(b.positions) == 0 {
				t.Errorf("position %d has none before it", p)
			}
		}
		if i := slices.IndexFunc(slices.Concat(b.numeric, b.plan, b.rest), func(x float32) bool { return x-x != 0 }); i >= 0 {
			t.Errorf("number %d of inputs, plans and rests is not finite", i)
		}
	}
}

// noServiceMark and outboundMark are the places of the shares of rows that have no port at a service, and that go out, in
// cgo/shim/lanes/lane.h.
const noServiceMark, outboundMark = labelMark + 11, labelMark + 13

// atService tells ports below 1024 and those of services.
func atService(v *lanes.Vocabulary, port uint16) bool {
	return port < 1024 || v.PortService[port] != 255
}

func TestPlansSumUpDays(t *testing.T) {
	v := world()
	r := rand.New(rand.NewPCG(7, 8))
	streams := [][]row{stream(v, r, 800, 17_000*day+22*hour), stream(v, r, 10, -3*day+hour)}
	c := newCorpus(t, v, streams...)
	plans, of, err := lanes.Plans[plan](c, 0, c.Days())
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for k, rows := range streams {
		for len(rows) > 0 {
			d := int64(math.Floor(float64(rows[0].End) / float64(day)))
			var hours [24]int32
			n, outbound, unserved := 0, 0, 0
			for n < len(rows) && rows[n].End < (d+1)*day {
				hours[(rows[n].End-d*day)/hour]++
				outbound += int(rows[n].Outbound)
				if r := rows[n]; (r.Proto == 6 || r.Proto == 17) && !atService(v, r.LocalPort) && !atService(v, r.RemotePort) {
					unserved++
				}
				n++
			}
			p := plans[at]
			if int(of[at]) != k || p.Day != d || int(p.Rows) != n || p.HourRows != hours {
				t.Errorf("day %d: stream %d, day %d, %d rows %v, want %d, %d, %d %v", at, of[at], p.Day, p.Rows, p.HourRows, k, d, n, hours)
			}
			if got, want := p.Mean[outboundMark], float32(outbound)/float32(n); math.Abs(float64(got-want)) > 1e-5 {
				t.Errorf("day %d: %g of the rows go out, want %g", at, got, want)
			}
			if got, want := p.Mean[noServiceMark], float32(unserved)/float32(n); math.Abs(float64(got-want)) > 1e-5 {
				t.Errorf("day %d: %g of the rows have no service, want %g", at, got, want)
			}
			rows = rows[n:]
			at++
		}
	}
	if at != len(plans) {
		t.Errorf("%d days, want %d", len(plans), at)
	}
}

func TestCorpusRefuses(t *testing.T) {
	leaktest.Check(t)
	v := world()
	rows := stream(v, rand.New(rand.NewPCG(1, 1)), 5, 0)
	c := newCorpus(t, v, rows)
	for name, tc := range map[string]struct {
		chunk           lanes.Chunk
		context, length int
	}{
		"a row before the first":          {lanes.Chunk{Row: -1}, 16, 16},
		"a row after the last":            {lanes.Chunk{Row: 5}, 16, 16},
		"a past before the first row":     {lanes.Chunk{Row: 3, Foreign: -1, ForeignRows: 1}, 16, 16},
		"a past that ends after the last": {lanes.Chunk{Row: 3, Foreign: 4, ForeignRows: 2}, 16, 16},
		"a past of less than no rows":     {lanes.Chunk{Row: 3, Foreign: 4, ForeignRows: -2}, 16, 16},
		"no context":                      {lanes.Chunk{}, 0, 16},
		"no length":                       {lanes.Chunk{}, 16, 0},
	} {
		t.Run(name, func(t *testing.T) {
			torch.With(func(scope *torch.Scope) {
				if _, err := c.Replay(scope, []lanes.Chunk{tc.chunk}, tc.context, tc.length); !errors.Is(err, torch.ErrTorch) {
					t.Errorf("got error %v, want one of the shim", err)
				}
				if scope.Len() != 0 {
					t.Errorf("%d tensors are left, want none", scope.Len())
				}
			})
		})
	}
	empty := newCorpus(t, v)
	if err := lanes.Append(empty, rows, false); !errors.Is(err, torch.ErrTorch) {
		t.Errorf("rows before any stream: got error %v, want one of the shim", err)
	}
	if plans, _, err := lanes.Plans[plan](empty, 0, 0); err != nil || len(plans) != 0 {
		t.Errorf("plans of no rows: %v and error %v, want none", plans, err)
	}
	if err := torch.Try(func() { _ = lanes.Append(empty, []int32{1}, true) }); !errors.Is(err, torch.ErrShape) {
		t.Errorf("rows of another size: got error %v, want %v", err, torch.ErrShape)
	}
	if _, _, err := lanes.Plans[plan](c, 0, c.Days()+1); !errors.Is(err, torch.ErrTorch) {
		t.Errorf("plans of more days than there are: got error %v, want one of the shim", err)
	}
	if err := torch.Try(func() { _, _, _ = lanes.Plans[int64](c, 0, 1) }); !errors.Is(err, torch.ErrShape) {
		t.Errorf("plans of another size: got error %v, want %v", err, torch.ErrShape)
	}
}

// A corpus whose pages lie in a file, all or some, replays what one in memory does.
func TestCorpusInAFile(t *testing.T) {
	leaktest.Check(t)
	v := world()
	r := rand.New(rand.NewPCG(11, 12))
	streams := [][]row{stream(v, r, 6000, 17_000*day)}
	for range 200 {
		streams = append(streams, stream(v, r, 1+r.IntN(40), 17_000*day+r.Int64N(5*day)))
	}
	var rows int64
	for _, s := range streams {
		rows += int64(len(s))
	}
	chunks := []lanes.Chunk{{Row: 5999}, {Row: 6000}, {Row: rows - 1}}
	for range 60 {
		k := lanes.Chunk{Row: r.Int64N(rows), Cold: r.IntN(3) == 0, Blur: 0.1, NoiseSeed: r.Uint64()}
		if r.IntN(2) == 0 {
			k.ForeignRows = 1 + r.IntN(context)
			k.Foreign = r.Int64N(rows - int64(k.ForeignRows))
		}
		chunks = append(chunks, k)
	}
	held := newCorpus(t, v, streams...)
	want := replay(t, held, chunks, 256)
	days, of, err := lanes.Plans[plan](held, 0, held.Days())
	if err != nil {
		t.Fatal(err)
	}
	bytes, _ := held.Bytes()
	for name, memory := range map[string]int64{"all": 0, "half": bytes / 2, "none": bytes} {
		t.Run(name, func(t *testing.T) {
			file, err := os.CreateTemp(t.TempDir(), "")
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			c := newCorpusIn(t, v, memory, file, streams...)
			inMemory, written := c.Bytes()
			if inMemory > memory || inMemory+written != bytes || (written == 0) != (name == "none") {
				t.Errorf("%d bytes held and %d written of %d, with a memory of %d", inMemory, written, bytes, memory)
			}
			if info, err := file.Stat(); err != nil || info.Size() != written {
				t.Errorf("the file has %d bytes, want %d", info.Size(), written)
			}
			if !reflect.DeepEqual(replay(t, c, chunks, 256), want) {
				t.Error("the windows are others")
			}
			for _, from := range []int{0, 1, 130, c.Days() - 1} {
				got, streams, err := lanes.Plans[plan](c, from, c.Days()-from)
				if err != nil || !reflect.DeepEqual(got, days[from:]) || !slices.Equal(streams, of[from:]) {
					t.Errorf("the days from day %d are others, error %v", from, err)
				}
			}
		})
	}
}

func TestCorpusFileFails(t *testing.T) {
	leaktest.Check(t)
	v := world()
	rows := stream(v, rand.New(rand.NewPCG(1, 1)), 4000, 0)
	open := func(name string, flag int) *os.File {
		f, err := os.OpenFile(name, flag, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	full, err := lanes.NewCorpus(newTables(t, v), 0, open("/dev/full", os.O_RDWR))
	if err != nil {
		t.Fatal(err)
	}
	defer full.Free()
	if err := lanes.Append(full, rows, true); !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, torch.ErrTorch) {
		t.Errorf("on a full disk: got error %v, want %v", err, syscall.ENOSPC)
	}
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	c := newCorpusIn(t, v, 0, file, rows)
	if err := file.Truncate(1000); err != nil {
		t.Fatal(err)
	}
	torch.With(func(scope *torch.Scope) {
		if _, err := c.Replay(scope, []lanes.Chunk{{Row: 100}}, context, 16); !errors.Is(err, syscall.EIO) {
			t.Errorf("of a file cut short: got error %v, want %v", err, syscall.EIO)
		}
	})
}
