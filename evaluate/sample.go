package evaluate

import (
	"cmp"
	"container/heap"
	"net/netip"
	"slices"
)

// Measures that look at rows, not at counts, work on a sample of a set: whole blocks of consecutive rows of one host, so
// that a row's neighbours are there too. Which blocks stay depends on the seed and on the blocks' keys alone.
// Memory is bounded by the sample's size.

// sampleBlock is the number of consecutive rows of a host that are kept or dropped together.
const sampleBlock = 60

// sampledRow is a row of a sample.
type sampledRow struct {
	row
	host int32 // index into sample.hosts
	at   int64 // number of the row in its host's stream, from 0
}

// sample is a part of the rows of a set.
type sample struct {
	hosts []netip.Addr // those with a row in the sample, in the order of the set
	rows  []sampledRow // by host and time, whole blocks
	of    int64        // rows of the set
}

// follows reports whether row i of the sample is its host's next row after row i-1.
func (s *sample) follows(i int) bool {
	return i > 0 && s.rows[i].host == s.rows[i-1].host && s.rows[i].at == s.rows[i-1].at+1
}

// sampler takes a sample of at most limit rows while a set is read: the blocks with the smallest keys (bottom-k
// sampling: Cohen and Kaplan, PODC 2007).
type sampler struct {
	seed   uint64
	limit  int
	key    func(*row) uint64 // of a block, by its first row
	blocks blockHeap
	kept   int   // rows in blocks
	read   int64 // rows of the set
	hosts  int32 // hosts begun
	at     int64 // rows of the current host
	block  *block
}

type block struct {
	key   uint64
	order int64 // place in the set
	host  netip.Addr
	rows  []sampledRow
}

// blockHeap has the block with the largest key on top.
type blockHeap []*block

func (h blockHeap) Len() int           { return len(h) }
func (h blockHeap) Less(i, j int) bool { return h[i].key > h[j].key }
func (h blockHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *blockHeap) Push(x any)        { *h = append(*h, x.(*block)) }
func (h *blockHeap) Pop() any {
	last := len(*h) - 1
	b := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return b
}

func newSampler(limit int, seed uint64, key func(*row) uint64) *sampler {
	return &sampler{seed: seed, limit: limit, key: key}
}

// hostKey is the same for all rows of a host: the blocks of a host in two sets are the same ones, whatever rows they hold.
func hostKey(r *row) uint64 { return addrKey(r.Host, 0) }

// row takes the next row of the set.
func (s *sampler) row(r *row) {
	if r.first {
		s.end()
		s.hosts++
		s.at = 0
	}
	if s.at%sampleBlock == 0 {
		s.end()
		key := mix(mix(s.seed, uint64(s.at)), s.key(r))
		if s.kept < s.limit || key < s.blocks[0].key {
			s.block = &block{key: key, order: s.read, host: r.Host}
		}
	}
	if s.block != nil {
		s.block.rows = append(s.block.rows, sampledRow{row: *r, host: s.hosts - 1, at: s.at})
	}
	s.at++
	s.read++
}

// end puts the current block among those kept.
func (s *sampler) end() {
	if s.block == nil {
		return
	}
	heap.Push(&s.blocks, s.block)
	s.kept += len(s.block.rows)
	s.block = nil
	for s.kept > s.limit && len(s.blocks) > 1 {
		s.kept -= len(heap.Pop(&s.blocks).(*block).rows)
	}
}

// finish returns the sample. The sampler is used up.
func (s *sampler) finish() *sample {
	s.end()
	slices.SortFunc(s.blocks, func(a, b *block) int { return cmp.Compare(a.order, b.order) })
	out := &sample{of: s.read, rows: make([]sampledRow, 0, s.kept)}
	var last int32 = -1
	for _, b := range s.blocks {
		if b.rows[0].host != last {
			last = b.rows[0].host
			out.hosts = append(out.hosts, b.host)
		}
		for i := range b.rows {
			b.rows[i].host = int32(len(out.hosts)) - 1
		}
		out.rows = append(out.rows, b.rows...)
	}
	return out
}
