package torchmodel

import (
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"

	"stan/dataset"
	"stan/dataset/encode"
)

// The tests of the sampler run a network with random weights on a vocabulary of made-up flows, and note all that it draws.

const (
	internalPlace = 0

	sampledDay   = 17_000 // days since 1970
	sampledStart = sampledDay * 24 * 3600 * 1_000_000
)

var sampledNetwork = netip.MustParsePrefix("42.219.0.0/16")

// madeFlows are flows of some hosts that show every kind of class: exact and rare values, protocols with and without ports,
// ICMP, IPv4 and IPv6, internal remotes, labels.
func madeFlows(hosts, rows int) []dataset.Flow {
	r := rand.New(rand.NewPCG(3, 4))
	one := func(of ...uint64) uint64 { return of[r.IntN(len(of))] }
	var flows []dataset.Flow
	for h := range hosts {
		at := int64(sampledStart)
		host := netip.AddrFrom4([4]byte{42, 219, 1, byte(1 + h)})
		for range rows {
			at += int64(one(0, 0, 1, 2, 7, uint64(r.IntN(400)))) * 1_000_000
			remote := netip.AddrFrom4([4]byte{80, byte(r.IntN(3)), byte(r.IntN(250)), byte(r.IntN(250))})
			switch r.IntN(6) {
			case 0:
				remote = netip.AddrFrom4([4]byte{8, 8, 8, byte(8 + r.IntN(9))})
			case 1:
				remote = netip.AddrFrom4([4]byte{42, 219, 2, byte(r.IntN(250))})
			case 2:
				remote = netip.AddrFrom16([16]byte{0x20, 1, 0x0d, 0xb8, 15: byte(r.IntN(250))})
			}
			f := dataset.Flow{
				Host: host, End: at, SrcAddr: host, DstAddr: remote, Proto: uint8(one(1, 6, 6, 17, 17, 47)),
				ToS: uint8(one(0, 0, 8)), Packets: one(1, 1, 2, 3, uint64(1+r.IntN(900))), Label: "background",
			}
			switch f.Proto {
			case 1:
				f.DstPort = uint16(one(0, 771, 2048, uint64(r.IntN(4000))))
			case 6:
				f.SrcPort, f.DstPort, f.TCPFlags = uint16(1024+r.IntN(60000)), uint16(one(80, 443)), uint8(one(2, 16, 27))
			case 17:
				f.SrcPort, f.DstPort = uint16(1024+r.IntN(60000)), uint16(one(53, 123))
			}
			if r.IntN(2) == 0 {
				f.SrcAddr, f.DstAddr = f.DstAddr, f.SrcAddr
				if f.Proto != 1 {
					f.SrcPort, f.DstPort = f.DstPort, f.SrcPort
				}
			}
			if r.IntN(9) == 0 {
				f.Label = "scan"
			}
			f.Bytes = f.Packets * one(40, 44, 60, uint64(40+r.IntN(1400)))
			f.Start = f.End
			if f.Packets > 1 {
				f.Start -= int64(one(1, 5, uint64(r.IntN(90_000)))) * 1000
			}
			flows = append(flows, f)
		}
	}
	return flows
}

func oneBatch(flows []dataset.Flow) iter.Seq2[[]dataset.Flow, error] {
	return func(yield func([]dataset.Flow, error) bool) { yield(flows, nil) }
}

// sampled is a network, what it was sampled with, and what came out.
type sampled struct {
	t          *testing.T
	vocabulary *encode.Vocabulary
	net        *Network
	tables     *lanes.Tables
	addrs      []netip.Addr
	unsteered  bool // leaves all draws to the network
}

func newSampled(t *testing.T, c Config) *sampled {
	t.Helper()
	v, err := encode.Fit(oneBatch(madeFlows(6, 400)), encode.FitOptions{
		MinHosts: 2, Internal: []netip.Prefix{sampledNetwork}, First: sampledStart, NoAtoms: c.Without.Atoms})
	if err != nil {
		t.Fatal(err)
	}
	w := &sampled{t: t, vocabulary: v}
	torch.SetNumThreads(1) // for so little work helpers only wait
	torch.ManualSeed(5)
	w.net = newNetwork(c, v)
	t.Cleanup(w.net.Free)
	w.net.Train(false)
	// New conversations, new peers and internal ones are common.
	setRow(w.net.Conversations.None.Bias, 0, 3)
	setRow(w.net.Peers.None.Bias, 0, 3)
	setRow(w.net.Places.Regions.Bias, internalPlace, 3)
	bias := w.net.Places.Bias.Float32s()
	bias[internalPlace] = 4
	w.net.Places.Bias.CopyFromFloat32(bias)
	if w.tables, err = newTables(v, newLayout(v), c.Without, torch.Device{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.tables.Free)
	for h := range 40 {
		w.addrs = append(w.addrs, netip.AddrFrom4([4]byte{42, 219, 7, byte(1 + h)}))
	}
	return w
}

// drawn is a row that the sampler drew, and what it was drawn from.
type drawn struct {
	row            encode.Row
	plan           []float32
	bag            []int64
	numeric, trunk []float32
	logits         [Heads][]float32
	mixture        [Heads][]float32
}

// sample draws jobs on so many lanes, and returns the rows of each host.
func (w *sampled) sample(jobs []job, end int64, width int) map[int][]drawn {
	w.t.Helper()
	days := 1
	for _, j := range jobs {
		days = max(days, len(j.plans))
	}
	s, err := newSampler(w.net, w.tables, torch.Device{}, width, days, encode.Words(w.addrs), 11)
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.free()
	if w.unsteered {
		s.gen.Steer(0)
	}
	step := make([]drawn, width) // of the step under way
	s.watch = func(h Head, logits, mixture torch.Tensor) {
		deal(logits, func(lane int, x []float32) { step[lane].logits[h] = x })
		if mixture.T != nil {
			deal(mixture, func(lane int, x []float32) { step[lane].mixture[h] = x })
		}
	}
	hosts := map[int][]drawn{}
	torch.NoGrad(func() {
		for {
			busy := false
			for lane := range width {
				if s.active[lane] == 0 && len(jobs) > 0 {
					if err := s.assign([]assignment{jobs[0].in(lane, sampledStart, end)}); err != nil {
						w.t.Fatal(err)
					}
					jobs = jobs[1:]
					s.active[lane] = 1
				}
				busy = busy || s.active[lane] != 0
			}
			if !busy {
				return
			}
			var block []drawn // [steps, W]
			for i := range s.steps {
				torch.With(func(scope *torch.Scope) {
					s.step(scope, i)
					out := s.gen.OutputsNoCopy(scope)
					deal(out.Plan, func(lane int, x []float32) { step[lane].plan = x })
					deal(out.Numeric, func(lane int, x []float32) { step[lane].numeric = x })
					deal(s.last, func(lane int, x []float32) { step[lane].trunk = x })
					bags := out.Bag.Int64s()
					for lane := range step {
						step[lane].bag = bags[lane*len(bags)/width : (lane+1)*len(bags)/width]
					}
				})
				block = append(block, step...)
			}
			if err := s.collect(); err != nil {
				w.t.Fatal(err)
			}
			for i, h := range s.hosts {
				if h >= 0 {
					block[i].row = s.rows[i]
					hosts[int(h)] = append(hosts[int(h)], block[i])
				}
			}
		}
	})
	return hosts
}

// deal hands each lane its row of x [W, n].
func deal(x torch.Tensor, to func(lane int, row []float32)) {
	all := x.Float32s()
	width := int(x.Shape()[0])
	for lane := range width {
		to(lane, all[lane*len(all)/width:(lane+1)*len(all)/width])
	}
}

// flows are the drawn rows of a host as a user sees them.
func (w *sampled) flows(host int, rows []drawn) []dataset.Flow {
	flows := make([]dataset.Flow, len(rows))
	for i := range rows {
		flows[i] = w.vocabulary.Decode(&rows[i].row, w.addrs[host])
	}
	return flows
}

// replayed is a corpus of drawn rows, taken as flows and encoded anew.
type replayed struct {
	*corpus
	hosts []int // of each stream
}

func (w *sampled) replay(hosts map[int][]drawn) *replayed {
	w.t.Helper()
	r := &replayed{}
	var flows []dataset.Flow
	for host := range w.addrs {
		if rows := hosts[host]; len(rows) > 0 {
			r.hosts = append(r.hosts, host)
			flows = append(flows, w.flows(host, rows)...)
		}
	}
	var err error
	if r.corpus, err = newCorpus(w.tables, w.vocabulary, oneBatch(flows), sampledStart, room{}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(r.Free)
	return r
}

// recode encodes a host's drawn rows as training does. An address drawn for a wide network may lie in a narrower place of
// its own: there, and only there, the place of the row may differ.
func (w *sampled) recode(host int, rows []drawn) []encode.Row {
	flows := w.flows(host, rows)
	e := encode.NewEncoder(w.vocabulary, sampledStart)
	e.Begin(&flows[0])
	return e.Encode(nil, flows)
}

// narrower tells whether place a lies inside place b.
func (w *sampled) narrower(a, b int32) bool {
	p, q := w.vocabulary.Places[a], w.vocabulary.Places[b]
	return p.Bits() > q.Bits() && q.Contains(p.Addr())
}

// smallConfig is a network that is quick and has every part.
func smallConfig() Config {
	return Config{Width: 16, Hidden: 24, Layers: 4, Key: 6, Value: 8, Plan: 12, Place: 8, Mixtures: 3, Dropout: 0.5}
}

// evenPlan plans so many rows for every hour of the first day.
func evenPlan(rows int32) plan {
	p := plan{Day: sampledDay, Rows: 24 * rows}
	for h := range p.HourRows {
		p.HourRows[h] = rows
	}
	for m := range p.Mean {
		p.Mean[m] = float32(m) / marks
	}
	return p
}

// setRow sets one row of a parameter.
func setRow(x torch.Tensor, row int, to float32) {
	v := x.Float32s()
	width := len(v) / int(x.Shape()[0])
	copy(v[row*width:], slices.Repeat([]float32{to}, width))
	x.CopyFromFloat32(v)
}
