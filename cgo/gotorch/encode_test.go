package gotorch_test

import (
	"bytes"
	"encoding/gob"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
	"github.com/wangkuiyi/gotorch/safetensors"
)

func TestSaveAndGob(t *testing.T) {
	leaktest.Check(t)
	dir := t.TempDir()
	for _, dtype := range []int8{
		torch.Bool, torch.Byte, torch.Char, torch.Short, torch.Int, torch.Long, torch.Half, torch.BFloat16, torch.Float, torch.Double,
	} {
		t.Run(torch.DTypeName(dtype), func(t *testing.T) {
			s := torch.NewScope()
			defer s.Close()
			a := mat(2, 3, 1, 0, 1, 1, 0, 1).in(s).CastTo(dtype).Transpose(0, 1)
			path := filepath.Join(dir, "a.safetensors")
			a.Save(path)
			loaded := s.Adopt(torch.Load(path))
			var buf bytes.Buffer
			if err := gob.NewEncoder(&buf).Encode(map[string]T{"a": a}); err != nil {
				t.Fatal(err)
			}
			var back map[string]T
			if err := gob.NewDecoder(&buf).Decode(&back); err != nil {
				t.Fatal(err)
			}
			for name, b := range map[string]T{"file": loaded, "gob": s.Adopt(back["a"])} {
				if b.Dtype() != dtype || !torch.Equal(a, b) {
					t.Errorf("%s: %v, want %v", name, b, a)
				}
			}
		})
	}
}

func TestSaveAndLoadFail(t *testing.T) {
	leaktest.Check(t)
	dir := t.TempDir()
	s := torch.NewScope()
	defer s.Close()
	a := s.Adopt(torch.Ones([]int64{2}, false))
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	two := filepath.Join(dir, "two")
	if err := torch.SaveTensors(two, map[string]T{"a": a, "b": a}, nil); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		f    func()
		want error
	}{
		"no such folder":    {func() { a.Save(filepath.Join(dir, "none", "a")) }, fs.ErrNotExist},
		"nothing to save":   {func() { T{}.Save(filepath.Join(dir, "a")) }, torch.ErrFreed},
		"type without form": {func() { a.CastTo(torch.ComplexDouble).Save(filepath.Join(dir, "a")) }, torch.ErrDType},
		"no such file":      {func() { torch.Load(filepath.Join(dir, "none")) }, fs.ErrNotExist},
		"another file":      {func() { torch.Load(write("text", []byte("not a tensor, by far"))) }, safetensors.ErrFormat},
		"a pickle":          {func() { torch.Load(write("pickle", []byte("PK\x03\x04 and so on, as torch.save writes"))) }, safetensors.ErrFormat},
		"two tensors":       {func() { torch.Load(two) }, safetensors.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			if err := torch.Try(tc.f); !errors.Is(err, tc.want) || !errors.Is(err, torch.ErrTorch) {
				t.Errorf("got error %v, want %v", err, tc.want)
			}
		})
	}
	if _, err := (T{}).GobEncode(); !errors.Is(err, torch.ErrFreed) {
		t.Errorf("encoding nothing: got error %v, want %v", err, torch.ErrFreed)
	}
	var none T
	twoBytes, err := os.ReadFile(two)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"nothing": nil, "garbage": []byte("0123456789"), "two tensors": twoBytes} {
		if err := none.GobDecode(data); !errors.Is(err, safetensors.ErrFormat) {
			t.Errorf("decoding %s: got error %v, want %v", name, err, safetensors.ErrFormat)
		}
	}
	var unsupported bytes.Buffer
	odd := []safetensors.Tensor{{Name: "tensor", DType: safetensors.U64, Shape: []int64{1}, Data: make([]byte, 8)}}
	if err := safetensors.Write(&unsupported, odd, nil); err != nil {
		t.Fatal(err)
	}
	if err := none.GobDecode(unsupported.Bytes()); !errors.Is(err, torch.ErrDType) {
		t.Errorf("decoding uint64: got error %v, want %v", err, torch.ErrDType)
	}
}
