package evaluate

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// point is a row of a sample as a place among rows: what its host sees of it, with the gap and without the time.
type point struct {
	addr                  [2]uint64        // remote address, IPv4 in the last 32 bits of what As16 gives
	numbers               [numbers]float32 // gap, duration, packets, bytes: in logarithms, 0 to about 1
	classes               uint32           // a byte each: direction, protocol, TCP flags, type of service
	localPort, remotePort uint16
	host                  int32
	ipv4                  bool
	key                   uint64 // a random order, the same for equal rows of two samples
	row                   *sampledRow
}

const (
	numbers = 4
	classes = 4
	// pointAttributes is the number of attributes of a point: beside these two ports and an address.
	pointAttributes = numbers + classes + 3
)

// numberScale holds logarithms of the largest usual values: a day in ms for gap and duration, the paper's for packets and
// bytes.
var numberScale = [numbers]float64{math.Log(86_400_000), math.Log(86_400_000), 12.83, 20.129}

// points are rows of a sample, host by host.
type points []*point

func pointsOf(s *sample, seed uint64) points {
	all := make([]point, len(s.rows))
	list := make(points, len(s.rows))
	times := make(map[uint64]uint64) // that a row has come before
	for i := range s.rows {
		p := &all[i]
		p.set(&s.rows[i])
		content := rowKey(&s.rows[i].row)
		p.key = mix(mix(seed, content), times[content])
		times[content]++
		list[i] = p
	}
	return list
}

// hosts returns the points of each host.
func (p points) hosts() []points {
	var hosts []points
	for len(p) > 0 {
		n := 1
		for n < len(p) && p[n].host == p[0].host {
			n++
		}
		hosts = append(hosts, p[:n])
		p = p[n:]
	}
	return hosts
}

// some returns the n points that come first in the order of keys, or all if there are fewer.
func (p points) some(n int) points {
	if len(p) <= n {
		return p
	}
	p = slices.Clone(p)
	slices.SortFunc(p, func(a, b *point) int { return cmp.Compare(a.key, b.key) })
	p = p[:n]
	slices.SortStableFunc(p, func(a, b *point) int { return cmp.Compare(a.host, b.host) })
	return p
}

// even returns about n points, as many of each host that has so many.
func (p points) even(n int) points {
	hosts := p.hosts()
	var kept points
	for _, host := range hosts {
		kept = append(kept, host.some(max(n/len(hosts), 1))...)
	}
	return kept
}

// split deals the hosts to two sides at random.
func (p points) split(random *rand.Rand) (one, other points) {
	hosts := p.hosts()
	for i, at := range random.Perm(len(hosts)) {
		if i < len(hosts)/2 {
			one = append(one, hosts[at]...)
		} else {
			other = append(other, hosts[at]...)
		}
	}
	return one, other
}

func (p *point) set(r *sampledRow) {
	addr := r.remote.As16()
	*p = point{host: r.host, localPort: r.localPort, remotePort: r.remotePort, ipv4: r.remote.Is4(), row: r,
		classes: uint32(direction(&r.row))<<24 | uint32(r.Proto)<<16 | uint32(r.TCPFlags)<<8 | uint32(r.ToS),
		addr:    [2]uint64{binary.BigEndian.Uint64(addr[:8]), binary.BigEndian.Uint64(addr[8:])}}
	for i, x := range [numbers]uint64{millis(max(r.gap, 0)), millis(r.End - r.Start), r.Packets, r.Bytes} {
		p.numbers[i] = float32(math.Log1p(float64(x)) / numberScale[i])
	}
}

// The distance of two points is the sum over attributes of distances from 0 to 1 (Gower, Biometrics 1971): of logarithms;
// of classes, 0 or 1; of ports, a half within one bin of 1024; of addresses, the share of bits after the common prefix.

// classDistance counts the classes that differ.
func classDistance(a, b uint32) int {
	n := 0
	for diff := a ^ b; diff != 0; diff >>= 8 {
		if diff&0xff != 0 {
			n++
		}
	}
	return n
}

// within adds what p and q differ in beside classes to d, and may stop adding once that reaches limit.
func (p *point) within(q *point, d, limit float32) float32 {
	d += addrDistance(p, q) + portDistance(p.localPort, q.localPort) + portDistance(p.remotePort, q.remotePort)
	if d >= limit {
		return d
	}
	for i, x := range p.numbers {
		d += min(max(x-q.numbers[i], q.numbers[i]-x), 1)
	}
	return d
}

func portDistance(a, b uint16) float32 {
	switch {
	case a == b:
		return 0
	case a/wellKnownPorts == b/wellKnownPorts:
		return 0.5
	default:
		return 1
	}
}

func addrDistance(p, q *point) float32 {
	switch {
	case p.addr == q.addr:
		return 0
	case p.ipv4 != q.ipv4:
		return 1
	case p.ipv4:
		return 1 - float32(bits.LeadingZeros32(uint32(p.addr[1])^uint32(q.addr[1])))/32
	}
	common := bits.LeadingZeros64(p.addr[0] ^ q.addr[0])
	if common == 64 {
		common += bits.LeadingZeros64(p.addr[1] ^ q.addr[1])
	}
	return 1 - float32(common)/128
}

// neighbours finds the nearest of its points. Points of equal classes stand together: those of other classes are looked at
// only if they can be nearer.
type neighbours struct{ groups []neighbourGroup }

type neighbourGroup struct {
	classes uint32
	points  []point
}

func newNeighbours(points points) *neighbours {
	n := new(neighbours)
	place := make(map[uint32]int)
	for _, p := range points {
		i, seen := place[p.classes]
		if !seen {
			i = len(n.groups)
			place[p.classes] = i
			n.groups = append(n.groups, neighbourGroup{classes: p.classes})
		}
		n.groups[i].points = append(n.groups[i].points, *p)
	}
	return n
}

// noHost is the number of no host.
const noHost = -1

// distance returns that of the nearest point to p of another host than leaveOut; infinity if there is none.
func (n *neighbours) distance(p *point, leaveOut int32) float64 {
	best := float32(math.Inf(1))
	for apart := 0; apart <= classes && float32(apart) < best; apart++ {
		for i := range n.groups {
			g := &n.groups[i]
			if classDistance(g.classes, p.classes) != apart {
				continue
			}
			for j := range g.points {
				if q := &g.points[j]; q.host != leaveOut {
					best = min(best, p.within(q, float32(apart), best))
				}
			}
		}
	}
	return float64(best)
}
