package sweeps

import (
	"encoding/json"
	"iter"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"stan/dataset"
)

const (
	second   = 1_000_000
	firstDay = 16902 // 2016-04-11
)

var (
	internal = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	scanner  = netip.MustParseAddr("198.51.100.7")
	rotating = netip.MustParseAddr("198.51.100.8")
	monitor  = netip.MustParseAddr("203.0.113.1")
	server   = netip.MustParseAddr("203.0.113.2")
)

func hostAddr(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}) }

// probe is a single packet.
func probe(remote netip.Addr, in bool, local, far uint16, bytes uint64) Shape {
	return Shape{Outbound: !in, Remote: remote, LocalPort: local, RemotePort: far, Proto: 6, TCPFlags: 2, Packets: 1, Bytes: bytes, Label: "background"}
}

// capture makes the flows of hosts over days. On each day a scanner asks every host for a port within two minutes, every other host
// answers 3 s later, and a rotating one comes from one of four ports. The rest is each host's own: flows of its own ports, a monitor
// that asks every 10 minutes, a service that all ask for at midday, an internal scanner, and what two hosts alone have.
func capture(hosts, days int) (flows []dataset.Flow, swept int) {
	for h := range hosts {
		r := rand.New(rand.NewPCG(7, uint64(h)))
		var own []dataset.Flow
		for d := range int64(days) {
			midnight := (firstDay + d) * Day
			add := func(s Shape, at int64) { own = append(own, s.flow(hostAddr(h), midnight+at)) }
			visit := func(s Shape, at int64) { add(s, at); swept++ }
			early := int64(3600*second) + r.Int64N(120)*second
			visit(probe(scanner, true, 23, uint16(4000+d), 40), early)
			if h%2 == 0 {
				visit(probe(scanner, false, 23, uint16(4000+d), 44), early+3*second)
			}
			visit(probe(rotating, true, 3389, uint16(6000+h%4), 48), 7200*second+r.Int64N(30)*second)
			for range 20 {
				add(probe(server, false, uint16(1024+r.IntN(60000)), 443, uint64(40+r.IntN(1000))), r.Int64N(Day/second)*second)
			}
			for at := int64(0); at < Day; at += 600 * second {
				add(probe(monitor, true, 161, 161, 70), at)
			}
			add(probe(server, false, 123, 123, 76), Day/2)
			add(probe(netip.MustParseAddr("10.9.9.9"), true, 22, 5555, 40), 5000*second)
			if h < 2 {
				add(probe(server, true, 9, 9, 99), 6000*second)
			}
		}
		slices.SortStableFunc(own, func(a, b dataset.Flow) int { return int((a.End - b.End) / second) })
		flows = append(flows, own...)
	}
	return flows, swept
}

// batches cuts flows within hosts.
func batches(flows []dataset.Flow) iter.Seq2[[]dataset.Flow, error] {
	return func(yield func([]dataset.Flow, error) bool) {
		for part := range slices.Chunk(flows, 97) {
			if !yield(part, nil) {
				return
			}
		}
	}
}

func find(t *testing.T, flows []dataset.Flow) *List {
	t.Helper()
	l, err := Find(func() iter.Seq2[[]dataset.Flow, error] { return batches(flows) }, Options{MinHosts: 2, Internal: internal})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Validate(); err != nil {
		t.Fatal(err)
	}
	return l
}

func isSwept(f *dataset.Flow) bool { return f.Remote() == scanner || f.Remote() == rotating }

// What a remote sends to many hosts at once is taken, with the answers; what hosts do by themselves, if at the same time, is not, nor
// what comes all day, from inside, or to two hosts alone.
func TestSweepsAreTakenAndNothingElse(t *testing.T) {
	flows, swept := capture(40, 2)
	l := find(t, flows)
	n := 0
	for others := range l.Others(batches(flows)) {
		n += len(others)
		for i := range others {
			if isSwept(&others[i]) {
				t.Fatalf("left: %+v", others[i])
			}
		}
	}
	if want := len(flows) - swept; n != want {
		t.Errorf("%d flows are left of %d, want %d", n, len(flows), want)
	}
	// Two days of a probe, an answer, and one of four ports.
	if len(l.Events) != 2*6 {
		t.Errorf("%d events, want 12: %+v", len(l.Events), l.Events)
	}
	var none *List
	left := 0
	for others := range none.Others(batches(flows)) {
		left += len(others)
	}
	if left != len(flows) {
		t.Errorf("no sweeps leave %d flows, want all %d", left, len(flows))
	}
}

// A flow of a sweep at another time, or a second one, is a host's own.
func TestOthersOfOtherTimesStay(t *testing.T) {
	flows, _ := capture(12, 1)
	l := find(t, flows)
	s := probe(scanner, true, 23, 4000, 40)
	at := int64(firstDay * Day)
	own := []dataset.Flow{
		s.flow(hostAddr(0), at+3650*second), s.flow(hostAddr(0), at+3660*second), s.flow(hostAddr(0), at+9*3600*second),
		s.flow(hostAddr(1), at+Day+3650*second),
	}
	var left []dataset.Flow
	for others := range l.Others(batches(own)) {
		left = append(left, others...)
	}
	if !slices.Equal(left, own[1:]) {
		t.Errorf("left are %+v, want all but the first", left)
	}
}

func drawAll(l *List, hosts int, seed uint64, day int64) (out [][]dataset.Flow) {
	for h := range hosts {
		var flows []dataset.Flow
		r := rand.New(rand.NewPCG(seed, uint64(h)))
		for _, v := range l.Draw(r, seed, hostAddr(h), day, internal) {
			flows = append(flows, l.Flow(v, hostAddr(h)))
		}
		out = append(out, flows)
	}
	return out
}

// Drawn hosts have the flows of one day of the capture, as often as its hosts and together as they had them.
func TestDrawnHostsAreSweptAsRealOnes(t *testing.T) {
	flows, _ := capture(40, 2)
	l := find(t, flows)
	const hosts, day = 2000, 20000
	answers, late := 0, 0
	ports := map[int]int{}
	for _, flows := range drawAll(l, hosts, 5, day) {
		asked, answered := int64(0), int64(0)
		for i := range flows {
			f := &flows[i]
			switch {
			case f.End < day*Day || f.End >= (day+1)*Day || f.End%second != 0 || i > 0 && f.End < flows[i-1].End:
				t.Fatalf("flow %d ends at %d, want whole seconds of the day, in order", i, f.End)
			case f.Remote() == scanner && f.Outbound():
				answered = f.End
			case f.Remote() == scanner:
				asked = f.End
			case f.Remote() == rotating:
				ports[int(f.SrcPort)]++
			}
		}
		if asked == 0 {
			t.Fatal("a host was not asked, want all, as in the capture")
		}
		if answered > 0 {
			answers++
			if answered-asked != 3*second {
				late++
			}
		}
	}
	if got := float64(answers) / hosts; math.Abs(got-0.5) > 0.06 { // five standard errors
		t.Errorf("%.2f of the hosts answer, want .50", got)
	}
	if late > 0 {
		t.Errorf("%d answers of %d do not come 3 s after the probe", late, answers)
	}
	for port, n := range ports {
		if got := float64(n) / hosts; math.Abs(got-0.25) > 0.1 {
			t.Errorf("port %d at %.2f of the hosts, want about .25", port, got)
		}
	}
	if expected := l.Expected(5, day); math.Abs(expected-2.5) > 0.2 {
		t.Errorf("%.2f flows are expected, want 2.50", expected)
	}
}

func TestDrawingFollowsTheSeed(t *testing.T) {
	flows, _ := capture(40, 2)
	l := find(t, flows)
	equal := func(a, b [][]dataset.Flow) bool { return slices.EqualFunc(a, b, slices.Equal) }
	if !equal(drawAll(l, 20, 5, 20000), drawAll(find(t, flows), 20, 5, 20000)) {
		t.Error("the same seed gives other flows")
	}
	if equal(drawAll(l, 20, 5, 20000), drawAll(l, 20, 6, 20000)) {
		t.Error("another seed gives the same flows")
	}
	// The scanner's port tells the day of the capture: all hosts of a drawn day have one, and days differ.
	seen := map[uint16]bool{}
	for day := range int64(12) {
		ports := map[uint16]bool{}
		for _, flows := range drawAll(l, 5, 5, 20000+day) {
			for i := range flows {
				if flows[i].Remote() == scanner && !flows[i].Outbound() {
					ports[flows[i].SrcPort], seen[flows[i].SrcPort] = true, true
				}
			}
		}
		if len(ports) != 1 {
			t.Errorf("day %d has sweeps of %d days of the capture, want 1", day, len(ports))
		}
	}
	if len(seen) != 2 {
		t.Errorf("twelve days have sweeps of %d days of the capture, want both", len(seen))
	}
}

// Remotes inside the networks of a drawn host, and those of another IP version, do not visit it.
func TestDrawnRemotesAreOutside(t *testing.T) {
	flows, _ := capture(12, 1)
	l := find(t, flows)
	r := rand.New(rand.NewPCG(1, 1))
	if v := l.Draw(r, 1, netip.MustParseAddr("198.51.100.20"), 20000, []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}); len(v) > 0 {
		t.Errorf("%d visits from inside, want none", len(v))
	}
	if v := l.Draw(r, 1, netip.MustParseAddr("2001:db8::1"), 20000, nil); len(v) > 0 {
		t.Errorf("%d visits of IPv4, want none at a host of IPv6", len(v))
	}
}

// Of very many hosts some are looked at: shares are those of all.
func TestManyHosts(t *testing.T) {
	var flows []dataset.Flow
	const hosts = mostHosts + 1000
	for h := range hosts {
		for i := range 3 {
			own := probe(server, false, uint16(2000+i), uint16(h), uint64(100+h))
			flows = append(flows, own.flow(hostAddr(h), firstDay*Day+int64(i)*second))
		}
		if h%4 == 0 {
			s := probe(scanner, true, 23, 4000, 40)
			flows = append(flows, s.flow(hostAddr(h), firstDay*Day+9*second))
		}
	}
	l := find(t, flows)
	if len(l.Events) != 1 || math.Abs(l.Events[0].Shares[0]-0.25) > 0.02 {
		t.Fatalf("events %+v, want one of a quarter of the hosts", l.Events)
	}
}

func TestAFewHostsHaveNoSweeps(t *testing.T) {
	flows, _ := capture(2, 1)
	if l := find(t, flows); l != nil {
		t.Errorf("two hosts have %d events, want none", len(l.Events))
	}
}

// A list comes from a model file, which anybody may have written.
func TestListsOutOfRangeAreRefused(t *testing.T) {
	flows, _ := capture(12, 2)
	text, err := json.Marshal(find(t, flows))
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(l *List){
		"given 0":          func(l *List) { l.Events[0].Given = 0 },
		"given -2":         func(l *List) { l.Events[0].Given = -2 },
		"with 9999":        func(l *List) { l.Events[1].With = 9999 },
		"shares [2":        func(l *List) { l.Events[1].Shares[0] = 2 },
		"ends [":           func(l *List) { l.Events[1].Ends[4] = Day },
		"0 packets":        func(l *List) { l.Events[1].Packets = 0 },
		"remote ":          func(l *List) { l.Events[1].Remote = netip.Addr{} },
		"duration -1":      func(l *List) { l.Events[1].Duration = -1 },
		"delay":            func(l *List) { l.Events[1].Delay = math.MaxInt64 },
		"day 1, want one":  func(l *List) { l.Events[1].Day = 1 },
		"tick 0":           func(l *List) { l.Tick = 0 },
		"0 days":           func(l *List) { l.Days = nil },
		"day 16902 after":  func(l *List) { l.Days[1] = l.Days[0] },
		"order of the day": func(l *List) { l.Events = []Event{l.Events[6], l.Events[0]} },
		"20000 events":     func(l *List) { l.Events = make([]Event, 20000) },
	} {
		var l List
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatal(err)
		}
		if err := l.Validate(); err != nil {
			t.Fatalf("a list read again is refused: %v", err)
		}
		change(&l)
		if err := l.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that says %q", err, want)
		}
	}
}
