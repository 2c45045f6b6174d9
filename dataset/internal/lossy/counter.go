// Package lossy counts values in bounded memory.
package lossy

import (
	"cmp"
	"maps"
	"slices"
)

// mostCounted bounds the values counted at once; beyond it the rarest half is forgotten, so that memory does not grow with
// the capture (lossy counting: Manku and Motwani, VLDB 2002).
const mostCounted = 1 << 20

// tally counts a value over rows and hosts.
type tally struct {
	rows        uint64
	hosts, last uint32
}

// Counter counts values; a host's rows come one after the other.
type Counter[K cmp.Ordered] struct {
	counts map[K]tally
	most   K // of all that were counted
}

// New makes a counter of nothing.
func New[K cmp.Ordered]() *Counter[K] { return &Counter[K]{counts: map[K]tally{}} }

// Add counts a row of a host; hosts have numbers from 1.
func (c *Counter[K]) Add(k K, host uint32) {
	c.most = max(c.most, k)
	t := c.counts[k]
	t.rows++
	if t.last != host {
		t.hosts++
		t.last = host
	}
	c.counts[k] = t
	if len(c.counts) > mostCounted {
		for rare := uint64(1); len(c.counts) > mostCounted/2; rare *= 2 {
			maps.DeleteFunc(c.counts, func(_ K, t tally) bool { return t.rows*uint64(t.hosts) <= rare })
		}
	}
}

// Rows is how many rows of a value were counted.
func (c *Counter[K]) Rows(k K) uint64 { return c.counts[k].rows }

// Hosts is at how many hosts a value was counted.
func (c *Counter[K]) Hosts(k K) int { return int(c.counts[k].hosts) }

// Max is the greatest value, also if it is forgotten.
func (c *Counter[K]) Max() K { return c.most }

// Values are all that are not forgotten, in ascending order.
func (c *Counter[K]) Values() []K { return slices.Sorted(maps.Keys(c.counts)) }

// Top returns the most frequent values seen at minHosts hosts or more, in ascending order.
func (c *Counter[K]) Top(n, minHosts int) []K {
	var ks []K
	for k, t := range c.counts {
		if int(t.hosts) >= minHosts {
			ks = append(ks, k)
		}
	}
	slices.SortFunc(ks, func(a, b K) int {
		return cmp.Or(cmp.Compare(c.counts[b].rows, c.counts[a].rows), cmp.Compare(a, b))
	})
	ks = ks[:min(n, len(ks))]
	slices.Sort(ks)
	return ks
}
