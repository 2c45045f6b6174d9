package dataset

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go"
)

// writeRows is how many flows go to a file's writer at once. The bytes of a Parquet file depend on it.
const writeRows = 8192

// writeData merges the runs into data files, several buckets at a time, and lists the files in m.
func (b *Builder) writeData(ctx context.Context, m *Manifest) error {
	hosts := b.orders.of(b.hostIn)
	runs, err := b.runs.reduce(ctx, int(b.options.MemoryBytes/2))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	progress := b.progress(b.rows())
	buckets := make(chan int)
	infos := make([]FileInfo, b.options.Buckets)
	var workers sync.WaitGroup
	for range min(b.options.Threads, b.options.Buckets) {
		workers.Go(func() {
			for bucket := range buckets {
				info, err := b.writeBucket(ctx, runs, bucket, m, hosts, progress)
				if err != nil {
					cancel(err)
					continue
				}
				infos[bucket] = info
			}
		})
	}
	for _, bucket := range b.largestFirst(runs) {
		if ctx.Err() == nil {
			buckets <- bucket
		}
	}
	close(buckets)
	workers.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, info := range infos {
		if info.Rows > 0 {
			m.Files = append(m.Files, info)
			m.Rows += info.Rows
			m.Hosts += info.Hosts
		}
	}
	if err := b.checkLabels(); err != nil {
		return err
	}
	b.runs.close()
	return writeError(os.RemoveAll(filepath.Join(b.output.temp, "runs")))
}

// largestFirst returns the buckets that have a row, old or new, in an order that keeps all workers busy to the end.
func (b *Builder) largestFirst(runs []*run) []int {
	rows := make([]int64, b.options.Buckets)
	for bucket := range rows {
		if b.base != nil {
			rows[bucket] = b.base.files[bucket].Rows
		}
		for _, r := range runs {
			rows[bucket] += (r.bounds[bucket+1] - r.bounds[bucket]) / recordSize
		}
	}
	var buckets []int
	for bucket, n := range rows {
		if n > 0 {
			buckets = append(buckets, bucket)
		}
	}
	slices.SortStableFunc(buckets, func(x, y int) int { return cmp.Compare(rows[y], rows[x]) })
	return buckets
}

// rows returns how many rows there will be.
func (b *Builder) rows() int64 {
	rows := int64(b.added)
	if b.base != nil {
		rows += b.base.Flows()
	}
	return rows
}

// checkLabels returns an error if the old rows and the new ones have too many labels together.
func (b *Builder) checkLabels() error {
	if b.base == nil {
		return nil
	}
	for label := range b.base.labels {
		if _, err := b.label(label); err != nil {
			return err
		}
	}
	return nil
}

// progress returns a function that adds finished rows and reports their sum.
func (b *Builder) progress(total int64) func(rows int) {
	if b.options.Progress == nil {
		return func(int) {}
	}
	var mu sync.Mutex
	var done int64
	return func(rows int) {
		mu.Lock()
		defer mu.Unlock()
		done += int64(rows)
		b.options.Progress(done, total)
	}
}

// writeBucket merges one bucket of the runs into its data file.
func (b *Builder) writeBucket(ctx context.Context, runs []*run, bucket int, m *Manifest, hosts hostOrder,
	progress func(rows int)) (FileInfo, error) {
	info := FileInfo{Path: bucketFile(bucket, m.Format)}
	file, err := newOutputFile(b.create, b.output, info.Path)
	if err != nil {
		return info, err
	}
	defer file.close()
	out := newFlowWriter(file, info.Path, m, sortedByHost)

	old, stop, err := b.base.oldRows(ctx, bucket)
	defer stop()
	if err != nil {
		return info, err
	}
	flows := make([]Flow, 0, writeRows)
	flush := func() error {
		err := out.Write(flows)
		progress(len(flows))
		flows = flows[:0]
		return err
	}
	var host netip.Addr
	emit := func(f *Flow) error {
		flows = append(flows, *f)
		if f.Host != host {
			host = f.Host
			info.Hosts++
		}
		info.Rows++
		if len(flows) == cap(flows) {
			return flush()
		}
		return nil
	}
	var f Flow
	memory := int(b.options.MemoryBytes / 2 / int64(b.options.Threads))
	err = mergeBucket(ctx, runs, bucket, memory, hosts, func(record []byte) error {
		decodeRecord(record, &f, b.hostIn, b.labels)
		if err := old.upTo(&f, emit); err != nil {
			return err
		}
		b.options.Coarsening.apply(&f)
		return emit(&f)
	})
	if err == nil {
		err = old.rest(emit)
	}
	if err == nil {
		err = flush()
	}
	if err == nil {
		err = errors.Join(out.Close(), file.finish(&info))
	}
	return info, err
}

// newFlowWriter returns the writer of m's format; options are for Parquet.
func newFlowWriter(out io.Writer, name string, m *Manifest, options ...parquet.WriterOption) flowWriter {
	if m.Format == FormatParquet {
		return newParquetWriter(out, name, m.footer(), options...)
	}
	return findFormat(m.Format).newWriter(out)
}
