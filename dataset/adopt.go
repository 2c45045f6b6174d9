package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"
)

// AdoptOptions are the settings of Adopt.
type AdoptOptions struct {
	Dir      string         // of Parquet files with the columns of a folder of flows
	Internal []netip.Prefix // networks of the hosts
	Tool     string         // program and version, for the manifest

	// Progress is called while files are read, from one goroutine at a time: bytes of finished files.
	Progress func(done, total int64)
}

// Adopt makes a folder of flows of Parquet files that another program wrote: it reads every row, verifies what readers
// of such folders rely on, and writes _SUCCESS and, last, the manifest: a killed run can be repeated. The data files stay
// as they are, where they are. After an error the folder is what it was.
func Adopt(ctx context.Context, o AdoptOptions) (Manifest, error) {
	manifest := filepath.Join(o.Dir, manifestName)
	if _, err := os.Lstat(manifest); err == nil {
		return Manifest{}, fmt.Errorf("dataset: %s: %w: want a folder that is not yet one of flows", manifest, ErrExists)
	}
	sizes, err := dataFiles(o.Dir)
	if err != nil {
		return Manifest{}, err
	}
	if len(sizes) == 0 {
		return Manifest{}, fmt.Errorf("dataset: %s: %w: no data files", o.Dir, ErrInput)
	}
	a := &adoption{AdoptOptions: o, internal: newPrefixSet(o.Internal), fileOf: make(map[netip.Addr]string)}
	a.first, a.last = maxTime, minTime
	for path, size := range sizes {
		a.files = append(a.files, FileInfo{Path: path, Bytes: size})
		a.bytes += size
	}
	slices.SortFunc(a.files, func(x, y FileInfo) int { return cmp.Compare(x.Path, y.Path) })
	if err := a.readAll(ctx); err != nil {
		return Manifest{}, err
	}
	m := Manifest{
		SchemaVersion: SchemaVersion,
		Format:        FormatParquet,
		Tool:          o.Tool,
		Internal:      o.Internal,
		First:         time.UnixMicro(a.first).UTC(),
		Last:          time.UnixMicro(a.last).UTC(),
		Files:         a.files,
	}
	for _, file := range a.files {
		m.Rows += file.Rows
		m.Hosts += file.Hosts
	}
	content, err := m.encode()
	if err = errors.Join(err, m.check()); err != nil {
		return Manifest{}, fmt.Errorf("dataset: %s: %w: %w", manifest, ErrInput, err)
	}
	success := filepath.Join(o.Dir, successName)
	info, err := os.Stat(success)
	theirs := err == nil && info.Mode().IsRegular() // Spark writes one
	if !theirs {
		if err := WriteFile(success, nil); err != nil {
			return Manifest{}, err
		}
	}
	if err := WriteFile(manifest, content); err != nil {
		if !theirs {
			err = errors.Join(err, os.Remove(success))
		}
		return Manifest{}, err
	}
	return m, nil
}

// adoption is what the files read so far add up to.
type adoption struct {
	AdoptOptions
	internal prefixSet
	files    []FileInfo
	bytes    int64 // of all files

	mu          sync.Mutex // guards what follows
	fileOf      map[netip.Addr]string
	done        int64 // bytes
	first, last int64
}

// readAll reads the files, several at a time.
func (a *adoption) readAll(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(a.files)) {
		workers.Go(func() {
			for i := range next {
				if err := a.readFile(ctx, &a.files[i]); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range a.files {
		next <- i
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// readFile fills info from its file.
func (a *adoption) readFile(ctx context.Context, info *FileInfo) error {
	if ctx.Err() != nil {
		return nil
	}
	set := &Set{dir: a.Dir}
	file, err := os.Open(filepath.Join(a.Dir, filepath.FromSlash(info.Path)))
	if err != nil {
		return readError(err)
	}
	defer file.Close()
	if info.SHA256, err = digestOf(file, info.Bytes); err != nil {
		return err
	}
	first, last := int64(maxTime), int64(minTime)
	r := newSetReader(set)
	r.emit = func(flows []Flow) error {
		for i := range flows {
			if !a.internal.contains(flows[i].Host) {
				return fmt.Errorf("%w: host %v, want one inside %v", ErrInput, flows[i].Host, a.Internal)
			}
			first, last = min(first, flows[i].Start), max(last, flows[i].End)
		}
		return context.Cause(ctx)
	}
	info.Rows, err = r.scan(file, *info)
	if err == nil {
		err = r.flush()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil && info.Rows == 0 {
		err = fmt.Errorf("%w: no rows", ErrInput)
	}
	if err != nil {
		return set.fault(*info, err)
	}
	info.Hosts = int64(len(r.seen))
	return a.add(set, info, r.seen, first, last)
}

// add takes what one file held.
func (a *adoption) add(set *Set, info *FileInfo, hosts map[netip.Addr]string, first, last int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for host := range hosts {
		if other, twice := a.fileOf[host]; twice {
			return set.fault(*info, fmt.Errorf("%w: host %v, want its rows together, as %s has some", ErrInput, host, other))
		}
		a.fileOf[host] = info.Path
	}
	a.first, a.last = min(a.first, first), max(a.last, last)
	a.done += info.Bytes
	if a.Progress != nil {
		a.Progress(a.done, a.bytes)
	}
	return nil
}
