package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// defaultMemory is BuildOptions.MemoryBytes where it is 0.
const defaultMemory = 96 << 20

// maxLabels bounds the table of labels: they are classes, not free text.
const maxLabels = 1 << 16

// BuildOptions are the settings of a Builder. The zero value of each field but Internal is a good default.
type BuildOptions struct {
	Format      string         // of the data files: one of WriteFormats, "" for FormatParquet
	Internal    []netip.Prefix // networks of the hosts, for the manifest
	MemoryBytes int64          // for sorting; the process needs some 100 MiB beside it
	Buckets     int            // into which hosts are hashed, 1 to 1000
	Threads     int            // for sorting and writing; the result does not depend on it
	Force       bool           // replace a folder of flows that stands there already
	Coarsening  Coarsening     // of the rows, which keep the order that they have without it
	Append      bool           // keep the flows of a folder that stands there already, and its networks and buckets

	// Progress is called while Finish writes, from one goroutine at a time.
	Progress func(done, total int64)
}

func (o *BuildOptions) complete() error {
	if o.Format == "" {
		o.Format = FormatParquet
	}
	if o.MemoryBytes == 0 {
		o.MemoryBytes = defaultMemory
	}
	if o.Buckets == 0 {
		o.Buckets = defaultBuckets
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	switch {
	case !slices.Contains(WriteFormats(), o.Format):
		return fmt.Errorf("dataset: %w: output format %q, want one of %s", ErrInput, o.Format, strings.Join(WriteFormats(), ", "))
	case o.Append && o.Format != FormatParquet:
		return fmt.Errorf("dataset: %w: output format %q, want %s to append to a folder", ErrInput, o.Format, FormatParquet)
	case o.Buckets < 1 || o.Buckets > maxBuckets:
		return fmt.Errorf("dataset: %w: %d buckets, want 1 to %d", ErrInput, o.Buckets, maxBuckets)
	case o.Threads < 1:
		return fmt.Errorf("dataset: %w: %d threads, want at least 1", ErrInput, o.Threads)
	case o.MemoryBytes < 1<<20:
		return fmt.Errorf("dataset: %w: %d bytes of memory, want at least 1 MiB", ErrInput, o.MemoryBytes)
	}
	if err := o.Coarsening.Validate(); err != nil {
		return fmt.Errorf("dataset: %w: %w", ErrInput, err)
	}
	return nil
}

// Meta is what a folder's manifest and footers say about its origin.
type Meta struct {
	Tool     string            // program and version
	Summary  *Summary          // of ingest, nil elsewhere
	Metadata map[string]string // of a generator
}

// Builder sorts flows in bounded memory and writes them as a folder of flows, one data file a bucket. Until Finish
// returns nothing is visible at the folder's path; after an error of any method call Abort.
//
// Memory grows with the number of hosts, by some 100 bytes each, and not with the number of flows.
type Builder struct {
	options  BuildOptions
	internal prefixSet
	output   *outputDir
	base     *baseSet // nil to begin anew
	create   func(path string) (tempFile, error)

	mu        sync.Mutex  // guards what follows
	buffer    *sortBuffer // rows not yet in a run
	added     uint64      // rows so far
	hosts     map[netip.Addr]uint32
	hostIn    []hostInfo // by host number
	lastHost  uint32     // of the row before
	labelNo   map[string]uint32
	labels    []string // by label number
	lastLabel uint32   // of the row before
	failed    error    // first error of a spill
	first     int64    // earliest start
	last      int64    // latest end

	orders  hostOrders
	runs    runStack
	free    chan *sortBuffer // empty buffers
	spills  sync.WaitGroup
	ctx     context.Context // of the spills
	cancel  context.CancelCauseFunc
	spilled atomic.Int64 // runs created, for their names
}

type hostInfo struct {
	addr   netip.Addr
	bucket uint32
}

// NewBuilder prepares to write a folder of flows at dir. It takes a lock beside it and removes what a killed run left.
func NewBuilder(dir string, options BuildOptions) (*Builder, error) {
	buckets := options.Buckets
	if err := options.complete(); err != nil {
		return nil, err
	}
	output, err := claimOutput(dir, options.Force || options.Append)
	if err != nil {
		return nil, err
	}
	var base *baseSet
	if options.Append {
		if base, err = options.base(output.path, buckets); err != nil {
			output.release()
			return nil, err
		}
	}
	// One buffer fills while the others are sorted and written.
	buffers := min(options.Threads, 4) + 1
	b := &Builder{
		options:  options,
		internal: newPrefixSet(options.Internal),
		output:   output,
		base:     base,
		create:   createFile,
		hosts:    make(map[netip.Addr]uint32),
		labelNo:  make(map[string]uint32),
		free:     make(chan *sortBuffer, buffers),
	}
	b.runs = runStack{create: b.runFile, orders: &b.orders, buckets: options.Buckets}
	b.ctx, b.cancel = context.WithCancelCause(context.Background())
	for range buffers {
		b.free <- newSortBuffer(options.MemoryBytes / int64(buffers))
	}
	b.buffer = <-b.free
	return b, nil
}

// Add takes flows; rows of one host and one end keep the order in which they are added. It may be called from several
// goroutines if each host's rows come from one of them.
func (b *Builder) Add(flows []Flow) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.add(b.added, flows)
}

// AddAt is Add for readers that work in parallel: flows[i] has place first+i in the input, whenever it is added. Places
// must not repeat within a host. A Builder takes rows by Add or by AddAt, not by both.
func (b *Builder) AddAt(first uint64, flows []Flow) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.add(first, flows)
}

func (b *Builder) add(first uint64, flows []Flow) error {
	if b.failed != nil {
		return b.failed
	}
	order := first
	for i := range flows {
		f := &flows[i]
		if b.standsElsewhere(f) {
			continue
		}
		if err := f.check(); err != nil {
			return fmt.Errorf("dataset: row %d: %w: %w", first+uint64(i), ErrInput, err)
		}
		label, err := b.label(f.Label)
		if err != nil {
			return err
		}
		if b.buffer.full() {
			b.spill()
		}
		b.buffer.records = encodeRecord(b.buffer.records, f, order, b.host(f.Host), label)
		order++
		start, end := b.options.Coarsening.times(f.Start, f.End)
		if b.added == 0 {
			b.first, b.last = start, end
		}
		b.first, b.last = min(b.first, start), max(b.last, end)
		b.added++
	}
	return nil
}

// standsElsewhere tells whether a file of a capture format, which names no host, holds a flow as a line of another stream:
// one between two internal hosts is a line of its source's.
func (b *Builder) standsElsewhere(f *Flow) bool {
	return b.options.Format != FormatParquet && f.Host == f.DstAddr && f.Host != f.SrcAddr && b.internal.contains(f.SrcAddr)
}

// host returns the number of a host.
func (b *Builder) host(a netip.Addr) uint32 {
	if int(b.lastHost) < len(b.hostIn) && b.hostIn[b.lastHost].addr == a {
		return b.lastHost
	}
	number, known := b.hosts[a]
	if !known {
		number = uint32(len(b.hostIn))
		b.hosts[a] = number
		b.hostIn = append(b.hostIn, hostInfo{a, uint32(bucketOf(a, b.options.Buckets))})
	}
	b.lastHost = number
	return number
}

// label returns the number of a label.
func (b *Builder) label(text string) (uint32, error) {
	if int(b.lastLabel) < len(b.labels) && b.labels[b.lastLabel] == text {
		return b.lastLabel, nil
	}
	number, known := b.labelNo[text]
	if !known {
		if len(b.labels) == maxLabels {
			return 0, fmt.Errorf("dataset: %w: label %q is one more than the %d that a data set may have", ErrInput, text, maxLabels)
		}
		if !validLabel(text) {
			return 0, fmt.Errorf("dataset: %w: label %.300q, want %s", ErrInput, text, wanted[badLabel])
		}
		number = uint32(len(b.labels))
		b.labelNo[text] = number
		b.labels = append(b.labels, text)
	}
	b.lastLabel = number
	return number, nil
}

// spill hands the buffer to a goroutine that sorts it into a run, and takes an empty one, waiting for it if need be.
// The caller holds the lock.
func (b *Builder) spill() {
	if len(b.buffer.records) == 0 {
		return
	}
	full, hosts := b.buffer, b.hostIn // of which none changes
	b.spills.Add(1)
	go func() {
		defer b.spills.Done()
		err := b.sort(full, b.orders.of(hosts))
		full.records = full.records[:0]
		b.free <- full // before the lock: its holder may be waiting for it
		if err != nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.failed = errors.Join(b.failed, err)
		}
	}()
	b.buffer = <-b.free
}

// sort writes a buffer as a run.
func (b *Builder) sort(buffer *sortBuffer, hosts hostOrder) error {
	file, err := b.runFile()
	if err != nil {
		return err
	}
	r, err := writeRun(file, buffer, b.options.Buckets, hosts)
	if err != nil {
		file.Close()
		return err
	}
	return b.runs.add(b.ctx, r, int(b.options.MemoryBytes/8))
}

func (b *Builder) runFile() (tempFile, error) {
	name := fmt.Sprintf("run-%06d", b.spilled.Add(1))
	file, err := b.create(filepath.Join(b.output.temp, "runs", name))
	return file, writeError(err)
}

// Finish sorts and writes what was added, then the manifest and _SUCCESS, and makes the folder visible at its path.
func (b *Builder) Finish(ctx context.Context, meta Meta) (Manifest, error) {
	m, err := b.finish(ctx, meta)
	if err != nil {
		b.Abort()
		return Manifest{}, err
	}
	return m, nil
}

// stopWith stops the work on spilled rows when ctx ends, until release is called.
func (b *Builder) stopWith(ctx context.Context) (release func() bool) {
	return context.AfterFunc(ctx, func() { b.cancel(context.Cause(ctx)) })
}

func (b *Builder) finish(ctx context.Context, meta Meta) (Manifest, error) {
	defer b.stopWith(ctx)()
	b.mu.Lock()
	b.spill()
	b.mu.Unlock()
	b.spills.Wait()
	if ctx.Err() != nil {
		return Manifest{}, context.Cause(ctx)
	}
	if b.failed != nil {
		return Manifest{}, b.failed
	}
	if b.added == 0 {
		return Manifest{}, fmt.Errorf("dataset: %s: %w: no flows to write", b.output.path, ErrInput)
	}
	b.buffer = nil
	for range cap(b.free) - 1 { // the buffers' memory is free for the merge
		<-b.free
	}
	if b.base != nil {
		first, last := b.base.Span()
		b.first, b.last = min(b.first, first), max(b.last, last)
	}
	m := Manifest{
		SchemaVersion: SchemaVersion,
		Format:        b.options.Format,
		Tool:          meta.Tool,
		Internal:      b.options.Internal,
		Buckets:       b.options.Buckets,
		First:         time.UnixMicro(b.first).UTC(),
		Last:          time.UnixMicro(b.last).UTC(),
		Ingest:        meta.Summary,
		Metadata:      meta.Metadata,
	}
	if err := b.writeData(ctx, &m); err != nil {
		return Manifest{}, err
	}
	if err := seal(b.create, b.output, &m); err != nil {
		return Manifest{}, err
	}
	return m, b.output.commit()
}

var errAborted = errors.New("dataset: rows for a folder that was given up")

// Abort ends the Builder and removes everything it wrote. It may be called after Finish, and does nothing then.
func (b *Builder) Abort() {
	b.cancel(errAborted) // before the lock: its holder may wait for a buffer that is being merged
	b.mu.Lock()
	b.failed = cmp.Or(b.failed, errAborted)
	b.mu.Unlock()
	b.spills.Wait()
	b.runs.close()
	b.output.release()
}
