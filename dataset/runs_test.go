package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// countedFile counts the files that are open.
type countedFile struct {
	tempFile
	open *atomic.Int64
}

func (f countedFile) Close() error {
	f.open.Add(-1)
	return f.tempFile.Close()
}

// runsOf gives a stack runs of one row each, from several goroutines, with hosts that are new in every run.
func runsOf(ctx context.Context, t *testing.T, runs int) (s *runStack, hosts []hostInfo, open, most *atomic.Int64, err error) {
	const buckets, goroutines = 3, 4
	open, most = new(atomic.Int64), new(atomic.Int64)
	var created atomic.Int64
	dir := t.TempDir()
	s = &runStack{orders: new(hostOrders), buckets: buckets, create: func() (tempFile, error) {
		file, err := createFile(filepath.Join(dir, fmt.Sprint(created.Add(1))))
		n := open.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		return countedFile{file, open}, err
	}}
	for i := range runs {
		hosts = append(hosts, hostInfo{netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), uint32(i % buckets)})
	}
	errs := make([]error, goroutines)
	var workers sync.WaitGroup
	for worker := range goroutines {
		workers.Go(func() {
			buffer := newSortBuffer(0)
			for i := worker; i < runs && errs[worker] == nil; i += goroutines {
				f := testFlow()
				f.Host, f.SrcAddr, f.DstAddr = hosts[i].addr, hosts[i].addr, netip.MustParseAddr("192.0.2.1")
				buffer.records = encodeRecord(buffer.records[:0], &f, uint64(i), uint32(i), 0)
				file, err := s.create()
				if err != nil {
					errs[worker] = err
					return
				}
				r, err := writeRun(file, buffer, buckets, s.orders.of(hosts[:i+1]))
				errs[worker] = errors.Join(err, s.add(ctx, r, 1<<20))
			}
		})
	}
	workers.Wait()
	return s, hosts, open, most, errors.Join(errs...)
}

// Two levels of merging, so about 20 times as many runs as one program may have files open on some systems.
func TestRunStackKeepsFewFilesOpen(t *testing.T) {
	const n = maxFanIn*(maxFanIn+1) + 100
	s, hosts, open, most, err := runsOf(context.Background(), t, n)
	if err != nil {
		t.Fatal(err)
	}
	// Three levels, a merge a goroutine, and the files these write.
	if limit := int64((3+4)*maxFanIn + 8); most.Load() > limit {
		t.Errorf("%d files were open at once, want at most %d", most.Load(), limit)
	}
	runs, err := s.reduce(context.Background(), 1<<20)
	if err != nil || len(runs) > maxFanIn || open.Load() != int64(len(runs)) {
		t.Fatalf("reduce: %d runs, %d files open, %v, want at most %d, and no other open", len(runs), open.Load(), err, maxFanIn)
	}
	var got []uint32
	for bucket := range s.buckets {
		err := mergeBucket(context.Background(), runs, bucket, 1<<20, s.orders.latest(), func(record []byte) error {
			got = append(got, recordHost(record))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := make([]uint32, n)
	for i := range want {
		want[i] = uint32(i)
	}
	slices.SortFunc(want, func(x, y uint32) int {
		return cmp.Or(cmp.Compare(hosts[x].bucket, hosts[y].bucket), cmp.Compare(hosts[x].addr.String(), hosts[y].addr.String()))
	})
	if !slices.Equal(got, want) {
		t.Errorf("%d rows, want all %d in the order of bucket and host", len(got), n)
	}
	s.close()
	if open.Load() != 0 {
		t.Errorf("%d files open after close", open.Load())
	}
}

func TestRunStackStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("enough")
	cancel(why)
	s, _, open, _, err := runsOf(ctx, t, 2*maxFanIn)
	if !errors.Is(err, why) {
		t.Errorf("add: %v, want the cause", err)
	}
	s.close()
	if open.Load() != 0 {
		t.Errorf("%d files open after close", open.Load())
	}
}
