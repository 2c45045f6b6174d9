package dataset

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestBuilderSortsByHostAndEndAndKeepsInputOrder(t *testing.T) {
	flows := randomFlows(1, 200_000)
	// So little memory makes more runs than one merge can read.
	dir, m := build(t, flows, BuildOptions{MemoryBytes: 1 << 20, Threads: 2, Internal: internal})
	want, got := byHost(sorted(flows)), byHost(readAll(t, dir))
	for host, rows := range want {
		if !slices.Equal(got[host], rows) {
			t.Fatalf("host %v: rows read differ from rows added, or in their order", host)
		}
	}
	if m.Rows != int64(len(flows)) || m.Hosts != int64(len(want)) {
		t.Errorf("manifest: %d rows of %d hosts, want %d of %d", m.Rows, m.Hosts, len(flows), len(want))
	}
	for _, file := range m.Files {
		content := readAllOf(t, dir, file)
		if !slices.IsSortedFunc(content, func(a, b Flow) int { return strings.Compare(a.Host.String(), b.Host.String()) }) {
			t.Errorf("%s: hosts are not in the order of their text", file.Path)
		}
	}
}

// byHost groups rows, each host's in their order.
func byHost(flows []Flow) map[netip.Addr][]Flow {
	groups := make(map[netip.Addr][]Flow)
	for _, f := range flows {
		groups[f.Host] = append(groups[f.Host], f)
	}
	return groups
}

// readAllOf reads one data file.
func readAllOf(t *testing.T, dir string, info FileInfo) []Flow {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, info.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []Flow
	err = newParquetReader().read(file, info.Bytes, func(flows []Flow) error {
		all = append(all, flows...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBuilderWritesTheSameBytesHoweverItIsRun(t *testing.T) {
	flows := randomFlows(2, 40_000)
	for _, format := range []string{FormatParquet, FormatUGR16} {
		t.Run(format, func(t *testing.T) {
			first, _ := build(t, flows, BuildOptions{Format: format, Internal: internal, Threads: 1, MemoryBytes: 64 << 20})
			want := tree(t, first)
			tests := map[string]BuildOptions{
				"two threads":   {Threads: 2},
				"eight threads": {Threads: 8},
				"little memory": {Threads: 3, MemoryBytes: 1 << 20},
			}
			for name, o := range tests {
				o.Format, o.Internal = format, internal
				again, _ := build(t, flows, o)
				got := tree(t, again)
				if len(got) != len(want) {
					t.Errorf("%s: %d files, want %d", name, len(got), len(want))
				}
				for path := range want {
					if got[path] != want[path] {
						t.Errorf("%s: %s differs", name, path)
					}
				}
			}
		})
	}
}

// Generating adds blocks of many hosts from several goroutines; the order within a host is all that counts.
func TestBuilderTakesHostsFromSeveralGoroutines(t *testing.T) {
	flows := randomFlows(3, 50_000)
	want, _ := build(t, flows, BuildOptions{})
	dir := filepath.Join(t.TempDir(), "flows")
	b, err := NewBuilder(dir, BuildOptions{MemoryBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Abort()
	const goroutines = 4
	var adders sync.WaitGroup
	for g := range goroutines {
		adders.Go(func() {
			mine := slices.DeleteFunc(slices.Clone(flows), func(f Flow) bool { return bucketOf(f.Host, goroutines) != g })
			for chunk := range slices.Chunk(mine, 777) {
				if err := b.Add(chunk); err != nil {
					t.Error(err)
				}
			}
		})
	}
	adders.Wait()
	if _, err := b.Finish(context.Background(), Meta{Tool: "test"}); err != nil {
		t.Fatal(err)
	}
	wantTree, gotTree := tree(t, want), tree(t, dir)
	for path := range wantTree {
		if gotTree[path] != wantTree[path] {
			t.Errorf("%s differs from that of one goroutine", path)
		}
	}
}

// Ingest adds blocks of a file as they are parsed; their places tell where they stand.
func TestBuilderTakesBlocksInAnyOrder(t *testing.T) {
	flows := randomFlows(4, 20_000)
	want, _ := build(t, flows, BuildOptions{})
	const blockRows = 333
	for name, memory := range map[string]int64{"one run": 64 << 20, "many runs": 1 << 20} {
		dir := filepath.Join(t.TempDir(), "flows")
		b, err := NewBuilder(dir, BuildOptions{MemoryBytes: memory})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Abort()
		blocks := slices.Collect(slices.Chunk(flows, blockRows))
		for _, i := range rand.New(rand.NewPCG(4, 4)).Perm(len(blocks)) {
			if err := b.AddAt(uint64(i)*blockRows, blocks[i]); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Finish(context.Background(), Meta{Tool: "test"}); err != nil {
			t.Fatal(err)
		}
		wantTree, gotTree := tree(t, want), tree(t, dir)
		for path := range wantTree {
			if gotTree[path] != wantTree[path] {
				t.Errorf("%s: %s differs from that of blocks in their order", name, path)
			}
		}
	}
}

func TestBuilderRefusesFlows(t *testing.T) {
	tests := map[string]func(f *Flow){
		"no addresses":          func(f *Flow) { f.SrcAddr = netip.Addr{} },
		"a zone":                func(f *Flow) { f.DstAddr = netip.MustParseAddr("fe80::1%eth0") },
		"IPv4 in IPv6":          func(f *Flow) { f.DstAddr = netip.MustParseAddr("::ffff:1.2.3.4") },
		"host is neither end":   func(f *Flow) { f.Host = netip.MustParseAddr("42.219.0.2") },
		"end before start":      func(f *Flow) { f.End = f.Start - 1 },
		"start before 1970":     func(f *Flow) { f.Start = -1 },
		"end after 9999":        func(f *Flow) { f.End = maxTime + 1 },
		"label with a comma":    func(f *Flow) { f.Label = "a,b" },
		"label with a newline":  func(f *Flow) { f.Label = "a\nb" },
		"label of broken UTF-8": func(f *Flow) { f.Label = "\xff" },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			b, err := NewBuilder(filepath.Join(t.TempDir(), "flows"), BuildOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Abort()
			f := testFlow()
			change(&f)
			if err := b.Add([]Flow{f}); !errors.Is(err, ErrInput) {
				t.Errorf("Add: %v, want ErrInput", err)
			}
		})
	}
}

func TestBuilderRefusesTooManyLabels(t *testing.T) {
	b, err := NewBuilder(filepath.Join(t.TempDir(), "flows"), BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Abort()
	f := testFlow()
	for i := range maxLabels + 1 {
		f.Label = fmt.Sprint("label ", i)
		if err = b.Add([]Flow{f}); err != nil && i < maxLabels {
			t.Fatalf("label %d: %v", i, err)
		}
	}
	if !errors.Is(err, ErrInput) {
		t.Errorf("Add: %v, want ErrInput", err)
	}
}

func TestBuildOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]BuildOptions{
		"format":  {Format: "xml"},
		"buckets": {Buckets: 1001},
		"threads": {Threads: -1},
		"memory":  {MemoryBytes: 5},
	} {
		dir := t.TempDir()
		if _, err := NewBuilder(filepath.Join(dir, "flows"), o); !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
		if left := names(t, dir); len(left) > 0 {
			t.Errorf("%s: left %q", name, left)
		}
	}
}

func TestBuilderWithoutFlowsWritesNothing(t *testing.T) {
	parent := t.TempDir()
	b, err := NewBuilder(filepath.Join(parent, "flows"), BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Finish(context.Background(), Meta{}); !errors.Is(err, ErrInput) {
		t.Errorf("Finish: %v, want ErrInput", err)
	}
	if left := names(t, parent); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

// failingFile fails one write, sync or, but for a full disk, read among all the files of a Builder.
type failingFile struct {
	tempFile
	fails func() error
}

func (f failingFile) Write(p []byte) (int, error) {
	if err := f.fails(); err != nil {
		return 0, &os.PathError{Op: "write", Path: f.Name(), Err: err}
	}
	return f.tempFile.Write(p)
}

func (f failingFile) Sync() error {
	if err := f.fails(); err != nil {
		return &os.PathError{Op: "sync", Path: f.Name(), Err: err}
	}
	return f.tempFile.Sync()
}

func (f failingFile) ReadAt(p []byte, at int64) (int, error) {
	if err := f.fails(); err != nil && err != syscall.ENOSPC {
		return 0, &os.PathError{Op: "read", Path: f.Name(), Err: err}
	}
	return f.tempFile.ReadAt(p, at)
}

// The n-th file operation fails, for n = 1, 2, 3 ... until one run meets no fault.
func TestBuilderSurvivesEveryFault(t *testing.T) {
	flows := randomFlows(4, 3000)
	for name, tc := range map[string]struct{ fault, want error }{
		"disk full": {syscall.ENOSPC, ErrCannotWrite},
		"I/O error": {syscall.EIO, ErrIO},
	} {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				parent := t.TempDir()
				var mu sync.Mutex
				operations := 0
				fails := func() error {
					mu.Lock()
					defer mu.Unlock()
					if operations++; operations == n {
						return tc.fault
					}
					return nil
				}
				err := buildWithFaults(filepath.Join(parent, "flows"), flows, fails)
				if err == nil && operations < n {
					t.Logf("%d operations", operations)
					return
				}
				if err == nil && tc.fault == syscall.ENOSPC {
					continue // the operation was a read
				}
				if !errors.Is(err, tc.want) || !errors.Is(err, tc.fault) {
					t.Fatalf("operation %d: %v, want %v of %v", n, err, tc.want, tc.fault)
				}
				if left := names(t, parent); len(left) > 0 {
					t.Fatalf("operation %d: left %q", n, left)
				}
			}
		})
	}
}

// failingCreate makes files that fail, at their making too, where fails says so.
func failingCreate(fails func() error) func(path string) (tempFile, error) {
	return func(path string) (tempFile, error) {
		if err := fails(); err != nil {
			return nil, &os.PathError{Op: "open", Path: path, Err: err}
		}
		file, err := createFile(path)
		return failingFile{file, fails}, err
	}
}

func buildWithFaults(dir string, flows []Flow, fails func() error) error {
	b, err := NewBuilder(dir, BuildOptions{MemoryBytes: 1 << 20, Threads: 1, Buckets: 3})
	if err != nil {
		return err
	}
	defer b.Abort()
	b.create = failingCreate(fails)
	for chunk := range slices.Chunk(flows, 100) {
		if err := b.Add(chunk); err != nil {
			return err
		}
	}
	_, err = b.Finish(context.Background(), Meta{})
	return err
}

// Rows that come after all was given up, of a reader that nobody waited for, are refused, and make no file.
func TestBuilderTakesNothingAfterAbort(t *testing.T) {
	parent := t.TempDir()
	b, err := NewBuilder(filepath.Join(parent, "flows"), BuildOptions{Internal: internal, MemoryBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	b.Abort()
	if err := b.Add(randomFlows(1, 20_000)); !errors.Is(err, errAborted) {
		t.Errorf("Add: %v, want %v", err, errAborted)
	}
	if left := names(t, parent); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

func TestBuilderStopsWhenCancelled(t *testing.T) {
	parent := t.TempDir()
	why := errors.New("a reason")
	ctx, cancel := context.WithCancelCause(context.Background())
	b, err := NewBuilder(filepath.Join(parent, "flows"), BuildOptions{
		Progress: func(done, total int64) { cancel(why) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Add(randomFlows(5, 100_000)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Finish(ctx, Meta{}); !errors.Is(err, why) {
		t.Errorf("Finish: %v, want the cause", err)
	}
	if left := names(t, parent); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

// stuckFile is written to for as long as stuck is open.
type stuckFile struct {
	tempFile
	stuck <-chan struct{}
}

func (f stuckFile) Write(p []byte) (int, error) {
	<-f.stuck
	return f.tempFile.Write(p)
}

// A merge of spilled rows ends with the context that Finish was given, and with Abort.
func TestBuilderStopsMerging(t *testing.T) {
	for name, stop := range map[string]func(*Builder) error{
		"Finish": func(b *Builder) error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_, err := b.Finish(ctx, Meta{})
			return err
		},
		"Abort": func(b *Builder) error {
			b.Abort()
			return context.Canceled
		},
	} {
		b, err := NewBuilder(filepath.Join(t.TempDir(), "flows"), BuildOptions{MemoryBytes: 1 << 20, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		merges := make(chan struct{}, 1)
		b.runs.create = func() (tempFile, error) { // of merges alone
			file, err := b.runFile()
			merges <- struct{}{}
			return stuckFile{file, b.ctx.Done()}, err
		}
		flows := randomFlows(1, 5_000)
		for merging := false; !merging; {
			if err := b.Add(flows); err != nil {
				t.Fatal(err)
			}
			select {
			case <-merges:
				merging = true
			default:
			}
		}
		if err := stop(b); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want that it was cancelled", name, err)
		}
		b.Abort()
	}
}

func TestBuilderReportsProgress(t *testing.T) {
	flows := randomFlows(6, 20_000)
	var last int64
	build(t, flows, BuildOptions{Threads: 4, Progress: func(done, total int64) {
		if done < last || total != int64(len(flows)) {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	}})
	if last != int64(len(flows)) {
		t.Errorf("last progress %d, want %d", last, len(flows))
	}
}

func BenchmarkBuild(b *testing.B) {
	flows := randomFlows(7, 200_000)
	rand.New(rand.NewPCG(7, 7)).Shuffle(len(flows), func(i, j int) { flows[i], flows[j] = flows[j], flows[i] })
	parent := b.TempDir()
	rows := 0
	for b.Loop() {
		builder, err := NewBuilder(filepath.Join(parent, "flows"), BuildOptions{Force: true})
		if err != nil {
			b.Fatal(err)
		}
		if err := builder.Add(flows); err != nil {
			b.Fatal(err)
		}
		if _, err := builder.Finish(context.Background(), Meta{}); err != nil {
			b.Fatal(err)
		}
		rows += len(flows)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
