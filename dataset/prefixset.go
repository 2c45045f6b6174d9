package dataset

import (
	"net/netip"
	"slices"
	"sort"
)

// prefixSet answers whether an address lies in one of its networks. The networks are sorted and disjoint.
type prefixSet []netip.Prefix

// newPrefixSet leaves out networks that lie inside another one.
func newPrefixSet(prefixes []netip.Prefix) prefixSet {
	sorted := slices.Clone(prefixes)
	for i := range sorted {
		sorted[i] = sorted[i].Masked()
	}
	slices.SortFunc(sorted, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	var set prefixSet
	for _, p := range sorted {
		if len(set) == 0 || !set[len(set)-1].Overlaps(p) {
			set = append(set, p)
		}
	}
	return set
}

func (s prefixSet) contains(a netip.Addr) bool {
	const few = 8 // are tried faster than searched
	if len(s) > few {
		after := sort.Search(len(s), func(i int) bool { return a.Less(s[i].Addr()) })
		s = s[max(after-1, 0):after]
	}
	for i := range s {
		if s[i].Contains(a) {
			return true
		}
	}
	return false
}
