package dataset

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path/filepath"
)

// creator makes a new file: createFile, or what a test puts in its place.
type creator func(path string) (tempFile, error)

// outputFile is a data file in the making: what is written is counted and digested on its way.
type outputFile struct {
	*bufio.Writer
	file    tempFile
	counted *countingWriter
	digest  hash.Hash
}

// newOutputFile makes the file at path, with slashes, below the folder that o will be.
func newOutputFile(create creator, o *outputDir, path string) (*outputFile, error) {
	file, err := create(filepath.Join(o.temp, filepath.FromSlash(path)))
	if err != nil {
		return nil, writeError(err)
	}
	digest := sha256.New()
	counted := &countingWriter{out: io.MultiWriter(file, digest)}
	return &outputFile{bufio.NewWriterSize(counted, 1<<20), file, counted, digest}, nil
}

// finish makes the file last and tells info its size and digest.
func (f *outputFile) finish(info *FileInfo) error {
	err := errors.Join(writeError(f.Flush()), writeError(f.file.Sync()))
	info.Bytes, info.SHA256 = f.counted.n, hex.EncodeToString(f.digest.Sum(nil))
	return err
}

func (f *outputFile) close() { f.file.Close() }

// seal writes the manifest of the folder that o will be, and then _SUCCESS.
func seal(create creator, o *outputDir, m *Manifest) error {
	content, err := m.encode()
	if err != nil {
		return fmt.Errorf("dataset: %s: %w", manifestName, err)
	}
	if err := writeWhole(create, filepath.Join(o.temp, manifestName), content); err != nil {
		return err
	}
	return writeWhole(create, filepath.Join(o.temp, successName), nil)
}

func writeWhole(create creator, path string, content []byte) error {
	file, err := create(path)
	if err != nil {
		return writeError(err)
	}
	_, err = file.Write(content)
	return writeError(errors.Join(err, file.Sync(), file.Close()))
}

// countingWriter counts the bytes that pass.
type countingWriter struct {
	out io.Writer
	n   int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.out.Write(p)
	w.n += int64(n)
	return n, err
}
