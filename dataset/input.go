package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// StandardInput is the path that stands for standard input.
const StandardInput = "-"

// maxZstdWindow bounds the memory that a zstd stream may ask for. What an xz stream asks for is touched only as far as its
// content goes.
const maxZstdWindow = 64 << 20

// expandInputs replaces folders by the files in them, recursively and sorted by name. Names that begin with a dot or an
// underscore are no data in any tool's layout and are left out. A file that is named twice, directly or through a
// folder or link, is an error: its flows would count twice.
func expandInputs(paths []string) ([]string, error) {
	var files []string
	seen := make(map[[2]uint64]string)
	add := func(path string, info fs.FileInfo) error {
		if system, ok := info.Sys().(*syscall.Stat_t); ok && info.Mode().IsRegular() {
			id := [2]uint64{uint64(system.Dev), system.Ino}
			if first, twice := seen[id]; twice {
				return fmt.Errorf("dataset: %s: %w: the same file as %s, want each file once", path, ErrInput, first)
			}
			seen[id] = path
		}
		files = append(files, path)
		return nil
	}
	stdin := false
	for _, path := range paths {
		if path == StandardInput {
			if stdin {
				return nil, fmt.Errorf("dataset: standard input: %w: named twice", ErrInput)
			}
			stdin = true
			files = append(files, path)
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, readError(err)
		}
		if !info.IsDir() {
			if err := add(path, info); err != nil {
				return nil, err
			}
			continue
		}
		found := len(files)
		root := walked(path)
		err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return readError(err)
			}
			hidden := strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_")
			switch {
			case hidden && name != root && entry.IsDir():
				return fs.SkipDir
			case hidden && name != root, entry.IsDir():
				return nil
			}
			info, err := os.Stat(name)
			if err != nil {
				return readError(err)
			}
			if !info.Mode().IsRegular() {
				return fmt.Errorf("dataset: %s: %w: not a regular file, want captures only in a folder", name, ErrInput)
			}
			return add(name, info)
		})
		if err != nil {
			return nil, err
		}
		if len(files) == found {
			return nil, fmt.Errorf("dataset: %s: %w: the folder holds no captures", path, ErrMissing)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("dataset: %w: no files named", ErrMissing)
	}
	return files, nil
}

// walked is a folder's name for filepath.WalkDir, which would take a link to a folder for a file.
func walked(dir string) string { return filepath.Clean(dir) + string(filepath.Separator) }

// input is an open capture, decompressed while it is read.
type input struct {
	name  string // for messages
	text  *bufio.Reader
	raw   *bufio.Reader // the file; text itself if that is not compressed
	close func() error
}

// headBytes is how much of an input the formats see that are no text.
const headBytes = 64

// head returns the first bytes, fewer if the input has fewer or they cannot be read.
func (in *input) head() []byte {
	head, _ := in.text.Peek(headBytes) // reading on gives the error again
	return head
}

// openInput opens a file, or standard input for "-". Compression is recognised by the first bytes. seen is called with
// what is read from the file, compressed, and may not keep it.
func openInput(path string, stdin io.Reader, seen func(chunk []byte)) (*input, error) {
	in := &input{name: path, close: func() error { return nil }}
	raw := stdin
	if path == StandardInput {
		in.name = "standard input"
	} else {
		file, err := os.Open(path)
		if err != nil {
			return nil, readError(err)
		}
		raw, in.close = file, file.Close
	}
	buffered := bufio.NewReaderSize(&seenReader{raw, seen}, 1<<17)
	in.raw = buffered
	text, err := decompress(buffered)
	if err != nil {
		in.close()
		return nil, in.failure(err, 0)
	}
	if in.text = buffered; text != io.Reader(buffered) {
		in.text = bufio.NewReaderSize(text, 1<<16)
	}
	return in, nil
}

// drain reads what the text left of the file, so that all of it has been seen.
func (in *input) drain() error {
	_, err := io.Copy(io.Discard, in.raw)
	return readError(err)
}

func decompress(r *bufio.Reader) (io.Reader, error) {
	magic, err := r.Peek(6)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(r)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxZstdWindow),
			zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	case bytes.Equal(magic, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		return xz.NewReader(r)
	}
	return r, nil
}

// failure classifies an error that reading gave after so many lines: a broken stream is bad input, the rest is I/O.
func (in *input) failure(err error, lines int64) error {
	var system *fs.PathError
	if errors.As(err, &system) {
		return readError(err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("dataset: %s: %w: the compressed stream ends early, after %d lines; copy the file again", in.name, ErrInput, lines)
	}
	return fmt.Errorf("dataset: %s: %w: broken after %d lines: %w", in.name, ErrInput, lines, err)
}

type seenReader struct {
	in   io.Reader
	seen func(chunk []byte)
}

func (r *seenReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.seen(p[:n])
	return n, err
}
