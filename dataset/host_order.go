package dataset

import (
	"cmp"
	"slices"
	"strings"
)

// hostOrder is the order of the hosts that a Builder knew at one time. Among these it stays the same when more come.
type hostOrder struct {
	places []uint64 // by host number: the bucket in the upper half, the rank of the host's text in the lower
	sorted []uint32 // the host numbers by place
}

// bucketAt returns the bucket of a place.
func bucketAt(place uint64) int { return int(place >> 32) }

func (b *Builder) hostOrder() hostOrder {
	texts := make([]string, len(b.hostIn))
	o := hostOrder{make([]uint64, len(b.hostIn)), make([]uint32, len(b.hostIn))}
	for i, h := range b.hostIn {
		texts[i], o.sorted[i] = h.addr.String(), uint32(i)
	}
	slices.SortFunc(o.sorted, func(x, y uint32) int { return strings.Compare(texts[x], texts[y]) })
	for rank, host := range o.sorted {
		o.places[host] = uint64(b.hostIn[host].bucket)<<32 | uint64(rank)
	}
	slices.SortFunc(o.sorted, func(x, y uint32) int { return cmp.Compare(o.places[x], o.places[y]) })
	return o
}
