package libtorch

// #include "tensor.h"
// #cgo nocallback st_create
// #cgo noescape st_create
// #cgo nocallback st_from_data
// #cgo noescape st_from_data
// #cgo nocallback st_copy_out
// #cgo noescape st_copy_out
// #cgo nocallback st_copy_in
// #cgo noescape st_copy_in
// #cgo nocallback st_sizes
// #cgo noescape st_sizes
import "C"

import (
	"runtime"
	"unsafe"
)

// Device is where a tensor lives.
type Device struct {
	Type  int8 // CPU or CUDA
	Index int8 // of the CUDA device; -1 is the current one
}

// The device types.
const (
	CPU  int8 = 0
	CUDA int8 = 1
)

func (d Device) c() C.st_device { return C.st_device{C.int8_t(d.Type), C.int8_t(d.Index)} }

// Options say what a created tensor is like. DType is one of libtorch's numbers (gotorch.Float and so on).
type Options struct {
	DType        int8
	Device       Device
	RequiresGrad bool
}

func (o Options) c() C.st_options {
	return C.st_options{C.int8_t(o.DType), o.Device.c(), C.bool(o.RequiresGrad)}
}

// CreateOp is a way to fill a new tensor.
type CreateOp C.st_create_op

// The ways to fill a new tensor.
const (
	Empty CreateOp = C.ST_CREATE_EMPTY
	Full  CreateOp = C.ST_CREATE_FULL
	Rand  CreateOp = C.ST_CREATE_RAND
	RandN CreateOp = C.ST_CREATE_RANDN
)

// Create makes a tensor of the given sizes; value is that of Full.
func Create(op CreateOp, sizes []int64, value float64, o Options) (*Handle, error) {
	h := result()
	p, n := ints(sizes)
	return h.done("create", C.st_create(&h.p, C.st_create_op(op), p, n, C.double(value), o.c()))
}

// Eye makes a matrix with ones on its diagonal.
func Eye(rows, cols int64, o Options) (*Handle, error) {
	h := result()
	return h.done("eye", C.st_eye(&h.p, C.int64_t(rows), C.int64_t(cols), o.c()))
}

// Arange makes begin, begin+step, ... below end.
func Arange(begin, end, step float64, o Options) (*Handle, error) {
	h := result()
	return h.done("arange", C.st_arange(&h.p, C.double(begin), C.double(end), C.double(step), o.c()))
}

// Linspace makes steps evenly spaced values from begin to end.
func Linspace(begin, end float64, steps int64, o Options) (*Handle, error) {
	h := result()
	return h.done("linspace", C.st_linspace(&h.p, C.double(begin), C.double(end), C.int64_t(steps), o.c()))
}

// Logspace makes base to the power of steps evenly spaced values from begin to end.
func Logspace(begin, end float64, steps int64, base float64, o Options) (*Handle, error) {
	h := result()
	return h.done("logspace",
		C.st_logspace(&h.p, C.double(begin), C.double(end), C.int64_t(steps), C.double(base), o.c()))
}

// Randint makes integers in [low, high).
func Randint(low, high int64, sizes []int64, o Options) (*Handle, error) {
	h := result()
	p, n := ints(sizes)
	return h.done("randint", C.st_randint(&h.p, C.int64_t(low), C.int64_t(high), p, n, o.c()))
}

// FromData copies the elements at data, of type o.DType, as many as sizes say.
func FromData(data unsafe.Pointer, sizes []int64, o Options) (*Handle, error) {
	h := result()
	p, n := ints(sizes)
	return h.done("from data", C.st_from_data(&h.p, data, p, n, o.c()))
}

// CopyOut copies the n elements of h, converted to dtype, to dst.
func CopyOut(h *Handle, dtype int8, dst unsafe.Pointer, n int) error {
	msg := C.st_copy_out(h.ptr(), C.int8_t(dtype), dst, C.int64_t(n))
	runtime.KeepAlive(h)
	return check("copy to host", msg)
}

// CopyIn copies n elements of type dtype at src into h; autograd does not see it.
func CopyIn(h *Handle, dtype int8, src unsafe.Pointer, n int) error {
	msg := C.st_copy_in(h.ptr(), C.int8_t(dtype), src, C.int64_t(n))
	runtime.KeepAlive(h)
	return check("copy from host", msg)
}

// DataPtrNoCopy is the address of the first element. It is valid until the last tensor with this storage is freed:
// the caller keeps h alive until its last use.
func DataPtrNoCopy(h *Handle) (unsafe.Pointer, error) {
	var p unsafe.Pointer
	msg := C.st_data_ptr(&p, h.ptr())
	runtime.KeepAlive(h)
	return p, check("data pointer", msg)
}

// Info describes a tensor.
type Info struct {
	Numel, Bytes, Dim int64
	DType             int8
	Device            Device
	Contiguous        bool
	RequiresGrad      bool
	Leaf              bool
}

// Describe tells what h is.
func Describe(h *Handle) (Info, error) {
	var i C.st_info
	msg := C.st_describe(h.ptr(), &i)
	runtime.KeepAlive(h)
	if msg != nil {
		return Info{}, check("describe", msg)
	}
	d := Device{int8(i.device._type), int8(i.device.index)}
	if d.Type == CPU {
		d.Index = 0 // libtorch says -1; there is one CPU, and the zero Device is it
	}
	return Info{
		Numel: int64(i.numel), Bytes: int64(i.nbytes), Dim: int64(i.dim),
		DType:      int8(i.dtype),
		Device:     d,
		Contiguous: bool(i.contiguous), RequiresGrad: bool(i.requires_grad), Leaf: bool(i.leaf),
	}, nil
}

// Sizes are the lengths of h's dimensions.
func Sizes(h *Handle) ([]int64, error) {
	var i C.st_info
	if msg := C.st_describe(h.ptr(), &i); msg != nil {
		return nil, check("shape", msg)
	}
	sizes := make([]int64, i.dim)
	if i.dim <= C.ST_INFO_SIZES {
		for d := range sizes {
			sizes[d] = int64(i.size[d])
		}
		runtime.KeepAlive(h)
		return sizes, nil
	}
	p, n := ints(sizes)
	msg := C.st_sizes(h.ptr(), p, n)
	runtime.KeepAlive(h)
	return sizes, check("shape", msg)
}

// String is libtorch's own text form of h.
func String(h *Handle) (string, error) {
	var s *C.char
	msg := C.st_string(&s, h.ptr())
	runtime.KeepAlive(h)
	if msg != nil {
		return "", check("string", msg)
	}
	return cstring(s), nil
}

// Item is the only element of h: an int64 for the integer types and bool, else a float64.
func Item(h *Handle) (i int64, d float64, isInt bool, err error) {
	var ci C.int64_t
	var cd C.double
	var cb C.bool
	msg := C.st_item(h.ptr(), &cb, &ci, &cd)
	runtime.KeepAlive(h)
	return int64(ci), float64(cd), bool(cb), check("item", msg)
}

// To moves h to a device and a type. Without copy the result may be h's own data.
func To(h *Handle, d Device, dtype int8, nonBlocking, copy bool) (*Handle, error) {
	out := result(h)
	msg := C.st_to(&out.p, h.ptr(), d.c(), C.int8_t(dtype), C.bool(nonBlocking), C.bool(copy))
	runtime.KeepAlive(h)
	return out.done("to", msg)
}

// PinMemory copies h to page-locked memory.
func PinMemory(h *Handle) (*Handle, error) {
	out := result(h)
	msg := C.st_pin_memory(&out.p, h.ptr())
	runtime.KeepAlive(h)
	return out.done("pin memory", msg)
}

// SetData lets a share b's data and type.
func SetData(a, b *Handle) error {
	msg := C.st_set_data(a.ptr(), b.ptr())
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	return check("set data", msg)
}

// Message turns a message of the shim at p into an error and frees it.
func Message(p unsafe.Pointer) error { return check("gotorch", (*C.char)(p)) }
