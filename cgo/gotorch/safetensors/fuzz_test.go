package safetensors

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func byName(tensors []Tensor) []Tensor {
	return slices.SortedFunc(slices.Values(tensors), func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
}

// FuzzRead holds the reader to its law: what decodes encodes to a file that decodes to the same tensors and metadata,
// and that file encodes to itself; what does not decode is ErrFormat.
func FuzzRead(f *testing.F) {
	reference, err := os.ReadFile(filepath.Join("testdata", "reference.safetensors"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(reference)
	tensors, metadata := sample()
	f.Add(encode(f, tensors, metadata))
	f.Add(encode(f, nil, nil))
	f.Add(raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"v":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}`, 4))
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := decode(b)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("got error %v, want ErrFormat", err)
			}
			return
		}
		encoded := encode(t, first.Tensors, first.Metadata)
		second, err := decode(encoded)
		if err != nil {
			t.Fatalf("encoded again: %v", err)
		}
		if !reflect.DeepEqual(byName(first.Tensors), byName(second.Tensors)) {
			t.Fatalf("tensors: got %v after encoding, want %v", second.Tensors, first.Tensors)
		}
		if len(first.Metadata)+len(second.Metadata) > 0 && !reflect.DeepEqual(first.Metadata, second.Metadata) {
			t.Fatalf("metadata: got %v after encoding, want %v", second.Metadata, first.Metadata)
		}
		if again := encode(t, second.Tensors, second.Metadata); !bytes.Equal(again, encoded) {
			t.Fatal("the canonical encoding does not encode to itself")
		}
	})
}
