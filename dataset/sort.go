package dataset

import (
	"bufio"
	"cmp"
	"container/heap"
	"context"
	"io"
	"os"
	"slices"
	"unsafe"
)

// The sort is external: records fill a buffer in memory, a full buffer is sorted and written as a run, and the runs are
// merged bucket by bucket. The order (bucket, host as text, end, input order) is total, so what is written depends on
// neither the size of the buffers nor which goroutine added a row first.

// rowKey is what the rows of one host are sorted by.
type rowKey struct {
	end   int64
	order uint64
}

func (k rowKey) compare(o rowKey) int {
	if k.end != o.end {
		return cmp.Compare(k.end, o.end)
	}
	return cmp.Compare(k.order, o.order)
}

// sortKey is the key of a record in a buffer.
type sortKey struct {
	rowKey
	index int // of the record
}

// sortBuffer is memory for records and for sorting them. Neither slice ever grows.
type sortBuffer struct {
	records []byte
	keys    []sortKey
}

// newSortBuffer returns a buffer that takes so many bytes.
func newSortBuffer(bytes int64) *sortBuffer {
	const perRecord = recordSize + int64(unsafe.Sizeof(sortKey{}))
	records := max(bytes/perRecord, 1024)
	return &sortBuffer{make([]byte, 0, records*recordSize), make([]sortKey, 0, records)}
}

func (b *sortBuffer) full() bool { return len(b.records) == cap(b.records) }

// keysByHost fills b.keys, each host's in the order of the input, one host after another in hosts' order. It returns where
// the keys of each host end, by its number.
func (b *sortBuffer) keysByHost(hosts hostOrder) []int {
	b.keys = b.keys[:len(b.records)/recordSize]
	next := make([]int, len(hosts.places)) // rows of a host, then where its next key goes
	for i := range b.keys {
		next[recordHost(b.record(i))]++
	}
	at := 0
	for _, host := range hosts.sorted {
		next[host], at = at, at+next[host]
	}
	for _, s := range b.stretches() {
		for i := s.from; i < s.to; i++ {
			record := b.record(i)
			host := recordHost(record)
			b.keys[next[host]] = sortKey{rowKey{recordEnd(record), recordOrder(record)}, i}
			next[host]++
		}
	}
	return next
}

func (b *sortBuffer) record(i int) []byte { return b.records[i*recordSize:][:recordSize] }

// stretch is a range of records that follow each other in the input as in the buffer.
type stretch struct {
	from, to int
	order    uint64 // of the first
}

// stretches parts the records into stretches, in the order of the input.
func (b *sortBuffer) stretches() []stretch {
	var all []stretch
	for i := range b.keys {
		order := recordOrder(b.record(i))
		if last := len(all) - 1; last >= 0 && order == all[last].order+uint64(i-all[last].from) {
			all[last].to++
		} else {
			all = append(all, stretch{i, i + 1, order})
		}
	}
	slices.SortFunc(all, func(x, y stretch) int { return cmp.Compare(x.order, y.order) })
	return all
}

// run is a sorted file of records.
type run struct {
	file   tempFile
	bounds []int64 // bucket b's records lie from bounds[b] to bounds[b+1], in bytes
}

// close ends the use of the run and removes its file.
func (r *run) close() {
	r.file.Close()
	os.Remove(r.file.Name())
}

// writeRun sorts the records of a buffer and writes them to file. Captures are mostly in the order of time, and so the rows
// of a host nearly sorted in the order of the input.
func writeRun(file tempFile, b *sortBuffer, buckets int, hosts hostOrder) (*run, error) {
	ends := b.keysByHost(hosts)
	w := newRunWriter(file, buckets)
	at := 0
	for _, host := range hosts.sorted {
		keys := b.keys[at:ends[host]]
		at = ends[host]
		slices.SortFunc(keys, func(x, y sortKey) int { return x.compare(y.rowKey) })
		for i := range keys {
			w.add(bucketAt(hosts.places[host]), b.record(keys[i].index))
		}
	}
	return w.finish()
}

// runWriter writes records that come in order.
type runWriter struct {
	out     *bufio.Writer
	run     *run
	buckets int
	written int64
}

func newRunWriter(file tempFile, buckets int) *runWriter {
	return &runWriter{out: bufio.NewWriterSize(file, 1<<20), run: &run{file: file}, buckets: buckets}
}

// add appends a record of a bucket not lower than those before. Errors are kept for finish.
func (w *runWriter) add(bucket int, record []byte) {
	w.seek(bucket)
	w.out.Write(record)
	w.written += recordSize
}

// seek notes where every bucket up to this one begins.
func (w *runWriter) seek(bucket int) {
	for len(w.run.bounds) <= bucket {
		w.run.bounds = append(w.run.bounds, w.written)
	}
}

func (w *runWriter) finish() (*run, error) {
	w.seek(w.buckets)
	if err := w.out.Flush(); err != nil {
		return nil, writeError(err)
	}
	return w.run, nil
}

// maxCursorRecords bounds a cursor's buffer: reading 256 KiB at a time is as fast as more.
const maxCursorRecords = 256 << 10 / recordSize

// cursor reads the records of one bucket of one run.
type cursor struct {
	file   io.ReaderAt
	at     int64
	end    int64
	buffer []byte
	left   []byte // unread part of buffer, whole records
	place  uint64 // of the next record's host
	key    rowKey
}

// next moves to the next record and reports whether there is one.
func (c *cursor) next(hosts hostOrder) (bool, error) {
	if len(c.left) > 0 {
		c.left = c.left[recordSize:]
	}
	if len(c.left) == 0 {
		n := min(int64(len(c.buffer)), c.end-c.at)
		if n == 0 {
			return false, nil
		}
		if _, err := c.file.ReadAt(c.buffer[:n], c.at); err != nil {
			return false, readError(err)
		}
		c.at += n
		c.left = c.buffer[:n]
	}
	c.place, c.key = hosts.places[recordHost(c.left)], rowKey{recordEnd(c.left), recordOrder(c.left)}
	return true, nil
}

// cursorHeap has the cursor whose record comes first on top.
type cursorHeap []*cursor

func (h cursorHeap) Len() int { return len(h) }
func (h cursorHeap) Less(i, j int) bool {
	return h[i].place < h[j].place || h[i].place == h[j].place && h[i].key.compare(h[j].key) < 0
}
func (h cursorHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *cursorHeap) Push(x any)   { *h = append(*h, x.(*cursor)) }
func (h *cursorHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// mergeBucket calls emit with every record of a bucket, in order; the record is valid during the call only. bufferBytes
// is the memory for reading, all runs together.
func mergeBucket(ctx context.Context, runs []*run, bucket, bufferBytes int, hosts hostOrder,
	emit func(record []byte) error) error {
	perRun := min(max(bufferBytes/max(len(runs), 1)/recordSize, 64), maxCursorRecords) * recordSize
	var cursors cursorHeap
	for _, r := range runs {
		from, to := r.bounds[bucket], r.bounds[bucket+1]
		c := &cursor{file: r.file, at: from, end: to, buffer: make([]byte, min(int64(perRun), to-from))}
		if more, err := c.next(hosts); err != nil {
			return err
		} else if more {
			cursors = append(cursors, c)
		}
	}
	heap.Init(&cursors)
	for n := 0; len(cursors) > 0; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		first := cursors[0]
		if err := emit(first.left[:recordSize]); err != nil {
			return err
		}
		if more, err := first.next(hosts); err != nil {
			return err
		} else if more {
			heap.Fix(&cursors, 0)
		} else {
			heap.Pop(&cursors)
		}
	}
	return nil
}
