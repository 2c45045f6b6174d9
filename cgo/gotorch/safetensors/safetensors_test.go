package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func floats(v ...float32) []byte {
	b, _ := binary.Append(nil, binary.LittleEndian, v)
	return b
}

func encode(t testing.TB, tensors []Tensor, metadata map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, tensors, metadata); err != nil {
		t.Fatalf("Write: %v", err)
	}
	return b.Bytes()
}

func decode(b []byte) (*File, error) { return Read(bytes.NewReader(b), int64(len(b)), Limits{}) }

// raw builds a file from a header written by hand.
func raw(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func sample() ([]Tensor, map[string]string) {
	return []Tensor{
		{"b", F32, []int64{2, 1}, floats(1, 2)},
		{"mask", Bool, []int64{3}, []byte{1, 0, 1}},
		{"a", F32, []int64{}, floats(3)},
		{"none", F64, []int64{0, 5}, []byte{}},
	}, map[string]string{"schema": "1", "arch": "stan"}
}

// The reference file holds every kind of tensor this project writes; see testdata/make_reference.py.
func TestReferenceFileReadsAndEncodesToTheSameBytes(t *testing.T) {
	path := filepath.Join("testdata", "reference.safetensors")
	file, err := ReadFile(path, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	int64s, _ := binary.Append(nil, binary.LittleEndian, []int64{math.MinInt64, math.MaxInt64})
	want := []Tensor{ // the reference implementation's order: wider types first, then by name
		{"counts", I64, []int64{2}, int64s},
		{"head.scalar", F64, []int64{}, binary.LittleEndian.AppendUint64(nil, math.Float64bits(math.E))},
		{"head.empty", F32, []int64{0, 7}, []byte{}},
		{"trunk.bias", F32, []int64{3}, floats(-1.5, float32(math.Inf(1)), 3.0e-39)},
		{"trunk.weight", F32, []int64{2, 3}, floats(0, .25, .5, .75, 1, 1.25)},
		{"ids", I32, []int64{2, 1}, []byte{1, 0, 0, 0, 2, 0, 0, 0}},
		{"brain", BF16, []int64{3}, []byte{0x80, 0x3f, 0x80, 0xbe, 0x40, 0x40}},
		{"half", F16, []int64{2}, []byte{0x00, 0x38, 0x00, 0xc0}},
		{`näme "quoted" <&>\`, I16, []int64{1}, []byte{9, 0}},
		{"bytes", U8, []int64{3}, []byte{0, 255, 7}},
		{"mask", Bool, []int64{3}, []byte{1, 0, 1}},
	}
	if !reflect.DeepEqual(file.Tensors, want) {
		t.Errorf("tensors: got\n%v\nwant\n%v", file.Tensors, want)
	}
	if got := fmt.Sprint(file.Metadata); got != "map[format:np]" {
		t.Errorf("metadata: got %s, want map[format:np]", got)
	}
	stored, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := encode(t, file.Tensors, file.Metadata); !bytes.Equal(got, stored) {
		t.Errorf("encoded again: %d bytes differ from the %d that the reference implementation wrote", len(got), len(stored))
	}
}

func TestWriteIsTheSameForAnyOrder(t *testing.T) {
	tensors, metadata := sample()
	want := encode(t, tensors, metadata)
	for i := range tensors {
		rotated := append(append([]Tensor{}, tensors[i:]...), tensors[:i]...)
		if got := encode(t, rotated, metadata); !bytes.Equal(got, want) {
			t.Errorf("tensors rotated by %d: bytes differ", i)
		}
	}
	if dataAt := 8 + binary.LittleEndian.Uint64(want); dataAt%8 != 0 {
		t.Errorf("data begin at byte %d, want a multiple of 8", dataAt)
	}
	file, err := decode(want)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(file.Metadata, metadata) || len(file.Tensors) != len(tensors) {
		t.Errorf("read back: got %v and %d tensors, want %v and %d", file.Metadata, len(file.Tensors), metadata, len(tensors))
	}
}

func TestEmptySetOfTensors(t *testing.T) {
	file, err := decode(encode(t, nil, nil))
	if err != nil || len(file.Tensors) != 0 || file.Metadata != nil {
		t.Errorf("empty set: got %+v, %v, want no tensors, no metadata, no error", file, err)
	}
}

func TestWriteRefuses(t *testing.T) {
	tests := map[string]struct {
		tensors  []Tensor
		metadata map[string]string
		want     string
	}{
		"too few bytes":            {[]Tensor{{"w", F32, []int64{2}, make([]byte, 7)}}, nil, `tensor "w": 7 bytes of data, want 8`},
		"unknown type":             {[]Tensor{{"w", "F12", []int64{2}, nil}}, nil, `dtype "F12", want one of`},
		"negative dimension":       {[]Tensor{{"w", U8, []int64{-1, -1}, []byte{0}}}, nil, "negative"},
		"a name twice":             {[]Tensor{{"w", U8, nil, []byte{0}}, {"w", U8, nil, []byte{1}}}, nil, "given twice"},
		"the reserved name":        {[]Tensor{{"__metadata__", U8, nil, []byte{0}}}, nil, "reserved"},
		"a name that is no text":   {[]Tensor{{"\xff", U8, nil, []byte{0}}}, nil, "UTF-8"},
		"metadata that is no text": {nil, map[string]string{"k": "\xff"}, "UTF-8"},
		"65 dimensions":            {[]Tensor{{"w", U8, make([]int64, 65), nil}}, nil, "65 dimensions, want at most 64"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			err := Write(io.Discard, tc.tensors, tc.metadata)
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Write: got error %v, want ErrFormat with %q", err, tc.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	const ok = `"dtype":"F32","shape":[1],"data_offsets":[0,4]`
	tests := map[string]struct {
		file []byte
		want string
	}{
		"nothing":                      {nil, "0 bytes, want at least the 8"},
		"half a length":                {[]byte{1, 0, 0}, "3 bytes, want at least the 8"},
		"a length of 2^63":             {append(binary.LittleEndian.AppendUint64(nil, 1<<63), '{', '}'), "header of 9223372036854775808 bytes, want at most 100000000"},
		"a length beyond the file":     {binary.LittleEndian.AppendUint64(nil, 16), "ends inside its header"},
		"an empty header":              {raw(``, 0), "not a JSON object"},
		"an array for a header":        {raw(`[]`, 0), "not a JSON object"},
		"a blank before the header":    {raw(` {}`, 0), "not a JSON object"},
		"text after the header":        {raw(`{}x`, 0), "not a JSON object"},
		"broken JSON":                  {raw(`{"w":{`, 0), "not a JSON object"},
		"invalid UTF-8":                {raw("{\"\xff\":{"+ok+"}}", 4), "not UTF-8"},
		"a tensor twice":               {raw(`{"w":{`+ok+`},"w":{`+ok+`}}`, 4), `key "w" given twice`},
		"metadata twice":               {raw(`{"__metadata__":{},"__metadata__":{}}`, 0), "given twice"},
		"a metadata key twice":         {raw(`{"__metadata__":{"k":"1","k":"2"}}`, 0), `key "k" given twice`},
		"metadata that is a number":    {raw(`{"__metadata__":{"k":1}}`, 0), "k: 1, want a string"},
		"metadata that is a list":      {raw(`{"__metadata__":[]}`, 0), "want an object"},
		"a tensor that is a number":    {raw(`{"w":1}`, 0), `tensor "w": description: 1, want an object`},
		"an unknown key":               {raw(`{"w":{`+ok+`,"code":"os.system"}}`, 4), `key "code", want`},
		"a missing key":                {raw(`{"w":{"dtype":"F32","shape":[1]}}`, 4), "missing"},
		"a key twice":                  {raw(`{"w":{`+ok+`,"dtype":"F32"}}`, 4), `key "dtype" given twice`},
		"a type that is a number":      {raw(`{"w":{"dtype":4,"shape":[1],"data_offsets":[0,4]}}`, 4), "dtype: 4, want a string"},
		"an unknown type":              {raw(`{"w":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}`, 4), `dtype "F99"`},
		"a shape that is a number":     {raw(`{"w":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}`, 4), "shape: 1, want an array"},
		"a negative dimension":         {raw(`{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), "shape: -1, want integers"},
		"a fraction for a dimension":   {raw(`{"w":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}`, 4), "shape: 1.0, want integers"},
		"a dimension of 2^64":          {raw(`{"w":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}}`, 4), "want integers"},
		"text for a dimension":         {raw(`{"w":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}`, 4), "want integers"},
		"a shape that overflows":       {raw(`{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`, 0), "at most 2^63-1 bytes"},
		"65 dimensions":                {raw(`{"w":{"dtype":"F32","shape":[1`+strings.Repeat(",1", 64)+`],"data_offsets":[0,4]}}`, 4), "more than 64"},
		"one offset":                   {raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[4]}}`, 4), "want [from, to]"},
		"offsets the wrong way round":  {raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4), "want [from, to]"},
		"three offsets":                {raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, 4), "more than 2"},
		"a shape larger than its data": {raw(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), `tensor "w": data_offsets [0, 4], want 8 bytes for shape [2] of F32`},
		"data beyond the file":         {raw(`{"w":{`+ok+`}}`, 3), "header describes 4 bytes of data, the file has 3"},
		"bytes after the data":         {raw(`{"w":{`+ok+`}}`, 5), "header describes 4 bytes of data, the file has 5"},
		"a hole at the start":          {raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "data begin at 4, want 0"},
		"a hole between tensors":       {raw(`{"v":{`+ok+`},"w":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`, 12), `tensor "w": data begin at 8, want 4`},
		"tensors that overlap":         {raw(`{"v":{`+ok+`},"w":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, 6), "overlap"},
		"tensors that share data":      {raw(`{"v":{`+ok+`},"w":{`+ok+`}}`, 4), "overlap"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := decode(tc.file)
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Read: got error %v, want ErrFormat with %q", err, tc.want)
			}
		})
	}
}

func TestLimitsBoundWhatIsRead(t *testing.T) {
	tensors, metadata := sample()
	b := encode(t, tensors, metadata)
	for name, limits := range map[string]Limits{"header": {HeaderBytes: 16}, "data": {DataBytes: 14}} {
		if _, err := Read(bytes.NewReader(b), int64(len(b)), limits); !errors.Is(err, ErrFormat) {
			t.Errorf("%s over its limit: got error %v, want ErrFormat", name, err)
		}
	}
	if _, err := Read(bytes.NewReader(b), int64(len(b)), Limits{DataBytes: 15}); err != nil { // 3 floats, 3 bools
		t.Errorf("data of exactly the limit: %v", err)
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	tensors, metadata := sample()
	b := encode(t, tensors, metadata)
	for n := range b {
		if _, err := decode(b[:n]); !errors.Is(err, ErrFormat) {
			t.Errorf("first %d of %d bytes: got error %v, want ErrFormat", n, len(b), err)
		}
		// A file that shrinks while it is read ends before its measured size.
		if _, err := Read(bytes.NewReader(b[:n]), int64(len(b)), Limits{}); !errors.Is(err, ErrFormat) {
			t.Errorf("shrunk to %d of %d bytes: got error %v, want ErrFormat", n, len(b), err)
		}
	}
}

// A changed header byte is refused, or makes a file that is valid and different (a letter of a name): it never goes
// unnoticed and never panics.
func TestEveryHeaderBitFlipIsSeen(t *testing.T) {
	tensors, metadata := sample()
	b := encode(t, tensors, metadata)
	before, err := decode(b)
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	header := 8 + int(binary.LittleEndian.Uint64(b))
	for i := range header {
		for bit := range 8 {
			flipped := bytes.Clone(b)
			flipped[i] ^= 1 << bit
			after, err := decode(flipped)
			if err != nil {
				if !errors.Is(err, ErrFormat) {
					t.Errorf("byte %d bit %d: got error %v, want ErrFormat", i, bit, err)
				}
				continue
			}
			accepted++
			if !bytes.ContainsAny(b[i:i+1], " ") && reflect.DeepEqual(before, after) { // padding may be any blank
				t.Errorf("byte %d bit %d: flip of %q went unnoticed", i, bit, b[i])
			}
		}
	}
	if accepted == 8*header {
		t.Error("no flip was refused")
	}
}

type failingReader struct{ err error }

func (r failingReader) ReadAt([]byte, int64) (int, error) { return 0, r.err }

func TestReadKeepsInputOutputErrors(t *testing.T) {
	broken := errors.New("input/output error")
	if _, err := Read(failingReader{broken}, 100, Limits{}); !errors.Is(err, broken) || errors.Is(err, ErrFormat) {
		t.Errorf("Read: got error %v, want %v and not ErrFormat", err, broken)
	}
}

// failingWriter accepts n bytes.
type failingWriter struct{ n int }

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.n -= len(b); w.n < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

func TestWriteFailsAtAnyByte(t *testing.T) {
	tensors, metadata := sample()
	size := len(encode(t, tensors, metadata))
	for n := range size {
		if err := Write(&failingWriter{n}, tensors, metadata); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("writer full after %d of %d bytes: got error %v, want ErrShortWrite", n, size, err)
		}
	}
	if err := Write(&failingWriter{size}, tensors, metadata); err != nil {
		t.Errorf("writer with room for all %d bytes: %v", size, err)
	}
}

func TestWriteFileReplacesWholeOrLeavesAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	tensors, metadata := sample()
	for range 2 { // create, then replace
		if err := WriteFile(path, tensors, metadata); err != nil {
			t.Fatal(err)
		}
	}
	err := WriteFile(path, []Tensor{{"w", F32, []int64{2}, nil}}, nil)
	if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), path) {
		t.Errorf("WriteFile of a bad tensor: got error %v, want ErrFormat naming %s", err, path)
	}
	got, err := ReadFile(path, Limits{})
	if err != nil || len(got.Tensors) != len(tensors) {
		t.Errorf("after the failed write: got %v, %v, want the earlier file", got, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("files left: %v, want the model alone", left)
	}
}

func TestFilesThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing", "m.safetensors")
	if _, err := ReadFile(missing, Limits{}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("ReadFile of a missing file: got error %v, want ErrNotExist naming it", err)
	}
	if err := WriteFile(missing, nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("WriteFile in a missing folder: got error %v, want ErrNotExist", err)
	}
	if _, err := ReadFile(dir, Limits{}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "want a regular file") {
		t.Errorf("ReadFile of a folder: got error %v, want ErrFormat", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(filepath.Join(dir, "taken"), nil, nil); err == nil {
		t.Error("WriteFile over a folder: no error, want one")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp-*")); len(left) != 0 {
		t.Errorf("temporary files left: %v", left)
	}
	corrupt := filepath.Join(dir, "corrupt")
	if err := os.WriteFile(corrupt, raw(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), 0o644); err != nil {
		t.Fatal(err)
	}
	want := `safetensors: ` + corrupt + `: tensor "w": data_offsets [0, 4], want 8 bytes for shape [2] of F32`
	if _, err := ReadFile(corrupt, Limits{}); err == nil || err.Error() != want {
		t.Errorf("ReadFile of a corrupt file:\ngot  %v\nwant %s", err, want)
	}
}
