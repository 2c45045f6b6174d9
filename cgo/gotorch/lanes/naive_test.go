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
	sizes         [buckets][]size // the most recent first
	met           [buckets][]*row // the last drawn from networks, the most recent first
	own           *naive          // lane of the row's own host, where others' rows came between; nil for this one
	previous      *row
	position      int
}

// size is that of a row whose bytes have no class of their own.
type size struct {
	outbound, group uint8
	local, remote   uint8 // services, or 255
	packets, bytes  int64
}

// buckets is into how many lists they go.
const buckets = 64

// bucket is the list that keeps a size.
func (s *size) bucket() uint32 {
	service := uint32(0)
	switch {
	case s.local != 255:
		service = 1 + uint32(s.local)
	case s.remote != 255:
		service = 1 + uint32(lanes.SizesOf().Services) + uint32(s.remote)
	}
	kind := (service*4+uint32(s.group))*2 + uint32(s.outbound)
	return (uint32(s.packets)*2654435761 + kind*40503) >> 16 % buckets
}

func (n *naive) sizeOf(r *row) size {
	s := size{r.Outbound, 3, 255, 255, r.Packets, r.Bytes}
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

func newNaive(v *lanes.Vocabulary) *naive {
	s := lanes.SizesOf()
	return &naive{v: v, tuples: list{limit: s.Tuples, same: sameConversation}, peers: list{limit: s.Peers, same: sameRemote}}
}

func (n *naive) see(r *row) {
	tuple, peer := n.tuples.rank(r), n.peers.rank(r)
	if !n.v.Without.Conversations {
		n.tuples.see(r, n.position, tuple, peer)
		n.peers.see(r, n.position, tuple, peer)
	}
	if s := n.sizeOf(r); int(r.BytesAtom) == len(n.v.Bytes.Exact) && !n.v.Without.Atoms {
		of := &n.sizes[s.bucket()]
		*of = slices.DeleteFunc(*of, func(x size) bool { return x == s })
		*of = slices.Insert(*of, 0, s)
		*of = (*of)[:min(len(*of), lanes.SizesOf().BytesCopies)]
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
		int64(n.v.PlaceBucket[r.Place]), int64(r.Label),
	}
	for i := range in {
		in[i] += n.v.BagOffset[i]
	}
	return in
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
	for head, x := range map[int]struct {
		atom  uint16
		value int64
		of    lanes.Values
	}{
		gap: {r.GapAtom, r.Gap, v.Gap}, duration: {r.DurationAtom, r.Duration, v.Duration},
		packets: {r.PacketsAtom, r.Packets, v.Packets}, bytes: {r.BytesAtom, r.Bytes, v.Bytes},
	} {
		y[head] = int64(x.atom)
		if int(x.atom) == len(x.of.Exact) {
			copied := -1
			switch head {
			case bytes:
				copied = n.copyOf(r)
			case duration:
				if n.previous != nil && n.previous.Duration == r.Duration && !v.Without.Atoms {
					copied = 0
				}
			}
			if copied >= 0 {
				y[head] += 1 + int64(copied)
				continue
			}
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
