package lanes_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
	"github.com/wangkuiyi/gotorch/leaktest"
)

const (
	block    = 8
	mixtures = 2
	start    = 17_000 * day
)

// network gives the logits and the mixture of a head for the row that a host draws.
type network func(host, row, head int, logits, mixture []float32)

// machine runs a generator with a network that a test makes up.
type machine struct {
	t      *testing.T
	device torch.Device
	v      *lanes.Vocabulary
	g      *lanes.Generator
	net    network
	host   []int // of each lane
	drawn  []int // rows of each lane's host
	*lanes.Drawn[row]
}

func newMachine(t *testing.T, width, hostCount int, seed uint64, net network) *machine {
	t.Helper()
	return newMachineOf(t, world(), width, hostCount, seed, net)
}

func newMachineOf(t *testing.T, v *lanes.Vocabulary, width, hostCount int, seed uint64, net network) *machine {
	t.Helper()
	return newMachineOn(t, torch.Device{}, v, width, 4, hostCount, seed, net)
}

func newMachineOn(t *testing.T, device torch.Device, v *lanes.Vocabulary, width, days, hostCount int, seed uint64, net network) *machine {
	t.Helper()
	g, err := lanes.NewGenerator(newTablesOn(t, device, v), width, days, block, hosts(hostCount), seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Free)
	scope := torch.NewScope()
	t.Cleanup(scope.Close)
	return &machine{
		t: t, device: device, v: v, g: g, net: net, host: make([]int, width), drawn: make([]int, width),
		Drawn: lanes.NewDrawnNoCopy[row](scope, g),
	}
}

type assignment = lanes.Assignment[plan]

func (m *machine) assign(lane, host int, plans []plan, end, quota int64) {
	m.t.Helper()
	m.assignAll(assignment{Lane: lane, Host: host, Plans: plans, Start: start, End: end, Quota: quota})
}

func (m *machine) assignAll(list ...assignment) {
	m.t.Helper()
	if err := lanes.Assign(m.g, list); err != nil {
		m.t.Fatal(err)
	}
	for _, a := range list {
		m.host[a.Lane], m.drawn[a.Lane], m.Active[a.Lane] = a.Host, 0, 1
	}
}

// step draws a row of every lane. look sees what the step leaves.
func (m *machine) step(look func(*lanes.Outputs)) {
	width := m.g.Width
	torch.With(func(scope *torch.Scope) {
		m.g.Begin()
		for head := range heads {
			n := classes(m.v, head)
			logits, mixture := make([]float32, width*n), make([]float32, width*3*mixtures)
			for lane := range width {
				m.net(m.host[lane], m.drawn[lane], head, of(logits, width, lane), of(mixture, width, lane))
			}
			var x torch.Tensor
			if head == gap || head == duration || head == packets || head == bytes {
				x = scope.Adopt(torch.FromFloat32(mixture, int64(width), 3*mixtures)).To(m.device)
			}
			m.g.Draw(head, scope.Adopt(torch.FromFloat32(logits, int64(width), int64(n))).To(m.device), x)
		}
		m.g.Finish()
		if look != nil {
			look(m.g.OutputsNoCopy(scope))
		}
	})
	for lane := range width {
		m.drawn[lane]++
	}
}

// block draws a block; its rows come as they left each lane.
func (m *machine) block() [][]row {
	m.t.Helper()
	for range block {
		m.step(nil)
	}
	if err := lanes.Collect(m.g, m.Drawn); err != nil {
		m.t.Fatal(err)
	}
	out := make([][]row, m.g.Width)
	for i, h := range m.Hosts {
		lane := i % m.g.Width
		if h >= 0 {
			if int(h) != m.host[lane] {
				m.t.Fatalf("lane %d has host %d, want %d", lane, h, m.host[lane])
			}
			out[lane] = append(out[lane], m.Rows[i])
		}
	}
	return out
}

// random is a network that says something else of every row, and the same of one row of a host wherever it is drawn.
func random(spread float32) network {
	return func(host, row, head int, logits, mixture []float32) {
		r := rand.New(rand.NewPCG(uint64(host), uint64(row*heads+head)))
		for i := range logits {
			logits[i] = spread * (r.Float32() - 0.5)
		}
		for i := range mixture {
			mixture[i] = 2 * (r.Float32() - 0.5)
		}
		if head == conversation || head == peer {
			logits[len(logits)-1] += 2 // new ones are common
		}
	}
}

// forced is a network that is sure of the classes of one row after the other; the mixture is sure of v.
func forced(rows []map[int]int) network {
	return func(_, row, head int, logits, mixture []float32) {
		if c, ok := rows[min(row, len(rows)-1)][head]; ok {
			logits[c] = 100
		}
		mixture[0], mixture[2], mixture[4], mixture[5] = 100, 2, -7, -7 // e^(centre + 2 scale)
	}
}

func dayPlan(d int64, rows int32) plan {
	p := plan{Day: d, Rows: rows}
	p.Mean[labelMark] = 0.5
	p.HourRows[1] = rows
	return p
}

// A network that is sure of every class gets exactly the rows that the classes stand for.
func TestForcedRows(t *testing.T) {
	leaktest.Check(t)
	v, s := world(), lanes.SizesOf()
	port := func(p uint16) int { return s.Copies + int(v.PortClass[p]) }
	common := map[int]int{duration: 0, repeat: s.Repeats, packets: 0, bytes: 1, tos: 1, label: 1}
	with := func(c map[int]int) map[int]int {
		for k, x := range common {
			if _, ok := c[k]; !ok {
				c[k] = x
			}
		}
		return c
	}
	none, nobody := s.Tuples, s.Peers
	script := []map[int]int{
		with(map[int]int{gap: 2, conversation: none, peer: nobody, region: 0, place: dnsPlace, direction: 1, protocol: 2,
			localPort: port(40000), remotePort: port(53), flags: 0}),
		with(map[int]int{gap: 0, conversation: 0, direction: 0, flags: 0, packets: 1, bytes: 2}),
		with(map[int]int{gap: 1, conversation: none, peer: 0, direction: 1, protocol: 1, localPort: 3, remotePort: port(443),
			flags: 1, label: 0}),
		with(map[int]int{gap: 1, conversation: none, peer: nobody, region: 0, place: internalPlace, direction: 0, protocol: 0,
			remotePort: s.Copies + int(icmpClass(v, 771)), flags: 0}),
		with(map[int]int{gap: len(v.Gap.Exact), conversation: none, peer: nobody, region: 1, place: firstNetwork + 100 - s.Region,
			direction: 1, protocol: 3, flags: 0, tos: 0}),
		// The remote has had this GRE conversation: another protocol must do.
		with(map[int]int{gap: 0, conversation: none, peer: 2, direction: 1, protocol: 3, remotePort: port(80)}),
	}
	m := newMachine(t, 1, 2, 9, forced(script))
	m.assign(0, 0, []plan{dayPlan(17_000, 1000)}, start+day, -1)
	got := m.block()[0]

	bin := func(p uint16) bool { return v.PortClass[p] == v.PortClass[40000] }
	if len(got) != block || !bin(got[0].LocalPort) || !bin(got[2].LocalPort) {
		t.Fatalf("%d rows, the first from port %d, want %d from the class of 40000", len(got), got[0].LocalPort, block)
	}
	lport := got[0].LocalPort
	dns, host := ipv4(8, 8, 8, 8), ipv4(42, 219, 0, 1)
	want := []row{
		{End: start + 2*second, Gap: 2, Packets: 1, Bytes: 60, Addr: dns, Place: dnsPlace, LocalPort: lport, RemotePort: 53,
			Outbound: 1, Proto: udp, ToS: 8, Label: 1},
		{End: start + 2*second, Gap: 0, Packets: 2, Bytes: 1500, Addr: dns, Place: dnsPlace, LocalPort: lport, RemotePort: 53,
			Outbound: 0, Proto: udp, ToS: 8, Label: 1},
		{End: start + 3*second, Gap: 1, Packets: 1, Bytes: 60, Addr: dns, Place: dnsPlace, LocalPort: lport + 3, RemotePort: 443,
			Outbound: 1, Proto: tcp, Flags: 2, ToS: 8},
		{End: start + 4*second, Gap: 1, Packets: 1, Bytes: 60, Addr: host, Place: internalPlace, RemotePort: 771, Proto: icmp, ToS: 8, Label: 1},
	}
	for i, w := range want {
		w.Repeat, w.BytesCopy, w.DurationCopy = uint8(s.Repeats), uint8(s.BytesCopies), uint8(s.DurationCopies) // none
		if w = encode(v, w); got[i] != w {
			t.Errorf("row %d is %+v, want %+v", i, got[i], w)
		}
	}
	r := got[4]
	if r.Gap < 380 || r.Gap > 430 { // e^(3 + 2 * 1.5) = 403, one standard deviation is 0.1 %
		t.Errorf("a gap of %d, want about 403", r.Gap)
	}
	network := ipv4(80, 0, 100, 0)
	if r.Place != firstNetwork+100 || r.Addr[3]&^255 != network[3] || r.Proto != gre || r.RemotePort != 0 || r.LocalPort != 0 || r.Flags != 0 {
		t.Errorf("row 4 is %+v, want GRE with an address of 80.0.100.0/24", r)
	}
	if r := got[5]; r.Addr != got[4].Addr || r.Proto == gre {
		t.Errorf("row 5 is %+v, want another protocol than GRE with %v", r, got[4].Addr)
	}
}

// New remotes of four networks in turn are ones met before as often as the vocabulary says, and never recent ones.
func TestRemotesComeBack(t *testing.T) {
	leaktest.Check(t)
	s := lanes.SizesOf()
	var script []map[int]int
	for i := range 4 {
		script = append(script, map[int]int{conversation: s.Tuples, peer: s.Peers, region: 1, place: firstNetwork + 100 + i - s.Region})
	}
	const blocks = 25
	for _, share := range []float32{0, 1} {
		v := world()
		for n := 1; n <= met; n++ {
			v.Returns[n] = share
		}
		m := newMachineOf(t, v, 1, 2, 9, func(host, row, head int, logits, mixture []float32) {
			forced(script[row%4:row%4+1])(host, row, head, logits, mixture)
		})
		m.assign(0, 0, []plan{dayPlan(17_000, 1<<20)}, start+1000*day, 1<<20)
		seen, n := map[[4]uint32]bool{}, newNaive(m.v)
		for range blocks {
			for _, x := range m.block()[0] {
				if n.peers.rank(&x) < n.peers.limit {
					t.Fatalf("share %g: remote %x is a recent one", share, x.Addr)
				}
				seen[x.Addr] = true
				n.see(&x)
			}
		}
		// A network's remotes come back once six later ones have made room, and there is nothing else then.
		if share == 1 && len(seen) > 4*7 || share == 0 && len(seen) < blocks*block*3/4 {
			t.Errorf("share %g: %d rows have %d remotes", share, blocks*block, len(seen))
		}
	}
}

// What a step leaves for the network is what the lists, kept naively, say.
func TestOutputsAgainstNaiveLists(t *testing.T) {
	leaktest.Check(t)
	const width, count = 3, 20
	s := lanes.SizesOf()
	entries := int64(s.Tuples + s.Peers)
	m := newMachine(t, width, count, 4, random(3))
	var lists [width]*naive
	var now [width]int64
	for lane := range width {
		m.assign(lane, lane, []plan{dayPlan(17_000, 1<<20)}, start+1000*day, 1<<20)
		lists[lane], now[lane] = newNaive(m.v), start
	}
	for range 40 {
		type outputs struct {
			tupleBag, peerBag, sizeBag, joint, bag, memory, chosenRow, chosenBag []int64
			tupleMask, peerMask, sizeMask, chosen                                []float32
		}
		var left []outputs
		for range block {
			m.step(func(o *lanes.Outputs) {
				left = append(left, outputs{
					o.TupleBag.Int64s(), o.PeerBag.Int64s(), o.SizeBag.Int64s(), o.Joint.Int64s(), o.Bag.Int64s(),
					o.Memory.Int64s(), o.ChosenRow.Int64s(), o.ChosenBag.Int64s(),
					o.TupleMask.Float32s(), o.PeerMask.Float32s(), o.SizeMask.Float32s(), o.Chosen.Float32s(),
				})
			})
		}
		if err := lanes.Collect(m.g, m.Drawn); err != nil {
			t.Fatal(err)
		}
		for i := range block * width {
			lane, r, o, n := i%width, &m.Rows[i], &left[i/width], lists[i%width]
			if m.Hosts[i] != int32(lane) {
				t.Fatalf("lane %d has host %d, want %d", lane, m.Hosts[i], lane)
			}
			if r.End < now[lane] || r.End != now[lane]+r.Gap*m.v.GapTick {
				t.Fatalf("lane %d: time goes from %d to %d by %d ticks", lane, now[lane], r.End, r.Gap)
			}
			now[lane] = r.End
			if got := encode(m.v, *r); got != *r {
				t.Fatalf("lane %d: row %+v, its classes are those of %+v", lane, *r, got)
			}
			tuple, peer := n.tuples.rank(r), n.peers.rank(r)
			if got, want := of(o.bag, width, lane), n.bag(n.recalled(r), tuple, peer); !slices.Equal(got, want) {
				t.Fatalf("lane %d: inputs %v, want %v", lane, got, want)
			}
			for _, l := range []struct {
				list *list
				bag  []int64
				mask []float32
			}{{&n.tuples, of(o.tupleBag, width, lane), of(o.tupleMask, width, lane)},
				{&n.peers, of(o.peerBag, width, lane), of(o.peerMask, width, lane)}} {
				for rank := range l.list.items {
					x := &l.list.items[rank]
					if got, want := of(l.bag, l.list.limit, x.slot), n.about(x, rank, r.End); !slices.Equal(got, want) || l.mask[x.slot] != 0 {
						t.Fatalf("lane %d, slot %d of %d: %v is known of it, mask %g, want %v", lane, x.slot, l.list.limit, got, l.mask[x.slot], want)
					}
				}
			}
			if got, want := of(o.joint, width, lane), n.joint(r); !slices.Equal(got, want) {
				t.Fatalf("lane %d: joint inputs %v, want %v", lane, got, want)
			}
			offered := n.offered(r)
			for c, mask := range of(o.sizeMask, width, lane) {
				if (mask == 0) != (c < len(offered)) {
					t.Fatalf("lane %d: size %d of %d has mask %g", lane, c, len(offered), mask)
				}
				if c < len(offered) {
					if got, want := of(of(o.sizeBag, width, lane), s.Repeats, c), n.aboutSize(&offered[c], r, c); !slices.Equal(got, want) {
						t.Fatalf("lane %d, size %d: %v is known of it, want %v", lane, c, got, want)
					}
				}
			}
			checkFollowed(t, n, r, o.chosen[lane], o.chosenRow[lane]-int64(lane)*entries, of(o.chosenBag, width, lane))
			n.see(r)
			if got, want := o.memory[lane], int64(lane)*entries+int64(n.tuples.slot(r)); got != want {
				t.Fatalf("lane %d: the conversation is remembered at %d, want %d", lane, got, want)
			}
			if got, want := o.memory[width+lane], int64(lane)*entries+int64(s.Tuples+n.peers.slot(r)); got != want {
				t.Fatalf("lane %d: the peer is remembered at %d, want %d", lane, got, want)
			}
		}
	}
}

// checkFollowed compares what a row says it follows with the lists before it.
func checkFollowed(t *testing.T, n *naive, r *row, chosen float32, slot int64, bag []int64) {
	t.Helper()
	s := lanes.SizesOf()
	l, at, first := &n.tuples, int64(0), int64(0)
	if n.tuples.rank(r) == s.Tuples {
		l, at, first = &n.peers, int64(s.CandidateRows+s.Tuples), int64(s.Tuples)
	}
	rank := l.rank(r)
	if rank == l.limit {
		if none := int64(2*s.CandidateRows + s.Tuples + s.Peers); chosen != 0 || slices.Min(bag) != none || slices.Max(bag) != none {
			t.Fatalf("row %d follows %g with %v, want nothing", n.position, chosen, bag)
		}
		return
	}
	want := n.about(&l.items[rank], rank, r.End)
	for k := range want {
		want[k] += at
	}
	if chosen != 1 || slot != first+int64(l.items[rank].slot) || !slices.Equal(bag, want) {
		t.Fatalf("row %d follows %g slot %d with %v, want slot %d with %v", n.position, chosen, slot, bag, first+int64(l.items[rank].slot), want)
	}
}

// run generates hosts with quotas on so many lanes, in an order, and returns the rows of each.
func run(t *testing.T, width int, seed uint64, order []int) map[int][]row {
	t.Helper()
	m := newMachine(t, width, 12, seed, random(4))
	out := map[int][]row{}
	for {
		var list []assignment
		for lane := range width {
			if m.Active[lane] == 0 && len(order) > 0 {
				host := order[0]
				order = order[1:]
				list = append(list, assignment{
					Lane: lane, Host: host, Plans: []plan{dayPlan(17_000, 10)}, Start: start, End: 1 << 60, Quota: int64(5 + 7*host)})
			}
		}
		m.assignAll(list...)
		if !m.g.Active() {
			return out
		}
		for lane, rows := range m.block() {
			if len(rows) > 0 {
				out[m.host[lane]] = append(out[m.host[lane]], rows...)
			}
		}
	}
}

// The rows of a host depend on the seed and the host alone.
func TestRowsDependOnTheHostAlone(t *testing.T) {
	leaktest.Check(t)
	want := run(t, 2, 1, []int{0, 1, 2, 3, 4, 5})
	for host := range 6 {
		if got := len(want[host]); got != 5+7*host {
			t.Fatalf("host %d has %d rows, want %d", host, got, 5+7*host)
		}
	}
	for name, got := range map[string]map[int][]row{
		"the same again":      run(t, 2, 1, []int{0, 1, 2, 3, 4, 5}),
		"one lane, backwards": run(t, 1, 1, []int{5, 4, 3, 2, 1, 0}),
		"more lanes":          run(t, 9, 1, []int{3, 1, 4, 0, 5, 2}),
		"a shard":             run(t, 3, 1, []int{4, 1}),
	} {
		for host, rows := range got {
			if !slices.Equal(rows, want[host]) {
				t.Errorf("%s: host %d differs", name, host)
			}
		}
	}
	for host, rows := range run(t, 2, 2, []int{0, 1, 2}) {
		if slices.Equal(rows, want[host]) {
			t.Errorf("host %d is the same with another seed", host)
		}
	}
}

// days counts rows by day after the first.
func days(rows []row) []int {
	var out []int
	for _, r := range rows {
		d := int((r.End - start) / day)
		for len(out) <= d {
			out = append(out, 0)
		}
		out[d]++
	}
	return out
}

func TestHostsEnd(t *testing.T) {
	leaktest.Check(t)
	// Gaps of 0 where the day allows, else as short as it allows.
	quick := forced([]map[int]int{{gap: 0}})
	hourly := func(host, row, head int, logits, mixture []float32) {
		quick(host, row, head, logits, mixture)
		if head == gap { // e^8.2 s
			logits[0], logits[len(logits)-1] = 0, 100
			mixture[2] = (8.2 - 3) / 1.5
		}
	}
	for name, tc := range map[string]struct {
		net   network
		plans []plan
		end   int64
		quota int64
		want  []int
	}{
		"a plan's days":             {quick, []plan{dayPlan(17_000, 3), dayPlan(17_001, 0), dayPlan(17_002, 2)}, start + 3*day, -1, []int{3, 0, 2}},
		"nothing on the first day":  {quick, []plan{dayPlan(17_000, 0), dayPlan(17_001, 4)}, start + 2*day, -1, []int{0, 4}},
		"nothing on any day":        {quick, []plan{dayPlan(17_000, 0), dayPlan(17_001, 0)}, start + 2*day, -1, nil},
		"a quota, the day repeated": {quick, []plan{dayPlan(17_000, 4)}, 1 << 60, 10, []int{4, 4, 2}},
		"a quota of one":            {quick, []plan{dayPlan(17_000, 4)}, 1 << 60, 1, []int{1}},
		"a quota after two days":    {quick, []plan{dayPlan(17_000, 1), dayPlan(17_001, 2)}, 1 << 60, 6, []int{1, 2, 2, 1}},
		"the span ends first":       {hourly, []plan{dayPlan(17_000, 500)}, start + 2*hour, -1, []int{1}},
		"the day ends first":        {hourly, []plan{dayPlan(17_000, 500), dayPlan(17_001, 1)}, start + 2*day, -1, []int{23, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, 2, 3, 5, tc.net)
			m.assign(1, 2, tc.plans, tc.end, tc.quota)
			var rows []row
			for n := 0; m.Active[1] != 0; n++ {
				if n > 20 {
					t.Fatal("the host does not end")
				}
				out := m.block()
				rows = append(rows, out[1]...)
				if len(out[0]) != 0 || m.Active[0] != 0 {
					t.Fatal("a lane without a host draws rows")
				}
			}
			if got := days(rows); !slices.Equal(got, tc.want) {
				t.Errorf("rows by day %v, want %v", got, tc.want)
			}
			for _, r := range rows {
				if r.End >= tc.end {
					t.Errorf("a row ends at %d, the span at %d", r.End, tc.end)
				}
			}
			if len(rows) > 0 { // the clock of a stream starts at the midnight before its first row
				if want := (rows[0].End - start) % day / second; rows[0].Gap != want {
					t.Errorf("the first gap is %d s, want %d", rows[0].Gap, want)
				}
			}
			if out := m.block(); len(out[1]) != 0 || m.Hosts[1] != -1 {
				t.Errorf("a host that ended has %d more rows", len(out[1]))
			}
		})
	}
}

// The plans of so many lanes and days are more than is put in place at once.
func TestEveryLaneHasItsPlans(t *testing.T) {
	leaktest.Check(t)
	const width, last = 90, 365
	m := newMachineOn(t, torch.Device{}, world(), width, last+1, width, 1, forced([]map[int]int{{gap: 0}}))
	var list []assignment
	for lane := range width {
		plans := make([]plan, last+1)
		for d := range plans {
			plans[d] = dayPlan(17_000+int64(d), 0)
		}
		plans[0], plans[last] = dayPlan(17_000, int32(1+lane%4)), dayPlan(17_000+last, int32(1+lane%3))
		list = append(list, assignment{Lane: lane, Host: width - 1 - lane, Plans: plans, Start: start, End: start + (last+1)*day, Quota: -1})
	}
	m.assignAll(list...)
	for lane, rows := range m.block() {
		if got := days(rows); len(got) != last+1 || got[0] != 1+lane%4 || got[last] != 1+lane%3 {
			t.Errorf("lane %d: rows by day %v, want %d on the first and %d on the last", lane, got, 1+lane%4, 1+lane%3)
		}
	}
	if m.g.Active() {
		t.Error("a lane goes on after its days")
	}
}

func TestGeneratorRefuses(t *testing.T) {
	leaktest.Check(t)
	m := newMachine(t, 2, 3, 1, random(1))
	tables := newTables(t, m.v)
	plans := []plan{dayPlan(17_000, 1)}
	made := func(width, days, block, hostCount int) func() error {
		return func() error {
			g, err := lanes.NewGenerator(tables, width, days, block, hosts(hostCount), 1)
			if err == nil {
				g.Free()
			}
			return err
		}
	}
	assign := func(lane, host int, plans []plan, quota int64) func() error {
		return func() error {
			return lanes.Assign(m.g, []assignment{
				{Lane: 1, Host: 1, Plans: []plan{dayPlan(17_000, 1)}, Start: start, End: start + day, Quota: -1},
				{Lane: lane, Host: host, Plans: plans, Start: start, End: start + day, Quota: quota},
			})
		}
	}
	draw := func(head int, logits, mixture []int64, dtype int8) func() error {
		return func() error {
			return torch.Try(func() {
				torch.With(func(s *torch.Scope) {
					x := torch.Tensor{}
					if mixture != nil {
						x = s.Adopt(torch.Zeros(mixture, torch.Float, torch.Device{}))
					}
					m.g.Draw(head, s.Adopt(torch.Zeros(logits, dtype, torch.Device{})), x)
				})
			})
		}
	}
	gaps := int64(classes(m.v, gap))
	for name, refused := range map[string]func() error{
		"a generator without lanes":   made(0, 1, 1, 1),
		"a generator without days":    made(1, 0, 1, 1),
		"a generator without a block": made(1, 1, 0, 1),
		"a generator without hosts":   made(1, 1, 1, 0),
		"lane -1":                     assign(-1, 0, plans, -1),
		"a lane too many":             assign(2, 0, plans, -1),
		"host -1":                     assign(0, -1, plans, -1),
		"a host too many":             assign(0, 3, plans, -1),
		"no plan":                     assign(0, 0, nil, -1),
		"a plan too many":             assign(0, 0, slices.Repeat(plans, 5), -1),
		"a lane twice":                assign(1, 0, plans, -1),
		"a quota of 0":                assign(0, 0, plans, 0),
		"a quota without rows":        assign(0, 0, []plan{dayPlan(17_000, 0)}, 1),
		"a class too few":             draw(direction, []int64{2, 1}, nil, torch.Float),
		"a lane too few":              draw(direction, []int64{1, 2}, nil, torch.Float),
		"logits of one dimension":     draw(direction, []int64{4}, nil, torch.Float),
		"logits of doubles":           draw(direction, []int64{2, 2}, nil, torch.Double),
		"a mixture too many":          draw(direction, []int64{2, 2}, []int64{2, 3}, torch.Float),
		"no mixture":                  draw(gap, []int64{2, gaps}, nil, torch.Float),
		"an empty mixture":            draw(gap, []int64{2, gaps}, []int64{2, 0}, torch.Float),
		"a mixture of 4":              draw(gap, []int64{2, gaps}, []int64{2, 4}, torch.Float),
		"head -1":                     draw(-1, []int64{2, 2}, nil, torch.Float),
		"a head too many":             draw(heads, []int64{2, 2}, nil, torch.Float),
	} {
		t.Run(name, func(t *testing.T) {
			if err := refused(); !errors.Is(err, torch.ErrTorch) {
				t.Errorf("got error %v, want one of gotorch", err)
			}
		})
	}
}
