package sweeps

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"slices"

	"stan/dataset"
)

// ofDay are the events that a drawn day has, those of one day of the capture: the same for all hosts, by the seed.
func (l *List) ofDay(day int64, seed uint64) (events []Event, first int) {
	source := l.Days[rand.New(rand.NewPCG(seed, uint64(day)+1<<48)).IntN(len(l.Days))]
	first = slices.IndexFunc(l.Events, func(e Event) bool { return e.Day == source })
	if first < 0 {
		return nil, 0
	}
	n := 1
	for first+n < len(l.Events) && l.Events[first+n].Day == source {
		n++
	}
	return l.Events[first : first+n], first
}

// Visit is a flow that a drawn host has.
type Visit struct {
	End   int64 // µs since 1970
	event int
}

// Draw draws what a host has on a day, in days since 1970 UTC, from the sweeps of one day of the capture, which the seed picks. Remotes
// are none of the internal networks and of the host's IP version. Visits come in order of their ends.
func (l *List) Draw(r *rand.Rand, seed uint64, host netip.Addr, day int64, internal []netip.Prefix) []Visit {
	events, first := l.ofDay(day, seed)
	had, visits := make([]bool, len(events)), make([]Visit, 0, len(events))
	for i := range events {
		e := &events[i]
		share := e.Shares[0]
		if e.Given >= 0 && had[e.Given-first] {
			share = e.Shares[1]
		}
		had[i] = r.Float64() < share
		possible := e.Remote.Is4() == host.Is4() &&
			!slices.ContainsFunc(internal, func(p netip.Prefix) bool { return p.Contains(e.Remote) })
		if had[i] && possible {
			visits = append(visits, Visit{event: first + i})
		}
	}
	// An event is timed by one that begins before it.
	slices.SortStableFunc(visits, func(a, b Visit) int {
		return cmp.Compare(l.Events[a.event].Ends[0], l.Events[b.event].Ends[0])
	})
	ends := make([]int64, len(events))
	for k := range visits {
		i := visits[k].event - first
		e := &events[i]
		ends[i] = e.end(r, l.Tick)
		if e.With >= 0 && had[e.With-first] {
			ends[i] = min(max(ends[e.With-first]+e.Delay, 0), Day-l.Tick)
		}
		visits[k].End = day*Day + ends[i]
	}
	slices.SortStableFunc(visits, func(a, b Visit) int { return cmp.Compare(a.End, b.End) })
	return visits
}

// Flow is the flow of a visit.
func (l *List) Flow(v Visit, host netip.Addr) dataset.Flow {
	return l.Events[v.event].flow(host, v.End)
}

// end draws a time between the quantiles of an event's ends, in µs since midnight.
func (e *Event) end(r *rand.Rand, tick int64) int64 {
	q := r.IntN(Quantiles - 1)
	from, to := e.Ends[q], e.Ends[q+1]
	return min(from+r.Int64N((to-from)/tick+1)*tick, to)
}

// Expected is the mean number of flows that a host has on a drawn day.
func (l *List) Expected(seed uint64, day int64) float64 {
	events, first := l.ofDay(day, seed)
	shares := make([]float64, len(events))
	sum := 0.0
	for i := range events {
		e := &events[i]
		shares[i] = e.Shares[0]
		if e.Given >= 0 {
			p := shares[e.Given-first]
			shares[i] = (1-p)*e.Shares[0] + p*e.Shares[1]
		}
		sum += shares[i]
	}
	return sum
}
