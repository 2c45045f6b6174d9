package safetensors

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Write encodes tensors, in any order, and metadata, which may be nil. Equal contents give equal bytes: as in the
// reference implementation wider types come first and then names in byte order, and metadata keys are sorted.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	sorted := slices.SortedFunc(slices.Values(tensors), func(a, b Tensor) int {
		byType := cmp.Compare(slices.Index(ranked, b.DType), slices.Index(ranked, a.DType))
		return cmp.Or(byType, cmp.Compare(a.Name, b.Name))
	})
	header, err := encodeHeader(sorted, metadata)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range sorted {
		if _, err := w.Write(t.Data); err != nil {
			return err
		}
	}
	return nil
}

// WriteFile is Write to a file that appears at path whole or not at all: it is written beside it, synced and renamed.
func WriteFile(path string, tensors []Tensor, metadata map[string]string) (err error) {
	defer func() { err = atPath(path, err) }()
	tmp, err := createBeside(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			tmp.Close() // a second Close fails harmlessly
			os.Remove(tmp.Name())
		}
	}()
	buf := bufio.NewWriterSize(tmp, 1<<20)
	if err := Write(buf, tensors, metadata); err != nil {
		return err
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// createBeside opens a new file in path's folder, with the permissions that path itself would get from the umask.
func createBeside(path string) (*os.File, error) {
	for n := 0; ; n++ {
		f, err := os.OpenFile(fmt.Sprintf("%s.tmp-%d-%d", path, os.Getpid(), n), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !os.IsExist(err) {
			return f, err
		}
	}
}

// syncDir makes a rename inside dir survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// encodeHeader returns the length field and the JSON header of tensors laid out in the given order.
func encodeHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	header := make([]byte, 8, 4096)
	header = append(header, '{')
	if len(metadata) > 0 {
		header = append(header, `"`+metadataKey+`":{`...)
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			if !utf8.ValidString(key) || !utf8.ValidString(metadata[key]) {
				return nil, problem("", "metadata %q: %q, want UTF-8", key, metadata[key])
			}
			if i > 0 {
				header = append(header, ',')
			}
			header = append(appendString(header, key), ':')
			header = appendString(header, metadata[key])
		}
		header = append(header, '}')
	}
	names := make(map[string]bool, len(tensors))
	var from int64
	for _, t := range tensors {
		if t.Name == metadataKey || names[t.Name] || !utf8.ValidString(t.Name) {
			return nil, problem(t.Name, "name is reserved, given twice or not UTF-8")
		}
		names[t.Name] = true
		size, err := checkLayout(t.Name, t.DType, t.Shape)
		if err != nil {
			return nil, err
		}
		if int64(len(t.Data)) != size {
			return nil, problem(t.Name, "%d bytes of data, want %d for shape %v of %s", len(t.Data), size, t.Shape, t.DType)
		}
		if len(header) > 9 {
			header = append(header, ',')
		}
		header = appendString(header, t.Name)
		header = append(header, `:{"dtype":"`+string(t.DType)+`","shape":`...)
		header = appendInts(header, t.Shape)
		header = append(header, `,"data_offsets":`...)
		header = append(appendInts(header, []int64{from, from + size}), '}')
		from += size
	}
	header = append(header, '}')
	for len(header)%8 != 0 {
		header = append(header, ' ') // so that the data start at a multiple of 8
	}
	length := int64(len(header) - 8)
	if length > maxHeaderBytes {
		return nil, problem("", "header of %d bytes, want at most %d", length, int64(maxHeaderBytes))
	}
	binary.LittleEndian.PutUint64(header, uint64(length))
	return header, nil
}

func appendString(dst []byte, s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil { // a string always encodes
		panic(err)
	}
	return append(dst, bytes.TrimRight(b.Bytes(), "\n")...)
}

func appendInts(dst []byte, v []int64) []byte {
	dst = append(dst, '[')
	for i, n := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, n, 10)
	}
	return append(dst, ']')
}
