package sweeps

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"iter"
	"maps"
	"net/netip"
	"slices"

	"stan/dataset"
	"stan/dataset/encode"
	"stan/dataset/internal/lossy"
)

// Options bound what is stored of a capture.
type Options struct {
	MinHosts int            // hosts that must have had an event; at least fewestHosts are asked for
	Internal []netip.Prefix // the networks of the hosts; no remote of a sweep lies in them
}

const (
	// fewestHosts have an event: two hosts have the same flow at the same time by chance, too.
	fewestHosts = 3
	// window is the longest time between the ends of an event at two hosts, one after the other, µs.
	window = 300 * 1_000_000
	// mostADay is how often on a day a host has a flow of a sweep, on average: what comes more often is of the host's own doing.
	mostADay = 2
	// mostShapes bounds the shapes that are looked at, mostHosts the hosts at which they are, mostInstances their flows there.
	mostShapes    = 1 << 15
	mostHosts     = 1 << 12
	mostInstances = 1 << 24
)

// hash is the same for equal shapes, everywhere.
func (s *Shape) hash() uint64 {
	var words [10]byte
	h := fnv.New64a()
	out := byte(0)
	if s.Outbound {
		out = 1
	}
	remote := s.Remote.As16()
	_, _ = h.Write(remote[:]) // a hash does not fail
	binary.LittleEndian.PutUint16(words[0:], s.LocalPort)
	binary.LittleEndian.PutUint16(words[2:], s.RemotePort)
	words[4], words[5], words[6], words[7] = out, s.Proto, s.TCPFlags, s.ToS
	_, _ = h.Write(words[:8])
	for _, x := range [...]uint64{s.Packets, s.Bytes, uint64(s.Duration)} {
		binary.LittleEndian.PutUint64(words[:], x)
		_, _ = h.Write(words[:8])
	}
	_, _ = h.Write([]byte(s.Label))
	return h.Sum64()
}

// Find finds the sweeps of a capture, whose flows are read twice. It returns nil if there are none, or if they are most of the capture.
func Find(capture func() iter.Seq2[[]dataset.Flow, error], o Options) (*List, error) {
	f := &finder{least: max(o.MinHosts, fewestHosts), internal: o.Internal, days: map[int64]bool{}, tick: 1e6}
	if err := f.count(capture()); err != nil {
		return nil, err
	}
	if len(f.shapes) == 0 {
		return nil, nil
	}
	if err := f.collect(capture()); err != nil {
		return nil, err
	}
	events := f.answered(f.events())
	flows := 0
	for i := range events {
		flows += len(events[i].at)
	}
	if len(events) == 0 || 2*flows > f.read || len(f.days) > mostDays {
		return nil, nil
	}
	s := &List{Tick: f.tick, Events: arrange(events, f.present)}
	for day := range f.days {
		s.Days = append(s.Days, day)
	}
	slices.Sort(s.Days)
	return s, nil
}

// finder finds the events of a capture.
type finder struct {
	least    int
	internal []netip.Prefix
	hosts    int
	days     map[int64]bool
	tick     int64

	shapes  map[uint64]*instances // that may be those of events, by their hash
	read    int                   // flows of the hosts that were looked at
	held    int                   // of them, those of the shapes
	present map[int64]int         // hosts that were looked at, by the days on which they had flows
}

// instances are the flows of one shape.
type instances struct {
	shape Shape
	at    []instance
}

type instance struct {
	host int
	end  int64
}

// dayOf is the day of a time, in days since 1970 UTC.
func dayOf(end int64) int64 { return end / Day }

// dated tells whether a flow has a day.
func dated(x *dataset.Flow) bool { return x.End >= 0 && dayOf(x.End) <= mostDays }

// swept is the shape of a flow that may be one of a sweep.
func (f *finder) swept(x *dataset.Flow) (s Shape, may bool) {
	s = shapeOf(x)
	inside := slices.ContainsFunc(f.internal, func(p netip.Prefix) bool { return p.Contains(s.Remote) })
	return s, !inside && s.check() == nil
}

// walk calls f for every flow until it returns false; fresh tells the first of each host.
func walk(flows iter.Seq2[[]dataset.Flow, error], f func(x *dataset.Flow, fresh bool) bool) error {
	var current netip.Addr
	for batch, err := range flows {
		if err != nil {
			return err
		}
		for i := range batch {
			x := &batch[i]
			fresh := x.Host != current
			current = x.Host
			if !f(x, fresh) {
				return nil
			}
		}
	}
	return nil
}

// count finds the shapes that enough hosts have, none of them often.
func (f *finder) count(flows iter.Seq2[[]dataset.Flow, error]) error {
	counts := lossy.New[uint64]()
	err := walk(flows, func(x *dataset.Flow, fresh bool) bool {
		if fresh {
			f.hosts++
		}
		if !dated(x) {
			return true
		}
		f.days[dayOf(x.End)] = true
		f.tick = encode.Tick(f.tick, x.End)
		if s, may := f.swept(x); may {
			counts.Add(s.hash(), uint32(f.hosts))
		}
		return true
	})
	if err != nil {
		return err
	}
	var found []uint64
	for _, h := range counts.Values() {
		if hosts := counts.Hosts(h); hosts >= f.least && counts.Rows(h) <= uint64(mostADay*hosts*len(f.days)) {
			found = append(found, h)
		}
	}
	slices.SortStableFunc(found, func(a, b uint64) int { return cmp.Compare(counts.Hosts(b), counts.Hosts(a)) })
	f.shapes = map[uint64]*instances{}
	for _, h := range found[:min(len(found), mostShapes)] {
		f.shapes[h] = &instances{}
	}
	return nil
}

// collect gathers the flows of the shapes that count found, at mostHosts hosts spread evenly where there are more, or at the first
// that have mostInstances.
func (f *finder) collect(flows iter.Seq2[[]dataset.Flow, error]) error {
	f.present = map[int64]int{}
	host, chosen, read := -1, false, 0
	day := int64(-1)
	return walk(flows, func(x *dataset.Flow, fresh bool) bool {
		if fresh {
			if f.held >= mostInstances {
				return false
			}
			day = -1
			chosen = read*mostHosts/f.hosts < (read+1)*mostHosts/f.hosts
			if read++; chosen {
				host++
			}
		}
		if !chosen || !dated(x) {
			return true
		}
		if d := dayOf(x.End); d != day {
			day = d
			f.present[d]++
		}
		f.read++
		s, may := f.swept(x)
		if !may {
			return true
		}
		in := f.shapes[s.hash()]
		if in == nil {
			return true
		}
		if len(in.at) == 0 {
			in.shape = s
		}
		if in.shape == s {
			in.at = append(in.at, instance{host, x.End})
			f.held++
		}
		return true
	})
}

// found is an event and when hosts had it.
type found struct {
	Event
	at    []instance // in order of the hosts
	hosts hostSet
}

// when is the end of the event at a host.
func (e *found) when(host int) (end int64, had bool) {
	i, had := slices.BinarySearchFunc(e.at, host, func(x instance, host int) int { return cmp.Compare(x.host, host) })
	if !had {
		return 0, false
	}
	return e.at[i].end, true
}

// events splits the flows of every shape where no host had it for a window, and at midnight. A flow that hosts had twice in a window
// makes two events.
func (f *finder) events() (all []found) {
	for _, hash := range slices.Sorted(maps.Keys(f.shapes)) {
		in := f.shapes[hash]
		slices.SortFunc(in.at, func(a, b instance) int { return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.host, b.host)) })
		for at := in.at; len(at) > 0; {
			n := 1
			for n < len(at) && at[n].end-at[n-1].end <= window && dayOf(at[n].end) == dayOf(at[0].end) {
				n++
			}
			for turn := range mostADay {
				if e, enough := f.event(in.shape, at[:n], turn); enough {
					all = append(all, e)
				}
			}
			at = at[n:]
		}
	}
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(len(b.at), len(a.at)), a.compare(&b.Event))
	})
	return all[:min(len(all), mostEvents)]
}

// compare orders events by day and time, and those of one time in some order.
func (e *Event) compare(o *Event) int {
	return cmp.Or(cmp.Compare(e.Day, o.Day), cmp.Compare(e.Ends[0], o.Ends[0]), e.Remote.Compare(o.Remote),
		cmp.Compare(e.hash(), o.hash()), slices.Compare(e.Ends[:], o.Ends[:]))
}

// event is that of the hosts' flows in a window, in order of time, of every host the one that comes after turn others.
func (f *finder) event(s Shape, at []instance, turn int) (e found, enough bool) {
	seen := map[int]int{}
	var ends []int64
	for _, x := range at {
		if seen[x.host] == turn {
			e.at = append(e.at, x)
			ends = append(ends, x.end%Day)
		}
		seen[x.host]++
	}
	if len(e.at) < f.least {
		return e, false
	}
	e.Event = Event{Shape: s, Day: dayOf(at[0].end), Given: -1, With: -1}
	for q := range e.Ends {
		e.Ends[q] = ends[q*(len(ends)-1)/(Quantiles-1)]
	}
	slices.SortFunc(e.at, func(a, b instance) int { return cmp.Compare(a.host, b.host) })
	e.hosts = newHostSet(min(f.hosts, mostHosts))
	for _, x := range e.at {
		e.hosts.add(x.host)
	}
	return e, true
}

// answered leaves out what hosts sent unasked: an outbound event is an answer, so its remote has an inbound one at the time.
func (f *finder) answered(all []found) []found {
	probes := map[netip.Addr][]Event{}
	for i := range all {
		if e := all[i].Event; !e.Outbound {
			probes[e.Remote] = append(probes[e.Remote], e)
		}
	}
	return slices.DeleteFunc(all, func(e found) bool {
		return e.Outbound && !slices.ContainsFunc(probes[e.Remote], func(p Event) bool {
			return p.Day == e.Day && p.Ends[0]-window <= e.Ends[Quantiles-1] && p.Ends[Quantiles-1]+window >= e.Ends[0]
		})
	})
}
