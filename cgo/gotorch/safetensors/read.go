package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxHeaderBytes is the limit of the format's reference implementation.
const maxHeaderBytes = 100_000_000

// Limits bounds what a reader allocates. A zero field means its default.
type Limits struct {
	HeaderBytes int64 // default and maximum 100,000,000
	DataBytes   int64 // of all tensors together; default 4 GiB
}

func (l Limits) withDefaults() Limits {
	if l.HeaderBytes <= 0 || l.HeaderBytes > maxHeaderBytes {
		l.HeaderBytes = maxHeaderBytes
	}
	if l.DataBytes <= 0 {
		l.DataBytes = 4 << 30
	}
	return l
}

// File is the decoded contents of one file.
type File struct {
	Metadata map[string]string // nil if the header has none
	Tensors  []Tensor          // in the order of their data; all Data share one allocation
}

// ReadFile decodes the file at path. Errors name the path, and the tensor where one is at fault.
func ReadFile(path string, limits Limits) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, atPath(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, atPath(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, atPath(path, problem("", "%s, want a regular file", info.Mode().Type()))
	}
	file, err := Read(f, info.Size(), limits)
	return file, atPath(path, err)
}

// Read decodes the size bytes of r. It allocates no more than limits and size allow, whatever the header claims.
func Read(r io.ReaderAt, size int64, limits Limits) (*File, error) {
	limits = limits.withDefaults()
	if size < 8 {
		return nil, problem("", "%d bytes, want at least the 8 of the header length", size)
	}
	var prefix [8]byte
	if err := readAt(r, prefix[:], 0); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > uint64(limits.HeaderBytes) {
		return nil, problem("", "header of %d bytes, want at most %d", length, limits.HeaderBytes)
	}
	dataAt := 8 + int64(length)
	if dataAt > size {
		return nil, problem("", "file of %d bytes ends inside its header of %d", size, length)
	}
	dataBytes := size - dataAt
	if dataBytes > limits.DataBytes {
		return nil, problem("", "%d bytes of data, want at most %d", dataBytes, limits.DataBytes)
	}
	header := make([]byte, length)
	if err := readAt(r, header, 8); err != nil {
		return nil, err
	}
	entries, metadata, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	if err := checkOffsets(entries, dataBytes); err != nil {
		return nil, err
	}
	data := make([]byte, dataBytes)
	if err := readAt(r, data, dataAt); err != nil {
		return nil, err
	}
	file := &File{Metadata: metadata, Tensors: make([]Tensor, len(entries))}
	for i, e := range entries {
		file.Tensors[i] = Tensor{Name: e.name, DType: e.dtype, Shape: e.shape, Data: data[e.from:e.to:e.to]}
	}
	return file, nil
}

// readAt fills buf from offset, and takes a file that shrank since it was measured for a truncated one.
func readAt(r io.ReaderAt, buf []byte, offset int64) error {
	n, err := r.ReadAt(buf, offset)
	if n == len(buf) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return problem("", "file ends at byte %d, want %d", offset+int64(n), offset+int64(len(buf)))
	}
	return err
}

// entry is one tensor as the header describes it.
type entry struct {
	name     string
	dtype    DType
	shape    []int64
	from, to int64
}

// checkOffsets sorts entries by their place and demands that they tile the data without gap, overlap or rest.
func checkOffsets(entries []entry, dataBytes int64) error {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.name, b.name))
	})
	var end int64
	for _, e := range entries {
		size, err := checkLayout(e.name, e.dtype, e.shape)
		if err != nil {
			return err
		}
		if e.to-e.from != size { // both are at least 0, so this cannot overflow
			return problem(e.name, "data_offsets [%d, %d], want %d bytes for shape %v of %s", e.from, e.to, size, e.shape, e.dtype)
		}
		if e.from != end {
			return problem(e.name, "data begin at %d, want %d: tensors overlap or leave a hole", e.from, end)
		}
		end = e.to
	}
	if end != dataBytes {
		return problem("", "header describes %d bytes of data, the file has %d", end, dataBytes)
	}
	return nil
}

// parseHeader decodes the JSON header; it refuses what encoding/json lets pass: repeated keys, unknown keys,
// numbers that are no counts, invalid UTF-8.
func parseHeader(header []byte) ([]entry, map[string]string, error) {
	if !utf8.Valid(header) {
		return nil, nil, problem("", "header is not UTF-8")
	}
	if len(header) == 0 || header[0] != '{' || !json.Valid(header) {
		return nil, nil, problem("", "header is not a JSON object: %.40q", header)
	}
	p := parser{json.NewDecoder(bytes.NewReader(header))}
	p.dec.UseNumber()
	var entries []entry
	var metadata map[string]string
	err := p.object("header", func(key string) (err error) {
		if key == metadataKey {
			metadata, err = p.metadata()
			return err
		}
		e, err := p.entry(key)
		if err != nil {
			return problem(key, "%v", err)
		}
		entries = append(entries, e)
		return nil
	})
	if fe := (*FormatError)(nil); err != nil && !errors.As(err, &fe) {
		err = problem("", "%v", err)
	}
	return entries, metadata, err
}

// parser walks a header that is known to be valid JSON, so its tokens only need to be of the right kind.
type parser struct{ dec *json.Decoder }

func (p parser) object(what string, value func(key string) error) error {
	if err := p.open('{', what, "an object"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for p.dec.More() {
		token, err := p.dec.Token()
		if err != nil {
			return err
		}
		key := token.(string)
		if seen[key] {
			return fmt.Errorf("%s: key %q given twice", what, key)
		}
		seen[key] = true
		if err := value(key); err != nil {
			return err
		}
	}
	_, err := p.dec.Token()
	return err
}

func (p parser) metadata() (map[string]string, error) {
	m := map[string]string{}
	err := p.object(metadataKey, func(key string) (err error) {
		m[key], err = p.text(key)
		return err
	})
	return m, err
}

func (p parser) entry(name string) (entry, error) {
	e := entry{name: name}
	var offsets []int64
	fields := 0
	err := p.object("description", func(key string) (err error) {
		fields++
		switch key {
		case "dtype":
			var s string
			s, err = p.text(key)
			e.dtype = DType(s)
		case "shape":
			e.shape, err = p.counts(key, maxDims)
		case "data_offsets":
			if offsets, err = p.counts(key, 2); err == nil && (len(offsets) != 2 || offsets[0] > offsets[1]) {
				err = fmt.Errorf("data_offsets %v, want [from, to]", offsets)
			}
		default:
			err = fmt.Errorf("key %q, want dtype, shape or data_offsets", key)
		}
		return err
	})
	if err != nil {
		return entry{}, err
	}
	if fields != 3 { // keys are distinct and known
		return entry{}, errors.New("dtype, shape or data_offsets missing")
	}
	e.from, e.to = offsets[0], offsets[1]
	return e, nil
}

func (p parser) open(delim json.Delim, what, want string) error {
	token, err := p.dec.Token()
	if err == nil && token != delim {
		err = fmt.Errorf("%s: %v, want %s", what, token, want)
	}
	return err
}

func (p parser) text(what string) (string, error) {
	token, err := p.dec.Token()
	if err != nil {
		return "", err
	}
	s, ok := token.(string)
	if !ok {
		return "", fmt.Errorf("%s: %v, want a string", what, token)
	}
	return s, nil
}

// counts reads an array of at most limit integers from 0 to 2^63-1.
func (p parser) counts(what string, limit int) ([]int64, error) {
	if err := p.open('[', what, "an array"); err != nil {
		return nil, err
	}
	counts := []int64{}
	for p.dec.More() {
		token, err := p.dec.Token()
		if err != nil {
			return nil, err
		}
		number, _ := token.(json.Number)
		n, err := strconv.ParseUint(number.String(), 10, 63)
		if err != nil {
			return nil, fmt.Errorf("%s: %v, want integers from 0 to 2^63-1", what, token)
		}
		if len(counts) == limit {
			return nil, fmt.Errorf("%s: more than %d numbers", what, limit)
		}
		counts = append(counts, int64(n))
	}
	_, err := p.dec.Token()
	return counts, err
}
