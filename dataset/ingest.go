package dataset

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// IngestOptions are the settings of Ingest.
type IngestOptions struct {
	Inputs   []string       // files, folders, or StandardInput
	Stdin    io.Reader      // what StandardInput reads
	Output   string         // the folder of flows to write
	Internal []netip.Prefix // networks whose addresses are hosts
	Format   string         // of the input, as ReadFormats names it; "" to find it out
	Mapping  *Mapping       // how to read tables of any shape; instead of Format
	Zone     *time.Location // of local times in the input, nil for UTC
	Biflow   Biflow         // what becomes of records of both directions, "" for BiflowSplit
	MaxBad   BadLimit       // how many lines may be refused
	Timeouts Timeouts       // of flows that are put together from packets
	Key      *PseudonymKey  // replaces addresses by pseudonyms, in the networks of the manifest too; nil to keep them
	Tool     string         // program and version, for the manifest
	Build    BuildOptions   // Internal and Coarsening are filled in

	Coarsening Coarsening // of the flows, after they were sorted

	// Progress is called while the inputs are read, from one goroutine at a time: bytes of the files, compressed as
	// they are, and lines. total is -1 if it cannot be known.
	Progress func(bytes, total, lines int64)
}

// BadLimit is how many lines may be refused before the input as a whole is: Lines, or Share of all lines if that is more.
type BadLimit struct {
	Lines int64
	Share float64
}

// ParseBadLimit reads a number of lines ("100") or a share ("0.1%").
func ParseBadLimit(text string) (BadLimit, error) {
	if percent, isShare := strings.CutSuffix(text, "%"); isShare {
		share, err := strconv.ParseFloat(percent, 64)
		if err != nil || !(share >= 0 && share <= 100) {
			return BadLimit{}, fmt.Errorf("%q, want 0%% to 100%%", text)
		}
		return BadLimit{Share: share / 100}, nil
	}
	lines, err := strconv.ParseInt(text, 10, 64)
	if err != nil || lines < 0 {
		return BadLimit{}, fmt.Errorf("%q, want a number of lines or a share such as 0.1%%", text)
	}
	return BadLimit{Lines: lines}, nil
}

// String is the inverse of ParseBadLimit.
func (l BadLimit) String() string {
	if l.Share > 0 {
		return strconv.FormatFloat(l.Share*100, 'g', -1, 64) + "%"
	}
	return strconv.FormatInt(l.Lines, 10)
}

func (l BadLimit) allows(bad, lines int64) bool {
	return bad <= l.Lines || float64(bad) <= l.Share*float64(lines)
}

// Ingest reads captures and writes the flows of every internal host as a folder of flows. Files are read in parallel;
// the result depends on neither that nor the machine. It returns the folder's manifest, and what this call read, of which the
// manifest's summary is a part where flows were appended; after an error only the latter, if it read at all.
func Ingest(ctx context.Context, o IngestOptions) (Manifest, *Summary, error) {
	g, err := newIngester(o)
	if err != nil {
		return Manifest{}, nil, err
	}
	o.Build.Internal, o.Build.Coarsening = g.outside(o.Internal), o.Coarsening
	builder, err := NewBuilder(o.Output, o.Build)
	if err != nil {
		return Manifest{}, nil, err
	}
	defer builder.Abort()
	defer builder.stopWith(ctx)()
	var earlier Summary
	if builder.base != nil {
		if err := g.checkSettings(builder.base.Set); err != nil {
			return Manifest{}, nil, err
		}
		earlier = *builder.base.manifest.Ingest
	}
	g.threads = builder.options.Threads
	g.take = func(b block, rows []Flow) error { return builder.AddAt(place(b.input, b.firstLine), rows) }
	if err := g.run(ctx); err != nil {
		return Manifest{}, g.summary(), err
	}
	read := g.summary()
	read.Sources = g.sources()
	if err := cmp.Or(g.verdict(read), g.checkTwice(earlier.Sources, read.Sources)); err != nil {
		return Manifest{}, read, err
	}
	m, err := builder.Finish(ctx, Meta{Tool: o.Tool, Summary: earlier.plus(read)})
	return m, read, err
}

// ingester reads files in two stages: readers decompress and cut into blocks of whole lines, workers parse blocks. Files that
// are no text their readers parse themselves. Only workers hand rows over and count, as run waits for them alone.
type ingester struct {
	options    IngestOptions
	files      []string
	threads    int
	formats    []*notation
	internal   prefixSet
	pseudonyms *pseudonymizer                   // nil to keep addresses
	take       func(b block, rows []Flow) error // from several goroutines; rows are valid during the call
	tally      tally
	digests    [][]byte     // of the files that were read to their end
	bytes      atomic.Int64 // read from files
	total      int64        // of all files, -1 if unknown
	pool       chan []byte  // buffers for blocks
	blocks     chan block
}

// block is a stretch of whole lines of one file.
type block struct {
	input     int // index of the file
	name      string
	withheld  bool // what its lines say must not be quoted
	layout    *layout
	firstLine int64 // number of the first line, from 1
	text      []byte
	buffer    []byte // goes back to the pool

	counts *blockTally // of what the reader parsed itself; nil for text
	rows   []Flow      // of that
}

const (
	blockBytes    = 256 << 10
	maxLineBytes  = 64 << 10
	maxSkipBytes  = 16 << 20 // of a line that is too long
	lineBits      = 40       // of a place; the file's index stands above
	buffersPerCPU = 3
)

func newIngester(o IngestOptions) (*ingester, error) {
	files, err := expandInputs(o.Inputs)
	if err != nil {
		return nil, err
	}
	for _, path := range o.Inputs {
		if m, err := readManifest(path); err == nil && m.Format == FormatParquet && m.Table == nil {
			return nil, fmt.Errorf("dataset: %s: %w: a folder of flows already, in which a flow between two hosts stands twice; stan convert --to %s gives each once",
				path, ErrInput, FormatParquet)
		}
	}
	among, err := readable(o.Format)
	if err != nil {
		return nil, err
	}
	if o.Mapping != nil {
		among = []*notation{parquetFormat, o.Mapping.notation()}
	}
	if o.Biflow == "" {
		o.Biflow = BiflowSplit
	}
	g := &ingester{options: o, files: files, formats: among, internal: newPrefixSet(o.Internal)}
	if o.Key != nil {
		g.pseudonyms = newPseudonymizer(*o.Key)
	}
	g.tally.perInput = make([]int64, len(files))
	g.digests = make([][]byte, len(files))
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			g.total = -1
			break
		}
		g.total += info.Size()
	}
	return g, nil
}

// run reads all files and gives their rows to g.take, by g.threads readers and as many parsers.
func (g *ingester) run(ctx context.Context) error {
	g.blocks = make(chan block, g.threads)
	g.pool = make(chan []byte, buffersPerCPU*g.threads+1)
	for range cap(g.pool) {
		g.pool <- make([]byte, blockBytes)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var readers, workers sync.WaitGroup
	for range min(g.threads, len(g.files)) {
		readers.Go(func() {
			for index := range next {
				if err := g.read(ctx, index); err != nil {
					cancel(err)
				}
			}
		})
	}
	go func() {
		for index := range g.files {
			next <- index
		}
		close(next)
		readers.Wait()
		close(g.blocks)
	}()
	for range g.threads {
		workers.Go(func() {
			if err := g.work(ctx); err != nil {
				cancel(err)
			}
		})
	}
	// Not for the readers: one may wait for standard input for ever.
	workers.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// newBlockParser returns a parser for one goroutine.
func (g *ingester) newBlockParser() *blockParser {
	p := &blockParser{zone: g.options.Zone, biflow: g.options.Biflow, internal: g.internal}
	if g.options.Mapping == nil { // which takes every line for a header
		p.formats = g.formats
	}
	if g.pseudonyms != nil {
		p.pseudonyms = g.pseudonyms.clone()
	}
	return p
}

// send hands a block to the workers; it is false when the run was cancelled.
func (g *ingester) send(ctx context.Context, b block) bool {
	select {
	case g.blocks <- b:
		return true
	case <-ctx.Done():
		return false
	}
}

// sendParsed sends what a reader parsed itself, of which it may use rows again.
func (g *ingester) sendParsed(ctx context.Context, b block, rows []Flow, counts *blockTally) bool {
	b.rows, b.counts = slices.Clone(rows), counts
	return g.send(ctx, b)
}

// work parses blocks until there are no more.
func (g *ingester) work(ctx context.Context) error {
	w := g.newBlockParser()
	for {
		select {
		case <-ctx.Done():
			return nil
		case b, more := <-g.blocks:
			if !more {
				return nil
			}
			rows, counts := b.rows, b.counts
			if counts == nil {
				rows, counts = w.parse(b)
			}
			if counts.changed != nil {
				return fmt.Errorf("dataset: %w: %v", ErrInput, counts.changed)
			}
			err := g.take(b, rows)
			if b.buffer != nil {
				g.pool <- b.buffer
			}
			if err != nil {
				return err
			}
			if err := g.count(counts, b.input); err != nil {
				return err
			}
		}
	}
}

// place is where a line's first row stands in the input. A line makes at most four rows: two directions, two hosts.
func place(input int, line int64) uint64 { return uint64(input)<<lineBits | uint64(line)*4 }

// summary returns what was read so far.
func (g *ingester) summary() *Summary {
	s := g.tally.summary(g.inputName)
	s.Biflow, s.Coarsening = g.options.Biflow, g.options.Coarsening.String()
	if g.options.Key != nil {
		s.Pseudonyms = "CryptoPAn, key " + g.options.Key.ID()
	}
	return s
}

// inputName is how summaries call a file. Names often hold addresses, so those of files whose addresses are replaced are
// numbers.
func (g *ingester) inputName(index int) string {
	if g.pseudonyms != nil {
		return fmt.Sprintf("input %d of %d", index+1, len(g.files))
	}
	if g.files[index] == StandardInput {
		return "standard input"
	}
	return g.files[index]
}

// outside returns networks as the output has them.
func (g *ingester) outside(networks []netip.Prefix) []netip.Prefix {
	if g.pseudonyms == nil {
		return networks
	}
	replaced := make([]netip.Prefix, len(networks))
	for i, network := range networks {
		replaced[i] = g.pseudonyms.prefix(network)
	}
	return replaced
}

// count adds what a block gave.
func (g *ingester) count(counts *blockTally, input int) error {
	t := &g.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(counts, input)
	if g.options.Progress != nil {
		g.options.Progress(g.bytes.Load(), g.total, t.s.Lines)
	}
	if limit := g.options.MaxBad; limit.Share == 0 && !limit.allows(t.s.Bad, t.s.Lines) {
		return tooManyBad(&t.s, limit)
	}
	return nil
}

// verdict returns an error if the input as a whole is refused.
func (g *ingester) verdict(s *Summary) error {
	switch {
	case !g.options.MaxBad.allows(s.Bad, s.Lines):
		return tooManyBad(s, g.options.MaxBad)
	case s.Flows == 0:
		return fmt.Errorf("dataset: %w: no flows in %d files, %d lines", ErrInput, s.Inputs, s.Lines)
	case s.Kept == 0:
		return fmt.Errorf("dataset: %w: none of %d flows has an address inside %v, for example %s",
			ErrInput, s.Flows, g.options.Internal, g.tally.example)
	}
	return nil
}

func tooManyBad(s *Summary, limit BadLimit) error {
	return fmt.Errorf("dataset: %w: %d of %d lines refused, want at most %v (--max-bad-rows); the first: %v",
		ErrInput, s.Bad, s.Lines, limit, s.BadLines[0])
}
