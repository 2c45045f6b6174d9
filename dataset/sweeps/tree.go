package sweeps

import (
	"math"
	"math/bits"

	"gonum.org/v1/gonum/stat/distuv"
)

// Who is swept and who answers depend on each other: a host that answers one ping answers others, a scanner that comes from four ports
// picks one for each host. A tree over the events of a day in which each is given one other tells that best if its pairs have the
// greatest mutual information in sum (Chow and Liu, IEEE Transactions on Information Theory 14, 1968).

// hostSet is a set of hosts by their number, a bit each.
type hostSet []uint64

func newHostSet(hosts int) hostSet { return make(hostSet, (hosts+63)/64) }

func (s hostSet) add(host int) { s[host/64] |= 1 << (host % 64) }

func (s hostSet) len() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// both is the size of the intersection.
func (s hostSet) both(o hostSet) (n int) {
	for i, w := range s {
		n += bits.OnesCount64(w & o[i])
	}
	return n
}

// chance is how likely two events that have nothing to do with each other may seem dependent: of the millions of pairs of a day few do.
const chance = 1e-6

// dependent is the likelihood ratio 2 N I of a pair, I their mutual information in nats, above which they are dependent: it is
// distributed as chi-squared with one degree of freedom if they are not (Wilks, 1938).
var dependent = distuv.ChiSquared{K: 1}.Quantile(1 - chance)

// link is an event's place in the tree.
type link struct {
	event, given int // given is -1 at a root
}

// chowLiu links events, whose hosts are given, of so many hosts in all. An event comes after the one that it is given. Pairs that are
// not dependent are not linked.
func chowLiu(events []hostSet, hosts int) []link {
	sizes := make([]int, len(events))
	for i, e := range events {
		sizes[i] = e.len()
	}
	best := make([]float64, len(events)) // of what an event outside the tree has with one inside
	given := make([]int, len(events))
	inside := make([]bool, len(events))
	out := make([]link, 0, len(events))
	for i := range given {
		given[i] = -1
	}
	for range events { // Prim
		next := -1
		for i := range events {
			if !inside[i] && (next < 0 || best[i] > best[next] || best[i] == best[next] && sizes[i] > sizes[next]) {
				next = i
			}
		}
		inside[next] = true
		out = append(out, link{next, given[next]})
		for i := range events {
			if inside[i] {
				continue
			}
			ratio := 2 * information(events[next].both(events[i]), sizes[next], sizes[i], hosts)
			if ratio > dependent && ratio > best[i] {
				best[i], given[i] = ratio, next
			}
		}
	}
	return out
}

// information is N times the mutual information in nats of two events that a and b of N = n hosts have, both of them ab.
func information(ab, a, b, n int) float64 {
	sum := 0.0
	for _, cell := range [4][3]int{{ab, a, b}, {a - ab, a, n - b}, {b - ab, n - a, b}, {n - a - b + ab, n - a, n - b}} {
		if x := float64(cell[0]); x > 0 {
			sum += x * math.Log(x*float64(n)/(float64(cell[1])*float64(cell[2])))
		}
	}
	return sum
}
