package gotorch

import (
	"bytes"
	"errors"
	"fmt"
	"unsafe"

	"github.com/wangkuiyi/gotorch/libtorch"
	"github.com/wangkuiyi/gotorch/safetensors"
)

// soleName is the name of the only tensor in the file of Save and in the bytes of GobEncode.
const soleName = "tensor"

// Save writes a to a safetensors file, which appears at path whole or not at all. It panics with an *Error.
func (a Tensor) Save(path string) {
	if err := SaveTensors(path, map[string]Tensor{soleName: a}, nil); err != nil {
		panic(ioError("save", err))
	}
}

// Load reads the tensor of a file of Save, to the CPU. It panics with an *Error.
func Load(path string) Tensor {
	tensors, _, err := LoadTensors(path, LoadOptions{})
	if err != nil {
		panic(ioError("load", err))
	}
	t, ok := tensors[soleName]
	if !ok || len(tensors) != 1 {
		for _, t := range tensors {
			t.Free()
		}
		fail("load", safetensors.ErrFormat, fmt.Sprintf("%s: %d tensors, want one named %q", path, len(tensors), soleName))
	}
	return t
}

// ioError makes an *Error of any error, which stays visible to errors.Is.
func ioError(op string, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Op: op, Msg: err.Error(), Err: err}
}

// GobEncode writes a as a safetensors file of one tensor. Its gradient, device and scope are not kept.
func (a Tensor) GobEncode() ([]byte, error) {
	var buf bytes.Buffer
	err := Try(func() {
		if err := safetensors.Write(&buf, []safetensors.Tensor{encodeTensor(soleName, a)}, nil); err != nil {
			panic(ioError("gob encode", err))
		}
	})
	return buf.Bytes(), err
}

// GobDecode makes t the tensor, on the CPU, that GobEncode wrote.
func (t *Tensor) GobDecode(buf []byte) error {
	file, err := safetensors.Read(bytes.NewReader(buf), int64(len(buf)), safetensors.Limits{})
	if err != nil {
		return ioError("gob decode", err)
	}
	if len(file.Tensors) != 1 {
		return &Error{Op: "gob decode", Msg: fmt.Sprintf("%d tensors, want 1", len(file.Tensors)), Err: safetensors.ErrFormat}
	}
	s := file.Tensors[0]
	dtype, ok := fromFileType[s.DType]
	if !ok {
		return &Error{Op: "gob decode", Msg: fmt.Sprintf("dtype %s, which libtorch does not have here", s.DType), Err: ErrDType}
	}
	return Try(func() {
		*t = Must(libtorch.FromData(unsafe.Pointer(unsafe.SliceData(s.Data)), s.Shape, libtorch.Options{DType: dtype}))
	})
}
