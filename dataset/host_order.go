package dataset

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// hostOrder is the order of the hosts that a Builder knew at one time. Among these it stays the same when more come.
type hostOrder struct {
	places []uint64 // by host number: the bucket in the upper half, the rank of the host's text in the lower
	sorted []uint32 // the host numbers by place
}

// bucketAt returns the bucket of a place.
func bucketAt(place uint64) int { return int(place >> 32) }

// hostOrders keeps the last order that was made: most runs know no more hosts than it has.
type hostOrders struct {
	mu   sync.Mutex
	last hostOrder
}

// of returns an order that has hosts, the first ones of a Builder.
func (o *hostOrders) of(hosts []hostInfo) hostOrder {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.last.places) < len(hosts) {
		o.last = orderOf(hosts)
	}
	return o.last
}

// latest returns the order that was made last, which has the hosts of all before.
func (o *hostOrders) latest() hostOrder {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

func orderOf(hosts []hostInfo) hostOrder {
	texts := make([]string, len(hosts))
	o := hostOrder{make([]uint64, len(hosts)), make([]uint32, len(hosts))}
	for i, h := range hosts {
		texts[i], o.sorted[i] = h.addr.String(), uint32(i)
	}
	slices.SortFunc(o.sorted, func(x, y uint32) int { return strings.Compare(texts[x], texts[y]) })
	for rank, host := range o.sorted {
		o.places[host] = uint64(hosts[host].bucket)<<32 | uint64(rank)
	}
	slices.SortFunc(o.sorted, func(x, y uint32) int { return cmp.Compare(o.places[x], o.places[y]) })
	return o
}
