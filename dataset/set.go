package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Set is a finished folder of flows.
type Set struct {
	dir      string
	manifest Manifest
}

// Open opens a folder of flows. It checks that dir is complete and that its data files are those of its manifest, by name
// and size. What is in them is checked while it is read.
func Open(dir string) (*Set, error) {
	s, err := openFolder(dir)
	if err == nil && s.manifest.Table != nil {
		err = fmt.Errorf("dataset: %s: %w: a table, want a folder of flows", dir, ErrInput)
	}
	return s, err
}

// HoldsTable tells whether the folder dir, complete, holds a table and not flows.
func HoldsTable(dir string) (bool, error) {
	s, err := openFolder(dir)
	return err == nil && s.manifest.Table != nil, err
}

// openFolder opens a folder of any kind.
func openFolder(dir string) (*Set, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, readError(err)
	}
	for _, name := range []string{successName, manifestName} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("dataset: %s: %w: no file %s, so no folder of flows: stan ingest makes one of captures, stan adopt of Parquet that DuckDB or Spark laid out", dir, ErrInput, name)
		}
	}
	manifest, err := readManifest(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", filepath.Join(dir, manifestName), err)
	}
	if manifest.Format != FormatParquet {
		return nil, fmt.Errorf("dataset: %s: %w: data files in format %s, want %s: stan ingest reads the others",
			dir, ErrInput, manifest.Format, FormatParquet)
	}
	s := &Set{dir, manifest}
	return s, s.checkFiles()
}

// dataFiles returns the size of every data file below dir, by its path with slashes.
func dataFiles(dir string) (map[string]int64, error) {
	sizes := make(map[string]int64)
	root := walked(dir)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return readError(err)
		}
		if hidden := strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_"); hidden && path != root {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return nil
		}
		info, err := os.Stat(path)
		if err != nil {
			return readError(err)
		}
		name, err := filepath.Rel(dir, path)
		sizes[filepath.ToSlash(name)] = info.Size()
		return err
	})
	return sizes, err
}

// checkFiles compares the data files with the manifest, by name and size.
func (s *Set) checkFiles() error {
	sizes, err := dataFiles(s.dir)
	if err != nil {
		return err
	}
	for _, file := range s.manifest.Files {
		size, found := sizes[file.Path]
		if !found {
			return s.fault(file, fmt.Errorf("%w: missing, but named in %s", ErrInput, manifestName))
		}
		if size != file.Bytes {
			return s.fault(file, fmt.Errorf("%w: %d bytes, %s says %d", ErrInput, size, manifestName, file.Bytes))
		}
		delete(sizes, file.Path)
	}
	for name := range sizes {
		return s.fault(FileInfo{Path: name}, fmt.Errorf("%w: not named in %s", ErrInput, manifestName))
	}
	return nil
}

// fault says which data file an error is about.
func (s *Set) fault(file FileInfo, err error) error {
	return fmt.Errorf("dataset: %s: %w", filepath.Join(s.dir, filepath.FromSlash(file.Path)), err)
}

// Flows returns the number of rows. A flow between two internal hosts is two rows.
func (s *Set) Flows() int64 { return s.manifest.Rows }

// Hosts returns the number of hosts.
func (s *Set) Hosts() int { return int(s.manifest.Hosts) }

// Span returns the earliest start and the latest end, µs since 1970 UTC.
func (s *Set) Span() (first, last int64) {
	return s.manifest.First.UnixMicro(), s.manifest.Last.UnixMicro()
}

// Internal returns the networks of the hosts.
func (s *Set) Internal() []netip.Prefix { return slices.Clone(s.manifest.Internal) }

// Manifest returns the folder's description.
func (s *Set) Manifest() Manifest { return s.manifest }

// Batches yields all flows in batches of up to 65,536: a host's rows follow each other, by end. A batch is valid until
// the next one. Digest, rows and order of each file are verified on the way; the first error ends the sequence.
func (s *Set) Batches(ctx context.Context) iter.Seq2[[]Flow, error] {
	return func(yield func([]Flow, error) bool) {
		newSetReader(s).batches(ctx, s.manifest.Files)(yield)
	}
}

// batches yields the flows of some of the set's files, as Batches does.
func (r *setReader) batches(ctx context.Context, files []FileInfo) iter.Seq2[[]Flow, error] {
	return func(yield func([]Flow, error) bool) {
		r.emit = func(batch []Flow) error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if !yield(batch, nil) {
				return errStopped
			}
			return nil
		}
		for _, file := range files {
			if err := r.readFile(file); err != nil {
				if !errors.Is(err, errStopped) {
					yield(nil, err)
				}
				return
			}
		}
		if err := r.flush(); err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}

// errStopped ends reading when the consumer has had enough.
var errStopped = errors.New("stopped")

const batchRows = 64 << 10

// setReader reads the files of a Set in turn and verifies them.
type setReader struct {
	set     *Set
	parquet *parquetReader
	seen    map[netip.Addr]string // the file of each host
	host    netip.Addr            // of the row before
	end     int64                 // of the row before
	batch   []Flow
	emit    func(batch []Flow) error
}

func newSetReader(s *Set) *setReader {
	return &setReader{set: s, parquet: newParquetReader(), seen: make(map[netip.Addr]string)}
}

func (r *setReader) readFile(info FileInfo) error {
	file, err := r.set.openVerified(info)
	if err != nil {
		return err
	}
	defer file.Close()
	hosts := len(r.seen)
	rows, err := r.scan(file, info)
	switch {
	case errors.Is(err, errStopped), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case err != nil:
		return r.set.fault(info, err)
	case rows != info.Rows || int64(len(r.seen)-hosts) != info.Hosts:
		return r.set.fault(info, fmt.Errorf("%w: %d rows of %d hosts, %s says %d of %d",
			ErrInput, rows, len(r.seen)-hosts, manifestName, info.Rows, info.Hosts))
	}
	return nil
}

// scan gives the rows of an open file to r.add and verifies their order. The errors do not name the file.
func (r *setReader) scan(file *os.File, info FileInfo) (rows int64, err error) {
	err = r.parquet.read(file, info.Bytes, func(flows []Flow) error {
		if err := r.verifyOrder(flows, rows, info.Path); err != nil {
			return err
		}
		rows += int64(len(flows))
		return r.add(flows)
	})
	return rows, err
}

// openVerified opens a data file whose digest is that of the manifest.
func (s *Set) openVerified(info FileInfo) (*os.File, error) {
	file, err := os.Open(filepath.Join(s.dir, filepath.FromSlash(info.Path)))
	if err != nil {
		return nil, readError(err)
	}
	if err := s.verifyDigest(file, info); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func (s *Set) verifyDigest(file *os.File, info FileInfo) error {
	got, err := digestOf(file, info.Bytes)
	if err != nil {
		return err
	}
	if got != info.SHA256 {
		return s.fault(info, fmt.Errorf("%w: SHA-256 %s, %s says %s", ErrInput, got, manifestName, info.SHA256))
	}
	return nil
}

// digestOf returns the SHA-256 of a file of so many bytes.
func digestOf(file *os.File, size int64) (string, error) {
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(file, 0, size)); err != nil {
		return "", readError(err)
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// verifyOrder checks that each host's rows follow each other and that its time never goes back.
func (r *setReader) verifyOrder(flows []Flow, row int64, file string) error {
	for i := range flows {
		f := &flows[i]
		if f.Host == r.host {
			if f.End < r.end {
				return fmt.Errorf("row %d: %w: host %v: end %d µs, the row before ended at %d", row+int64(i), ErrInput, f.Host, f.End, r.end)
			}
		} else if first, twice := r.seen[f.Host]; twice {
			return fmt.Errorf("row %d: %w: host %v again, want its rows together as in %s", row+int64(i), ErrInput, f.Host, first)
		} else {
			r.seen[f.Host] = file
			r.host = f.Host
		}
		r.end = f.End
	}
	return nil
}

// add collects flows into full batches.
func (r *setReader) add(flows []Flow) error {
	if r.batch == nil {
		r.batch = make([]Flow, 0, batchRows)
	}
	for len(flows) > 0 {
		n := min(len(flows), cap(r.batch)-len(r.batch))
		r.batch = append(r.batch, flows[:n]...)
		flows = flows[n:]
		if len(r.batch) == cap(r.batch) {
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush emits what is collected.
func (r *setReader) flush() error {
	if len(r.batch) == 0 {
		return nil
	}
	err := r.emit(r.batch)
	r.batch = r.batch[:0]
	return err
}
