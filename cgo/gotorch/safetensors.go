package gotorch

import (
	le "encoding/binary"
	"fmt"
	"maps"
	"slices"
	"unsafe"

	"github.com/wangkuiyi/gotorch/libtorch"
	"github.com/wangkuiyi/gotorch/safetensors"
)

var toFileType = map[int8]safetensors.DType{
	Bool: safetensors.Bool, Byte: safetensors.U8, Char: safetensors.I8, Short: safetensors.I16, Int: safetensors.I32,
	Long: safetensors.I64, Half: safetensors.F16, BFloat16: safetensors.BF16, Float: safetensors.F32,
	Double: safetensors.F64, ComplexFloat: safetensors.C64,
}

var fromFileType = func() map[safetensors.DType]int8 {
	inverse := map[safetensors.DType]int8{}
	for dtype, name := range toFileType {
		inverse[name] = dtype
	}
	return inverse
}()

// SaveTensors writes tensors and metadata, which may be nil, to a safetensors file that appears at path whole or not at
// all. Equal contents give equal bytes. Tensors on other devices are copied to the host first.
func SaveTensors(path string, tensors map[string]Tensor, metadata map[string]string) error {
	list := make([]safetensors.Tensor, 0, len(tensors))
	err := Try(func() {
		for _, name := range slices.Sorted(maps.Keys(tensors)) {
			list = append(list, encodeTensor(name, tensors[name]))
		}
	})
	if err != nil {
		return fmt.Errorf("save: %s: %w", path, err)
	}
	return safetensors.WriteFile(path, list, metadata)
}

func encodeTensor(name string, t Tensor) safetensors.Tensor {
	dtype := t.Dtype()
	kind, ok := toFileType[dtype]
	if !ok {
		fail("save", ErrDType, fmt.Sprintf("tensor %q is of type %s, which safetensors files do not have", name, DTypeName(dtype)))
	}
	numel := t.Numel()
	data := make([]byte, numel*kind.Size())
	Check(libtorch.CopyOut(t.T, dtype, unsafe.Pointer(unsafe.SliceData(data)), int(numel)))
	return safetensors.Tensor{Name: name, DType: kind, Shape: t.Shape(), Data: data}
}

// LoadOptions are what LoadTensors demands of a file besides being well formed.
type LoadOptions struct {
	Finite bool               // refuse NaN and infinities
	Limits safetensors.Limits // of size
}

// LoadTensors reads all tensors, to the CPU, and the metadata of a safetensors file. What breaks the format gives an error
// that wraps safetensors.ErrFormat and names path and tensor; nothing is returned then.
func LoadTensors(path string, o LoadOptions) (tensors map[string]Tensor, metadata map[string]string, err error) {
	file, err := safetensors.ReadFile(path, o.Limits)
	if err != nil {
		return nil, nil, err
	}
	refuse := func(name, format string, args ...any) error {
		return &safetensors.FormatError{Path: path, Tensor: name, Problem: fmt.Sprintf(format, args...)}
	}
	for _, t := range file.Tensors {
		if _, ok := fromFileType[t.DType]; !ok {
			return nil, nil, refuse(t.Name, "dtype %s, which libtorch does not have here", t.DType)
		}
		if i := slices.IndexFunc(t.Data, func(b byte) bool { return b > 1 }); t.DType == safetensors.Bool && i >= 0 {
			return nil, nil, refuse(t.Name, "element %d of %v is %d, want 0 or 1", i, t.Shape, t.Data[i])
		}
		if o.Finite {
			if i := firstNotFinite(t); i >= 0 {
				return nil, nil, refuse(t.Name, "element %d of %v is NaN or infinite", i, t.Shape)
			}
		}
	}
	tensors = make(map[string]Tensor, len(file.Tensors))
	err = Try(func() {
		for _, t := range file.Tensors {
			o := libtorch.Options{DType: fromFileType[t.DType]}
			tensors[t.Name] = Must(libtorch.FromData(unsafe.Pointer(unsafe.SliceData(t.Data)), t.Shape, o))
		}
	})
	if err != nil {
		for _, t := range tensors {
			t.Free()
		}
		return nil, nil, fmt.Errorf("load: %s: %w", path, err)
	}
	return tensors, file.Metadata, nil
}

// firstNotFinite returns the index of the first element of t that is NaN or infinite, -1 if there is none.
func firstNotFinite(t safetensors.Tensor) int {
	size := int(t.DType.Size())
	var exponent uint64 // the bits of the exponent: NaN and infinity alone have all of them set
	switch t.DType {
	case safetensors.F16:
		exponent = 0x7c00
	case safetensors.BF16:
		exponent = 0x7f80
	case safetensors.F32:
		exponent = 0x7f80_0000
	case safetensors.C64: // two numbers an element
		size, exponent = 4, 0x7f80_0000
	case safetensors.F64:
		exponent = 0x7ff0_0000_0000_0000
	default:
		return -1
	}
	var buf [8]byte
	for i := 0; i < len(t.Data); i += size {
		copy(buf[:], t.Data[i:i+size])
		if le.LittleEndian.Uint64(buf[:])&exponent == exponent {
			return i / int(t.DType.Size())
		}
	}
	return -1
}
