package sweeps

import (
	"iter"
	"net/netip"

	"stan/dataset"
)

// Others are the flows that belong to no sweep; a nil list leaves all. Hosts keep their order; a host whose flows are all swept has none.
func (l *List) Others(flows iter.Seq2[[]dataset.Flow, error]) iter.Seq2[[]dataset.Flow, error] {
	if l == nil {
		return flows
	}
	return func(yield func([]dataset.Flow, error) bool) {
		f := l.newFilter()
		var kept []dataset.Flow
		for batch, err := range flows {
			if err != nil {
				yield(nil, err)
				return
			}
			kept = f.others(kept[:0], batch)
			if len(kept) > 0 && !yield(kept, nil) {
				return
			}
		}
	}
}

// span is when a flow of a shape is one of an event, µs since 1970. An event takes one flow of a host.
type span struct{ from, to int64 }

// filter follows the hosts of a capture, one after the other.
type filter struct {
	spans map[Shape][]*span
	host  netip.Addr
	taken map[*span]bool // by a flow of the current host
}

func (l *List) newFilter() *filter {
	f := &filter{spans: map[Shape][]*span{}, taken: map[*span]bool{}}
	for i := range l.Events {
		e := &l.Events[i]
		f.spans[e.Shape] = append(f.spans[e.Shape], &span{
			e.Day*Day + max(e.Ends[0]-window, 0), e.Day*Day + min(e.Ends[Quantiles-1]+window, Day-1)})
	}
	return f
}

// others appends the flows of a batch that no sweep takes.
func (f *filter) others(kept, batch []dataset.Flow) []dataset.Flow {
	for i := range batch {
		x := &batch[i]
		if x.Host != f.host {
			f.host = x.Host
			clear(f.taken)
		}
		if !f.takes(x) {
			kept = append(kept, *x)
		}
	}
	return kept
}

func (f *filter) takes(x *dataset.Flow) bool {
	for _, s := range f.spans[shapeOf(x)] {
		if x.End >= s.from && x.End <= s.to && !f.taken[s] {
			f.taken[s] = true
			return true
		}
	}
	return false
}
