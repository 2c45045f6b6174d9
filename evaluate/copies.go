package evaluate

import (
	"encoding/binary"
	"slices"
)

// Copies of training rows. A copy is a row equal to a training row in all that its host sees: direction, remote address,
// both ports, protocol, flags, type of service, packets, bytes and duration in ms. The host's own address is left out,
// since generated hosts bear new ones; the time is left out, since a copy may be moved.
//
// Real hosts repeat each other's small rows by chance (scans of one packet, polls that last 0 ms), so only telling rows
// are looked at: at least 3 packets over more than 0 ms, and a training row that occurs once. Of the UGR'16 hosts kept
// from training, 0.05 % of the telling rows are such copies.

// maxKeys bounds the training rows held for comparison, at 8 bytes each. Of a larger training set a random part is held,
// and the rows that could match the others are left out of the share: it stays true, only coarser.
const maxKeys = 1 << 22

// telling reports whether a copy of r would tell something.
func telling(r *row) bool { return r.Packets >= 3 && r.End-r.Start >= microsPerMilli }

// rowKey returns a 64-bit hash of what a host sees of r.
func rowKey(r *row) uint64 {
	remote := r.remote.As16()
	h := mix(binary.LittleEndian.Uint64(remote[:8]), binary.LittleEndian.Uint64(remote[8:]))
	h = mix(h, uint64(r.localPort)|uint64(r.remotePort)<<16|uint64(r.Proto)<<32|uint64(r.TCPFlags)<<40|uint64(r.ToS)<<48|
		uint64(direction(r))<<56)
	h = mix(h, r.Packets)
	h = mix(h, r.Bytes)
	return mix(h, millis(r.End-r.Start))
}

// mix joins two words into one whose bits all depend on all bits of both (the finaliser of SplitMix64).
func mix(h, x uint64) uint64 {
	x += h*0x9e3779b97f4a7c15 + 0x632be59bd9b4e019
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// keySet holds the keys of telling training rows that occur once.
type keySet struct {
	keys  []uint64 // sorted
	below uint64   // only keys up to this one are held
}

// keyCollector gathers the keys of a training set.
type keyCollector struct {
	keys  []uint64
	below uint64
	limit int
}

func newKeyCollector() *keyCollector { return &keyCollector{below: ^uint64(0), limit: maxKeys} }

func (c *keyCollector) row(r *row) {
	if !telling(r) {
		return
	}
	if key := rowKey(r); key <= c.below {
		if c.keys = append(c.keys, key); len(c.keys) >= c.limit {
			c.shrink()
		}
	}
}

// shrink makes room: of equal keys two are enough to tell that there are several, then the upper half of the range is
// given up until half the room is free.
func (c *keyCollector) shrink() {
	slices.Sort(c.keys)
	kept := c.keys[:0]
	for i, key := range c.keys {
		if i < 2 || key != c.keys[i-2] {
			kept = append(kept, key)
		}
	}
	for len(kept) > c.limit/2 {
		c.below /= 2
		end, _ := slices.BinarySearch(kept, c.below+1)
		kept = kept[:end]
	}
	c.keys = kept
}

func (c *keyCollector) finish() *keySet {
	slices.Sort(c.keys)
	once := make([]uint64, 0, len(c.keys))
	for i, key := range c.keys {
		before := i > 0 && c.keys[i-1] == key
		after := i+1 < len(c.keys) && c.keys[i+1] == key
		if !before && !after {
			once = append(once, key)
		}
	}
	return &keySet{keys: once, below: c.below}
}

// copyTally counts telling rows and those of them that are copies.
type copyTally struct {
	telling int64
	copies  int64
}

func (t *copyTally) row(r *row, keys *keySet) {
	if !telling(r) {
		return
	}
	key := rowKey(r)
	if key > keys.below {
		return
	}
	t.telling++
	if _, found := slices.BinarySearch(keys.keys, key); found {
		t.copies++
	}
}

func (t *copyTally) add(other *copyTally) {
	t.telling += other.telling
	t.copies += other.copies
}

const copyMeasureName = "copy_share"

func copyMeasure() measure {
	m := excessMeasure(copyMeasureName, "copies of training rows",
		func(s *summary) int64 { return s.copies.copies }, func(s *summary) int64 { return s.copies.telling })
	m.tolerance, m.halvesOnly = copyTolerance, true
	return m
}
