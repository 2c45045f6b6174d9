package lanes_test

import (
	"math"
	"slices"

	"github.com/wangkuiyi/gotorch/lanes"
)

// remembered is a row in a naive list, at the slot where the network finds it.
type remembered struct {
	row
	slot, position, count int
	tuple, peer           int // ranks at which the row was found when it came
}

// list holds what is remembered, the most recent first.
type list struct {
	limit int
	same  func(a, b *row) bool
	items []remembered
}

func (l *list) rank(r *row) int {
	if i := slices.IndexFunc(l.items, func(x remembered) bool { return l.same(&x.row, r) }); i >= 0 {
		return i
	}
	return l.limit
}

// slot is where the row's key is, the list's length for nowhere.
func (l *list) slot(r *row) int {
	if i := l.rank(r); i < l.limit {
		return l.items[i].slot
	}
	return l.limit
}

func (l *list) see(r *row, position, tuple, peer int) {
	item := remembered{row: *r, slot: len(l.items), position: position, count: 1, tuple: tuple, peer: peer}
	switch i := l.rank(r); {
	case i < l.limit:
		item.slot, item.count = l.items[i].slot, l.items[i].count+1
		l.items = slices.Delete(l.items, i, i+1)
	case len(l.items) == l.limit: // the oldest makes room
		item.slot = l.items[l.limit-1].slot
		l.items = l.items[:l.limit-1]
	}
	l.items = slices.Insert(l.items, 0, item)
}

func sameRemote(a, b *row) bool { return a.Addr == b.Addr }

func sameConversation(a, b *row) bool {
	return a.Addr == b.Addr && a.Proto == b.Proto && a.LocalPort == b.LocalPort && a.RemotePort == b.RemotePort
}

// naive is a lane as its definition says.
type naive struct {
	v             *lanes.Vocabulary
	tuples, peers list
	sizes         [buckets][]size // without a class, the most recent first
	sizesSeen     []sized         // sizes of all flows, the last one first
	durations     lengths
	met           [buckets][]*row // the last drawn from networks, the most recent first
	own           *naive          // lane of the row's own host, where others' rows came between; nil for this one
	previous      *row
	position      int
}

// size is that of a row whose bytes have no class of their own.
type size struct {
	outbound, group uint8
	flags           uint8 // class
	local, remote   uint8 // services, or 255
	packets, bytes  int64
}

// buckets is into how many lists they go.
const buckets = 64

// kind is that of the flow.
func (s *size) kind() uint32 {
	service := uint32(0)
	switch {
	case s.local != 255:
		service = 1 + uint32(s.local)
	case s.remote != 255:
		service = 1 + uint32(lanes.SizesOf().Services) + uint32(s.remote)
	}
	service += uint32(s.flags) * uint32(1+2*lanes.SizesOf().Services)
	return (service*4+uint32(s.group))*2 + uint32(s.outbound)
}

// bucket is the list that keeps a size without a class.
func (s *size) bucket() uint32 {
	return (uint32(s.packets)*2654435761 + s.kind()*40503) >> 16 % buckets
}

func (n *naive) sizeOf(r *row) size {
	s := size{r.Outbound, 3, r.FlagsClass, 255, 255, r.Packets, r.Bytes}
	if i := slices.Index([]uint8{tcp, udp, icmp}, r.Proto); i >= 0 {
		s.group = uint8(i)
	}
	if hasPorts(r.Proto) {
		if s.local = n.v.PortService[r.LocalPort]; s.local == 255 {
			s.remote = n.v.PortService[r.RemotePort]
		}
	}
	return s
}

// copyOf is the place of the row's bytes among the last ones of its kind with as many packets, -1 for none.
func (n *naive) copyOf(r *row) int {
	want, place := n.sizeOf(r), 0
	for _, s := range n.home().sizes[want.bucket()] {
		if s == want {
			return place
		}
		if s.bytes = want.bytes; s == want {
			place++
		}
	}
	return -1
}

// sized is a size, and the last row that had it.
type sized struct {
	size
	row             *row
	position, count int
}

// Sizes that are remembered.
const recentSizes = 64

func (n *naive) seeSize(r *row, s size) {
	x := sized{s, r, n.position, 1}
	if i := slices.IndexFunc(n.sizesSeen, func(y sized) bool { return y.size == s }); i >= 0 {
		x.count += n.sizesSeen[i].count
		n.sizesSeen = slices.Delete(n.sizesSeen, i, i+1)
	}
	n.sizesSeen = slices.Insert(n.sizesSeen, 0, x)
	n.sizesSeen = n.sizesSeen[:min(len(n.sizesSeen), recentSizes)]
}

// offered are the sizes that the row may repeat.
func (n *naive) offered(r *row) (of []sized) {
	want := n.sizeOf(r)
	for _, x := range n.sizesSeen {
		if x.kind() == want.kind() && len(of) < lanes.SizesOf().Repeats {
			of = append(of, x)
		}
	}
	return of
}

// aboutSize are the inputs of a size that the row is offered: packets, bytes, age in rows, count, whether of its remote, rank.
func (n *naive) aboutSize(x *sized, r *row, rank int) []int64 {
	first := int64(len(n.v.Packets.Exact) + 1 + len(n.v.Bytes.Exact) + 1)
	own := int64(0)
	if x.row.Addr == r.Addr {
		own = 1
	}
	beside := int64(0)
	if last := n.answered(r); last != nil {
		beside = 1
		switch more := x.packets - last.Packets; {
		case more < 0:
			beside = 3
		case more > 2:
			beside = 7
		case more > 0:
			beside = 5
		}
		if x.bytes == last.Bytes {
			beside++
		}
	}
	ranks := first + 16 + 8 + 2
	return []int64{
		int64(x.row.PacketsAtom), int64(len(n.v.Packets.Exact)+1) + int64(x.row.BytesAtom), first + bucket(float64(n.position-x.position), 16),
		first + 16 + bucket(float64(x.count), 8), first + 16 + 8 + own, ranks + int64(rank), ranks + int64(lanes.SizesOf().Repeats) + beside,
	}
}

// answered is the last flow of the row's conversation, if it went the other way, else nil.
func (n *naive) answered(r *row) *row {
	if i := n.tuples.rank(r); i < n.tuples.limit && !n.v.Without.Atoms {
		if last := &n.tuples.items[i].row; last.Outbound != r.Outbound {
			return last
		}
	}
	return nil
}

// baseDuration is that of what the row answers, or else of its peer's last flow, 0 for none.
func (n *naive) baseDuration(r *row) int64 {
	i := n.peers.rank(r)
	if i == n.peers.limit || n.v.Without.Atoms {
		return 0
	}
	if last := n.answered(r); last != nil {
		return last.Duration
	}
	return n.peers.items[i].Duration
}

// answeredSize are the packets and bytes of what the row answers, as classes and where they lie.
func (n *naive) answeredSize(r *row) (classes []int64, y [2]float64) {
	p, b := n.v.Packets, n.v.Bytes
	first := int64(len(p.Exact) + 2)
	last := n.answered(r)
	if last == nil {
		return []int64{first - 1, first + int64(len(b.Exact)) + 1}, y
	}
	for k, x := range []struct {
		of    lanes.Values
		value int64
	}{{p, last.Packets}, {b, last.Bytes}} {
		y[k] = (math.Log(float64(x.value)+1) - float64(x.of.Centre)) / float64(x.of.Scale)
	}
	return []int64{int64(last.PacketsAtom), first + int64(last.BytesAtom)}, y
}

// lengths are durations that flows may have again: all of a peer, and in the place of sizes those of each kind without a class.
type lengths struct {
	peers map[peerSide][]int64
	kinds [buckets][]size
}

// peerSide is one direction of flows with a peer.
type peerSide struct {
	addr     [4]uint32
	outbound uint8
}

// A row may last so many ticks more, less one, than what it answers or its peer had last. So many of the peer's durations are offered, then so many of
// those whose kind shares a bucket.
const steps, peerDurations, kindDurations = 17, 4, 16

// seePeer takes in a flow of a peer, of which a new one has left or never came.
func (p *lengths) seePeer(r *row, newPeer bool) {
	if newPeer {
		delete(p.peers, peerSide{r.Addr, 0})
		delete(p.peers, peerSide{r.Addr, 1})
	}
	at := peerSide{r.Addr, r.Outbound}
	p.peers[at] = front(p.peers[at], r.Duration, peerDurations)
}

func (p *lengths) seeKind(what size) {
	of := &p.kinds[what.kind()%buckets]
	*of = front(*of, what, kindDurations)
}

// place is where what stands among those that the row may have again, -1 for nowhere.
func (p *lengths) place(r *row, what size, recent bool) int {
	if recent {
		if i := slices.Index(p.peers[peerSide{r.Addr, r.Outbound}], r.Duration); i >= 0 {
			return i
		}
	}
	if i := slices.Index(p.kinds[what.kind()%buckets], what); i >= 0 {
		return peerDurations + i
	}
	return -1
}

func (n *naive) recent(r *row) bool { return n.peers.rank(r) < n.peers.limit }

// repeatOf is the class of the row's size among those that it is offered.
func (n *naive) repeatOf(r *row) int {
	want := n.sizeOf(r)
	if i := slices.IndexFunc(n.offered(r), func(x sized) bool { return x.size == want }); i >= 0 {
		return i
	}
	return lanes.SizesOf().Repeats
}

// lasting is the row's duration in the place of its size.
func (n *naive) lasting(r *row) size {
	d := n.sizeOf(r)
	d.packets, d.bytes = 0, r.Duration
	return d
}

// durationOf is the place of the row's duration among those that it may repeat, -1 for none.
func (n *naive) durationOf(r *row) int {
	h := n.home()
	if base := h.baseDuration(r); base > 0 && r.Duration >= base && r.Duration < base+steps {
		return int(r.Duration - base)
	}
	if int(r.DurationAtom) < len(n.v.Duration.Exact) {
		return -1
	}
	if i := h.durations.place(r, n.lasting(r), h.recent(r)); i >= 0 {
		return steps + i
	}
	if h.previous != nil && h.previous.Duration == r.Duration && !n.v.Without.Atoms {
		return lanes.SizesOf().DurationCopies - 1
	}
	return -1
}

// front puts s first, once, in a list of so many at most.
func front[T comparable](of []T, s T, limit int) []T {
	of = slices.Insert(slices.DeleteFunc(slices.Clone(of), func(x T) bool { return x == s }), 0, s)
	return of[:min(len(of), limit)]
}

func newNaive(v *lanes.Vocabulary) *naive {
	s := lanes.SizesOf()
	return &naive{v: v, durations: lengths{peers: map[peerSide][]int64{}}, tuples: list{limit: s.Tuples, same: sameConversation}, peers: list{limit: s.Peers, same: sameRemote}}
}

// recalled is the row with what is known of it when it comes.
func (n *naive) recalled(r *row) *row {
	known := *r
	known.Repeat = uint8(n.repeatOf(r))
	return &known
}

func (n *naive) see(r *row) {
	r = n.recalled(r)
	tuple, peer := n.tuples.rank(r), n.peers.rank(r)
	if !n.v.Without.Conversations {
		n.tuples.see(r, n.position, tuple, peer)
		n.peers.see(r, n.position, tuple, peer)
	}
	if s := n.sizeOf(r); !n.v.Without.Atoms {
		n.seeSize(r, s)
		if !n.v.Without.Conversations {
			n.durations.seePeer(r, peer == n.peers.limit)
		}
		if int(r.DurationAtom) == len(n.v.Duration.Exact) {
			n.durations.seeKind(n.lasting(r))
		}
		if int(r.BytesAtom) == len(n.v.Bytes.Exact) {
			of := &n.sizes[s.bucket()]
			*of = front(*of, s, lanes.SizesOf().BytesCopies)
		}
	}
	if peer == n.peers.limit && !n.v.Without.Conversations && r.Place >= firstNetwork {
		of := &n.met[int(r.Place)%buckets]
		*of = slices.Insert(*of, 0, r)
		*of = (*of)[:min(len(*of), met)]
	}
	n.previous = r
	n.position++
}

// returnable is how many remotes a row of a network, of no recent peer, could come back to, and how many of them are its own.
func (n *naive) returnable(r *row) (all, own int) {
	if n.peers.rank(r) < n.peers.limit {
		return 0, 0
	}
	for _, x := range n.met[int(r.Place)%buckets] {
		if x.Place == r.Place && n.peers.rank(x) == n.peers.limit {
			all++
			if x.Addr == r.Addr {
				own++
			}
		}
	}
	return all, own
}

// home is the lane that is asked what it recalls of a row.
func (n *naive) home() *naive {
	if n.own != nil {
		return n.own
	}
	return n
}

func (n *naive) restOfPlace(r *row) float64 {
	free := float64(128 - int(n.v.PlaceBits[r.Place]))
	if free == 0 || r.Place == internalPlace {
		return math.Ln2 * free
	}
	at := 0
	if r.Place >= anyIPv4 {
		at = met + 1
	}
	all, own := n.home().returnable(r)
	back := float64(n.v.Returns[at+all])
	if own == 0 {
		return math.Ln2*free - math.Log(1-back)
	}
	return -math.Log(back*float64(own)/float64(all) + (1-back)*math.Exp2(-free))
}

// bag are the discrete inputs of a row found at two ranks.
func (n *naive) bag(r *row, tuple, peer int) []int64 {
	in := []int64{
		int64(r.GapAtom), int64(r.DurationAtom), int64(r.PacketsAtom), int64(r.BytesAtom), int64(r.Outbound), int64(r.ProtoClass),
		int64(r.LocalPortClass), int64(r.RemotePortClass), int64(r.FlagsClass), int64(r.ToSClass), int64(tuple), int64(peer),
		int64(n.v.PlaceBucket[r.Place]), int64(r.Label), int64(r.Repeat),
	}
	for i := range in {
		in[i] += n.v.BagOffset[i]
	}
	return in
}

// joint are the inputs of kind, and of packets among flows of the kind.
func (n *naive) joint(r *row) []int64 {
	s, z := n.sizeOf(r), lanes.SizesOf()
	sized := s.kind()*uint32(len(n.v.Packets.Exact)+1) + uint32(r.PacketsAtom)
	hash := func(x uint32, rows int) int64 { return int64(x * 2654435761 >> 16 % uint32(rows)) }
	return []int64{hash(s.kind(), z.KindRows), int64(z.KindRows) + hash(sized, z.JointRows-z.KindRows)}
}

// lasted are the durations that the row's is likely to be near to, as classes and where they lie.
func (n *naive) lasted(r *row) (classes []int64, y []float64) {
	of, known := n.v.Duration, int64(len(n.v.Duration.Exact))
	add := func(from []int64, k int) {
		class, at := known+1, 0.0
		if k < len(from) {
			class, at = known, (math.Log(float64(from[k])+1)-float64(of.Centre))/float64(of.Scale)
			if i, ok := slices.BinarySearch(of.Exact, from[k]); ok {
				class = int64(i)
			}
		}
		classes, y = append(classes, int64(len(classes))*(known+2)+class), append(y, at)
	}
	var base []int64
	if d := n.baseDuration(r); d > 0 {
		base = []int64{d}
	}
	add(base, 0)
	for k := range peerDurations {
		for _, side := range []uint8{r.Outbound, 1 - r.Outbound} {
			if len(classes) == lanes.SizesOf().Lasted {
				break // the last one of the other direction
			}
			var of []int64
			if n.recent(r) {
				of = n.durations.peers[peerSide{r.Addr, side}]
			}
			add(of, k)
		}
	}
	return classes, y
}

// about are the inputs of a candidate: age in rows, age in seconds, how often it was seen, rank.
func (n *naive) about(x *remembered, rank int, now int64) []int64 {
	return []int64{
		bucket(float64(n.position-x.position), 16), 16 + bucket(float64(float32(now-x.End)*1e-6), 18),
		16 + 18 + bucket(float64(x.count), 8), 16 + 18 + 8 + int64(rank),
	}
}

// target is the class of each head for a row, and rest the nats that the class leaves open.
func (n *naive) target(r *row) (y [heads]int64, rest [heads]float64) {
	for h := range y {
		y[h] = none
	}
	v, s := n.v, lanes.SizesOf()
	y[conversation], y[direction], y[flags], y[tos], y[label] = int64(n.tuples.slot(r)), int64(r.Outbound), int64(r.FlagsClass),
		int64(r.ToSClass), int64(r.Label)
	rest[flags], rest[tos] = restOfByte(len(v.Flags), r.FlagsClass), restOfByte(len(v.ToS), r.ToSClass)
	if n.tuples.rank(r) == s.Tuples {
		base := n.previous
		if v.Without.Conversations {
			base = nil
		}
		y[peer] = int64(n.peers.slot(r))
		if i := n.peers.rank(r); i < s.Peers {
			base = &n.peers.items[i].row
		} else {
			y[region], y[place] = int64(int(r.Place)/s.Region), int64(int(r.Place)%s.Region)
			rest[place] = n.restOfPlace(r)
		}
		y[protocol], rest[protocol] = int64(r.ProtoClass), restOfByte(len(v.Protos), r.ProtoClass)
		comparable := base != nil && (hasPorts(base.Proto) && hasPorts(r.Proto) || base.Proto == icmp && r.Proto == icmp)
		port := func(head int, p, class uint16, of func(*row) uint16) {
			if comparable {
				if above := int64(p) - int64(of(base)); above == 0 || above > 0 && above < 9 && r.Proto != icmp {
					y[head] = above
					return
				}
			}
			y[head], rest[head] = int64(s.Copies)+int64(class), restOfPort(v, int(class))
		}
		if hasPorts(r.Proto) {
			port(localPort, r.LocalPort, r.LocalPortClass, func(b *row) uint16 { return b.LocalPort })
		}
		if hasPorts(r.Proto) || r.Proto == icmp {
			port(remotePort, r.RemotePort, r.RemotePortClass, func(b *row) uint16 { return b.RemotePort })
		}
	}
	y[repeat] = int64(n.repeatOf(r))
	for head, x := range map[int]struct {
		atom  uint16
		value int64
		of    lanes.Values
	}{
		gap: {r.GapAtom, r.Gap, v.Gap}, duration: {r.DurationAtom, r.Duration, v.Duration},
		packets: {r.PacketsAtom, r.Packets, v.Packets}, bytes: {r.BytesAtom, r.Bytes, v.Bytes},
	} {
		if (head == packets || head == bytes) && y[repeat] < int64(s.Repeats) {
			continue
		}
		y[head] = int64(x.atom)
		copied := -1
		switch {
		case head == bytes && int(x.atom) == len(x.of.Exact):
			copied = n.copyOf(r)
		case head == duration:
			copied = n.durationOf(r)
		}
		if copied >= 0 {
			y[head] = int64(len(x.of.Exact) + 1 + copied)
			continue
		}
		if width := binOf(x.of, x.value).width; int(x.atom) == len(x.of.Exact) && width < narrowest {
			rest[head] = math.Log(narrowest / width)
		}
	}
	return y, rest
}

// narrowest is the width below which bins are widened.
const narrowest = 2e-4

type bin struct{ lower, upper, width float64 }

// binOf is where a value lies on the axis of its mixture.
func binOf(of lanes.Values, v int64) bin {
	axis := func(x float64) float64 { return (math.Log(x) - float64(of.Centre)) / float64(of.Scale) }
	b := bin{axis(float64(v) + 0.5), axis(float64(v) + 1.5), 0}
	b.width = math.Log1p(1/(float64(v)+0.5)) / float64(of.Scale)
	switch {
	case v == 0:
		b.lower = math.Inf(-1)
	case b.width < narrowest:
		middle := (b.lower + b.upper) / 2
		b.lower, b.upper = middle-narrowest/2, middle+narrowest/2
	}
	return b
}

func restOfByte(known int, class uint8) float64 {
	if int(class) < known {
		return 0
	}
	return math.Log(float64(256 - known))
}

func restOfPort(v *lanes.Vocabulary, class int) float64 {
	switch first := 1 + len(v.Ports); {
	case class < first:
		return 0
	case class < first+portBins:
		return math.Log(float64(v.BinStart[class-first+1] - v.BinStart[class-first]))
	case class == portClasses(v)-1:
		return math.Log(float64(65536 - len(v.ICMPs)))
	}
	return 0
}
