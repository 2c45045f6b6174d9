package torchmodel

import (
	"math"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
	"github.com/wangkuiyi/gotorch/leaktest"
	F "github.com/wangkuiyi/gotorch/nn/functional"

	"stan/dataset/encode"
)

// The order of a sum in float32 differs between W rows at once and a window of T; values are of order 1 to 100.
const sampledTolerance = 2e-4

func apart32(got, want float32) bool {
	return !(math.Abs(float64(got-want)) <= sampledTolerance*(1+math.Abs(float64(want))))
}

// What the sampler draws row by row, with rings and lists, must be what training sees when the rows come as data: the same
// inputs, the same outputs of the trunk, the same likelihood of each attribute.
func TestSamplingAgreesWithTraining(t *testing.T) {
	for name, without := range map[string]Without{
		"whole": {}, "without conversations": {Conversations: true}, "without profile": {Profile: true}, "without atoms": {Atoms: true},
	} {
		t.Run(name, func(t *testing.T) { testSamplingAgreesWithTraining(t, without) })
	}
}

func testSamplingAgreesWithTraining(t *testing.T, without Without) {
	leaktest.Check(t)
	c := smallConfig()
	c.Without = without
	w := newSampled(t, c)
	var jobs []job
	for host, quota := range []int64{300, 70, 128, 1, 90, 64, 33} { // lanes are refilled, streams cross a snapshot
		jobs = append(jobs, job{host: host, plans: []plan{evenPlan(5)}, quota: quota})
	}
	hosts := w.sample(jobs, math.MaxInt64/2, 3)
	for host := range jobs {
		if got, want := len(hosts[host]), int(jobs[host].quota); got != want {
			t.Fatalf("host %d has %d rows, want %d", host, got, want)
		}
	}
	misplaced := w.checkRows(hosts)
	r := w.replay(hosts)
	torch.NoGrad(func() {
		for i, host := range r.hosts {
			w.checkTrunk(r, r.streams[i], hosts[host])
			w.checkHeads(r, r.streams[i], hosts[host], misplaced[host])
		}
	})
}

// checkRows compares the drawn rows with what encoding makes of their flows, and returns the rows whose place differs, which
// the network does not see: the inputs of both are those of their first octet.
func (w *sampled) checkRows(hosts map[int][]drawn) map[int][]bool {
	t := w.t
	t.Helper()
	kinds := map[string]int{}
	sizes, offsets := lanes.SizesOf(), newLayout(w.vocabulary).offsets
	misplaced := map[int][]bool{}
	for host, rows := range hosts {
		misplaced[host] = make([]bool, len(rows))
		for i, got := range w.recode(host, rows) {
			want := rows[i].row
			if got.Place != want.Place && w.narrower(got.Place, want.Place) {
				misplaced[host][i] = true
				got.Place = want.Place
			}
			got.Repeat, got.BytesCopy, got.DurationCopy, got.Returnable, got.Returned = want.Repeat, want.BytesCopy, want.DurationCopy, want.Returnable, want.Returned // not known before the row is appended
			if got != want {
				t.Fatalf("host %d, row %d: drawn as %+v, encoded as %+v", host, i, want, got)
			}
			if got.GapAtom == uint16(len(w.vocabulary.Gap.Exact)) || got.BytesAtom == uint16(len(w.vocabulary.Bytes.Exact)) {
				kinds["rare value"]++
			}
			kinds[map[uint8]string{1: "ICMP", 6: "TCP", 17: "UDP", 47: "GRE"}[got.Proto]]++
			if got.Place == 0 {
				kinds["internal"]++
			}
			switch {
			case rows[i].bag[10]-offsets[10] < int64(sizes.Tuples):
				kinds["old conversation"]++
			case rows[i].bag[11]-offsets[11] < int64(sizes.Peers):
				kinds["new conversation of an old peer"]++
			default:
				kinds["new peer"]++
			}
		}
	}
	least := map[string]int{"ICMP": 10, "TCP": 10, "UDP": 10, "GRE": 10, "internal": 10, "rare value": 10, "new peer": 10}
	for _, kind := range []string{"old conversation", "new conversation of an old peer"} {
		if !w.net.config.Without.Conversations {
			least[kind] = 10
		} else if kinds[kind] > 0 {
			t.Errorf("%d rows of kind %s, want none without conversations", kinds[kind], kind)
		}
	}
	for kind, n := range least {
		if kinds[kind] < n {
			t.Errorf("%d rows of kind %s, want at least %d for this test to mean something", kinds[kind], kind, n)
		}
	}
	return misplaced
}

// window replays rows first to first+length of a stream, with the plan inputs that the sampler had.
func (w *sampled) window(scope *torch.Scope, r *replayed, s stream, rows []drawn, first, length int) *lanes.Batch {
	context := w.net.config.ReceptiveField()
	b, err := r.Replay(scope, []lanes.Chunk{{Row: s.begin + int64(first)}}, context, length)
	if err != nil {
		w.t.Fatal(err)
	}
	plan := b.Plan.Float32s()
	each := lanes.SizesOf().PlanInputs
	for p := range context + length {
		if i := first - context + p; i >= 0 && i < len(rows) {
			copy(plan[p*each:], rows[i].plan)
		}
	}
	b.Plan.CopyFromFloat32(plan)
	return b
}

// checkTrunk compares inputs and trunk of a whole stream.
func (w *sampled) checkTrunk(r *replayed, s stream, rows []drawn) {
	w.t.Helper()
	torch.With(func(scope *torch.Scope) {
		b := w.window(scope, r, s, rows, 0, len(rows))
		_, _, trunk := w.net.past(b)
		sizes := lanes.SizesOf()
		context := w.net.config.ReceptiveField()
		bags, numbers, outputs := b.Bag.Int64s(), b.Numeric.Float32s(), trunk.Float32s()
		for i, want := range rows {
			at := sizes.Tuples + sizes.Peers + context + i
			bag := bags[at*sizes.Bag : (at+1)*sizes.Bag]
			if !slices.Equal(bag, want.bag) {
				w.t.Fatalf("row %d: inputs %v in training, %v in sampling", i, bag, want.bag)
			}
			if got := numbers[at*sizes.Numeric : (at+1)*sizes.Numeric]; !slices.Equal(got, want.numeric) {
				w.t.Fatalf("row %d: continuous inputs %v in training, %v in sampling", i, got, want.numeric)
			}
			width := w.net.config.Width
			for d, got := range outputs[(context+i)*width : (context+i+1)*width] {
				if apart32(got, want.trunk[d]) {
					w.t.Fatalf("row %d: trunk output %d is %g in training, %g in sampling", i, d, got, want.trunk[d])
				}
			}
		}
	})
}

// checkHeads compares the likelihood of each attribute of each row.
func (w *sampled) checkHeads(r *replayed, s stream, rows []drawn, misplaced []bool) {
	w.t.Helper()
	for i, row := range rows {
		torch.With(func(scope *torch.Scope) {
			b := w.window(scope, r, s, rows, i, 1)
			got := w.net.Forward(b, nil)
			target, bounds := b.Target.Int64s(), b.Bounds.Float32s()
			for h := range Heads {
				if misplaced[i] && (h == Region || h == Place) {
					continue
				}
				want := float32(0)
				if y := target[h]; y != ignore {
					want = classLoss(row.logits[h], int(y))
					if v, ok := valueIndex[h]; ok && int(y) == w.exact(h) {
						want += mixtureLoss(scope, row.mixture[h], bounds[2*v], bounds[2*v+1])
					}
				}
				if x := float32(got.heads[h].Float64()); apart32(x, want) {
					w.t.Fatalf("row %d, attribute %s: %g nats in training, %g in sampling (class %d of %d)", i, h, x, want, target[h],
						len(row.logits[h]))
				}
			}
		})
	}
}

// exact is the number of values of an attribute that have a class of their own.
func (w *sampled) exact(h Head) int {
	v := w.vocabulary
	return len(map[Head][]int64{Gap: v.Gap.Exact, Duration: v.Duration.Exact, Packets: v.Packets.Exact, Bytes: v.Bytes.Exact}[h])
}

func classLoss(logits []float32, class int) float32 {
	top, sum := float64(slices.Max(logits)), 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l) - top)
	}
	return float32(math.Log(sum) + top - float64(logits[class]))
}

func mixtureLoss(scope *torch.Scope, p []float32, lower, upper float32) float32 {
	tensor := func(x ...float32) torch.Tensor { return scope.Adopt(torch.FromFloat32(x, 1, int64(len(x)))) }
	m := len(p) / 3
	edge := func(x float32) torch.Tensor { return scope.Adopt(torch.FromFloat32([]float32{x})) }
	return float32(F.MixtureBinNLL(tensor(p[:m]...), tensor(p[m:2*m]...), tensor(p[2*m:]...), edge(lower), edge(upper)).Float64())
}

// Plans are made of what was drawn, so a network that heeds its plan cannot be given one that equals its rows. One that does
// not heed it can: sampling with the plan of the first run's rows draws the same rows, and must see the plan inputs that
// training sees.
func TestPlanInputsAgreeWithTraining(t *testing.T) {
	leaktest.Check(t)
	w := newSampled(t, smallConfig())
	w.unsteered = true
	for i := range w.net.config.Plan {
		setRow(w.net.Plan.Weight, i, 0)
		setRow(w.net.Clock.Weight, i, 0)
	}
	// Gaps of the mixture lead over midnight; without them the day's rows are done in the day.
	gap := w.net.Values[valueIndex[Gap]]
	setRow(gap.Exact.Bias, len(w.vocabulary.Gap.Exact), -30)
	for m := range 2 * w.net.config.Mixtures { // gaps from midnight on are hours, not months
		setRow(gap.Mixture.Bias, w.net.config.Mixtures+m, -6)
	}
	run := func(plans map[int][]plan) map[int][]drawn {
		var jobs []job
		for host := range len(plans) {
			jobs = append(jobs, job{host: host, plans: plans[host], quota: -1})
		}
		return w.sample(jobs, sampledStart+4*24*3600*1_000_000, 2)
	}
	first := map[int][]plan{}
	for host, rows := range [][4]int32{{50, 40, 0, 30}, {0, 90, 60, 0}, {300, 0, 0, 1}} {
		for day, n := range rows {
			p := plan{Day: sampledDay + int64(day), Rows: n}
			p.HourRows[3] = n
			first[host] = append(first[host], p)
		}
	}
	before := run(first)
	r := w.replay(before)
	days, of, err := lanes.Plans[plan](r.Corpus, 0, r.Days())
	if err != nil {
		t.Fatal(err)
	}
	second := map[int][]plan{}
	for host, plans := range first {
		second[host] = slices.Clone(plans)
	}
	for i, p := range days {
		planned := &second[r.hosts[of[i]]][p.Day-sampledDay]
		if planned.Rows != p.Rows {
			t.Fatalf("host %d, day %d: %d rows drawn, %d planned", r.hosts[of[i]], p.Day-sampledDay, p.Rows, planned.Rows)
		}
		*planned = p
	}
	after := run(second)
	for i, host := range r.hosts {
		if len(after[host]) != len(before[host]) {
			t.Fatalf("host %d: %d rows with another plan, want %d", host, len(after[host]), len(before[host]))
		}
		torch.With(func(scope *torch.Scope) {
			context := 4
			b, err := r.Replay(scope, []lanes.Chunk{{Row: r.streams[i].begin}}, context, len(after[host]))
			if err != nil {
				t.Fatal(err)
			}
			inputs := b.Plan.Float32s()
			each := lanes.SizesOf().PlanInputs
			for k, row := range after[host] {
				if row.row != before[host][k].row {
					t.Fatalf("host %d, row %d: %+v with another plan, want %+v", host, k, row.row, before[host][k].row)
				}
				for j, got := range inputs[(context+k)*each : (context+k+1)*each] {
					if math.Abs(float64(got-row.plan[j])) > 1e-6 {
						t.Fatalf("host %d, row %d: plan input %d is %g in training, %g in sampling", host, k, j, got, row.plan[j])
					}
				}
			}
		})
	}
}

// A block starts at the same place of every ring, also where a ring is longer than the usual block.
func TestBlocksFitTheRings(t *testing.T) {
	leaktest.Check(t)
	for layers, want := range map[int]int{1: 64, 6: 64, 7: 64, 8: 128, 10: 512} {
		c := smallConfig()
		c.Layers = layers
		w := newSampled(t, c)
		s, err := newSampler(w.net, w.tables, torch.Device{}, 1, 1, encode.Words(w.addrs), 1)
		if err != nil {
			t.Fatal(err)
		}
		if s.steps != want {
			t.Errorf("%d layers: blocks of %d rows, want %d", layers, s.steps, want)
		}
		s.free()
	}
}
