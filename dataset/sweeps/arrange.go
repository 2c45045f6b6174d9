package sweeps

import (
	"cmp"
	"net/netip"
	"slices"
)

// arrange puts events into the order of their trees, day by day, and tells how they depend on each other. present is the number of
// hosts of each day.
func arrange(all []found, present map[int64]int) []Event {
	slices.SortStableFunc(all, func(a, b found) int { return a.compare(&b.Event) })
	var out []Event
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Day == all[0].Day {
			n++
		}
		out = append(out, arrangeDay(all[:n], present[all[0].Day], len(out))...)
		all = all[n:]
	}
	return out
}

// arrangeDay does so with the events of a day, whose first one will be number first of all.
func arrangeDay(day []found, hosts, first int) []Event {
	sets := make([]hostSet, len(day))
	for i := range day {
		sets[i] = day[i].hosts
	}
	place := make([]int, len(day)) // in the list
	sorted := make([]found, len(day))
	for i, l := range chowLiu(sets, hosts) {
		place[l.event] = i
		e := day[l.event]
		if l.given < 0 {
			e.Shares[0] = float64(len(e.at)) / float64(hosts)
		} else {
			given := &day[l.given]
			both := e.hosts.both(given.hosts)
			e.Given = first + place[l.given]
			e.Shares[0] = share(len(e.at)-both, hosts-len(given.at))
			e.Shares[1] = share(both, len(given.at))
		}
		sorted[i] = e
	}
	align(sorted, first)
	out := make([]Event, len(sorted))
	for i := range sorted {
		out[i] = sorted[i].Event
	}
	return out
}

// share is the share of n hosts that had an event, with half a host more on either side: of few hosts all or none is no certainty.
func share(had, n int) float64 { return (float64(had) + 0.5) / (float64(n) + 1) }

// mostAligned bounds the events before one that it may be timed by.
const mostAligned = 16

// align looks for what tells best when hosts have an event: one of the last of the remote that began before, and that most of them have, too.
func align(events []found, first int) {
	remotes := map[netip.Addr][]int{}
	for i := range events {
		remotes[events[i].Remote] = append(remotes[events[i].Remote], i)
	}
	for _, same := range remotes {
		slices.SortStableFunc(same, func(a, b int) int { return cmp.Compare(events[a].Ends[0], events[b].Ends[0]) })
		for n, i := range same {
			e := &events[i]
			least := (e.Ends[3] - e.Ends[1]) / 2 // the spread of the event itself
			for _, j := range same[max(n-mostAligned, 0):n] {
				if 2*e.hosts.both(events[j].hosts) < len(e.at) {
					continue
				}
				delay, spread := between(&events[j], e)
				if spread < least || spread == least && (e.With < 0 || distance(delay) < distance(e.Delay)) {
					least, e.With, e.Delay = spread, first+j, delay
				}
			}
		}
	}
}

func distance(us int64) int64 { return max(us, -us) }

// between is how long after a hosts that had both had b: the median, and the median distance from that.
func between(a, b *found) (delay, spread int64) {
	var all []int64
	for _, x := range b.at {
		if end, had := a.when(x.host); had {
			all = append(all, x.end-end)
		}
	}
	delay = median(all)
	for i := range all {
		all[i] = distance(all[i] - delay)
	}
	return delay, median(all)
}

func median(x []int64) int64 {
	slices.SortFunc(x, cmp.Compare)
	return x[len(x)/2]
}
