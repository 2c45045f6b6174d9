package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
)

// Appending writes a new folder from the old one and the new rows, and exchanges the two when the new one is whole. The
// old data files are sorted already, so each is merged with the runs of its bucket: of the old rows nothing is sorted
// or spilled. A new row comes after the old rows of its host that ended before it or with it, so the files are those
// that one run over all captures, the old ones first, would have written; but for rows whose ends coarsening made equal,
// as the old ones no longer tell their order.

// baseSet is the folder that a Builder appends to.
type baseSet struct {
	*Set
	files map[int]FileInfo // by bucket

	mu     sync.Mutex
	labels map[string]bool // of the rows that were read
}

// openBase opens what stands at path to append to it; nil if nothing does.
func openBase(path string) (*baseSet, error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, readError(err)
	}
	set, err := Open(path)
	if err != nil {
		return nil, err
	}
	base := &baseSet{Set: set, files: make(map[int]FileInfo), labels: make(map[string]bool)}
	for bucket := range set.manifest.Buckets {
		path := bucketFile(bucket, FormatParquet)
		at := slices.IndexFunc(set.manifest.Files, func(f FileInfo) bool { return f.Path == path })
		if at >= 0 {
			base.files[bucket] = set.manifest.Files[at]
		}
	}
	if len(base.files) != len(set.manifest.Files) {
		return nil, fmt.Errorf("dataset: %s: %w: not the data files that stan ingest writes, so nothing can be appended", path, ErrInput)
	}
	return base, nil
}

// base opens what stands at path to append to it, and takes over its networks and buckets; buckets is the number asked
// for, 0 for that of the folder.
func (o *BuildOptions) base(path string, buckets int) (*baseSet, error) {
	base, err := openBase(path)
	if base == nil || err != nil {
		return nil, err
	}
	if buckets != 0 && buckets != base.manifest.Buckets {
		return nil, fmt.Errorf("dataset: %s: %w: %d buckets, want those of the folder, %d", path, ErrInput, buckets, base.manifest.Buckets)
	}
	o.Internal, o.Buckets = base.manifest.Internal, base.manifest.Buckets
	return base, nil
}

// checkSettings returns an error if the folder was not written with the settings at hand, so that its rows and the new
// ones would not mean the same.
func (g *ingester) checkSettings(base *Set) error {
	m, now := base.manifest, g.summary()
	if m.Ingest == nil || len(m.Ingest.Sources) != m.Ingest.Inputs {
		return fmt.Errorf("dataset: %s: %w: its manifest names no captures, want a folder that stan ingest wrote", base.dir, ErrInput)
	}
	differ := func(what string, had, have any) error {
		return fmt.Errorf("dataset: %s: %w: %s %v, want those of the folder, %v", base.dir, ErrInput, what, have, had)
	}
	networks := g.outside(g.options.Internal)
	switch {
	case m.Ingest.Pseudonyms != now.Pseudonyms:
		return differ("pseudonyms", orNone(m.Ingest.Pseudonyms), orNone(now.Pseudonyms))
	case !slices.Equal(newPrefixSet(m.Internal), newPrefixSet(networks)):
		return differ("internal networks", m.Internal, networks)
	case m.Ingest.Biflow != now.Biflow:
		return differ("records of both directions", m.Ingest.Biflow, now.Biflow)
	case m.Ingest.Coarsening != now.Coarsening:
		return differ("coarsening", orNone(m.Ingest.Coarsening), orNone(now.Coarsening))
	}
	return nil
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// plus returns the summary of what s and then t read.
func (s Summary) plus(t *Summary) *Summary {
	sum := *t
	sum.Inputs += s.Inputs
	sum.EmptyInputs = slices.Concat(s.EmptyInputs, t.EmptyInputs)
	sum.Lines += s.Lines
	sum.OtherLines += s.OtherLines
	sum.NotIP += s.NotIP
	sum.Records += s.Records
	sum.Flows += s.Flows
	sum.Kept += s.Kept
	sum.External += s.External
	sum.BothInternal += s.BothInternal
	sum.Bad += s.Bad
	sum.BadByReason = added(s.BadByReason, t.BadByReason)
	sum.BadLines = slices.Concat(s.BadLines, t.BadLines)
	sum.BadLines = sum.BadLines[:min(len(sum.BadLines), maxBadLines)]
	sum.Protocols = added(s.Protocols, t.Protocols)
	sum.Sources = slices.Concat(s.Sources, t.Sources)
	return &sum
}

func added[K comparable](a, b map[K]int64) map[K]int64 {
	sum := make(map[K]int64)
	maps.Copy(sum, a)
	for key, n := range b {
		sum[key] += n
	}
	return sum
}

// oldRows gives the rows of one data file of the base, in their order. The zero value has none.
type oldRows struct {
	next func() ([]Flow, error, bool)
	left []Flow

	host    netip.Addr // of the first row left
	against netip.Addr // the new row's host that host was compared with
	order   int        // of the two, as text
}

// oldRows returns the rows of a bucket; stop must be called.
func (b *baseSet) oldRows(ctx context.Context, bucket int) (rows *oldRows, stop func(), err error) {
	if b == nil || b.files[bucket].Rows == 0 {
		return &oldRows{}, func() {}, nil
	}
	next, stop := iter.Pull2(b.bucketRows(ctx, b.files[bucket], bucket))
	rows = &oldRows{next: next}
	return rows, stop, rows.fill()
}

// bucketRows yields the rows of one data file and checks that they are where stan ingest puts them.
func (b *baseSet) bucketRows(ctx context.Context, file FileInfo, bucket int) iter.Seq2[[]Flow, error] {
	return func(yield func([]Flow, error) bool) {
		r := newSetReader(b.Set)
		defer b.note(r.parquet)
		var host netip.Addr
		var text string
		for flows, err := range r.batches(ctx, []FileInfo{file}) {
			for i := range flows {
				if flows[i].Host == host {
					continue
				}
				next := flows[i].Host.String()
				if next <= text || bucketOf(flows[i].Host, b.manifest.Buckets) != bucket {
					yield(nil, b.fault(file, fmt.Errorf("%w: host %s is out of order, so nothing can be appended", ErrInput, next)))
					return
				}
				host, text = flows[i].Host, next
			}
			if !yield(flows, err) {
				return
			}
		}
	}
}

// note keeps the labels of the rows that were read.
func (b *baseSet) note(r *parquetReader) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for label := range r.labels {
		b.labels[label] = true
	}
}

// fill gets more rows if none are left; afterwards none are left only at the end.
func (o *oldRows) fill() error {
	if o.next == nil || len(o.left) > 0 {
		return nil
	}
	flows, err, more := o.next()
	if !more {
		o.next = nil
	}
	o.left = flows
	return err
}

// upTo gives emit the rows that stand before the new row f.
func (o *oldRows) upTo(f *Flow, emit func(*Flow) error) error {
	for len(o.left) > 0 && o.standBefore(f) {
		if err := o.pop(emit); err != nil {
			return err
		}
	}
	return nil
}

// rest gives emit the rows that are left.
func (o *oldRows) rest(emit func(*Flow) error) error {
	for len(o.left) > 0 {
		if err := o.pop(emit); err != nil {
			return err
		}
	}
	return nil
}

func (o *oldRows) pop(emit func(*Flow) error) error {
	if err := emit(&o.left[0]); err != nil {
		return err
	}
	o.left = o.left[1:]
	return o.fill()
}

// standBefore compares the first row left with a new row.
func (o *oldRows) standBefore(f *Flow) bool {
	old := &o.left[0]
	if old.Host == f.Host {
		return old.End <= f.End
	}
	if old.Host != o.host || f.Host != o.against {
		o.host, o.against = old.Host, f.Host
		o.order = strings.Compare(old.Host.String(), f.Host.String())
	}
	return o.order < 0
}
