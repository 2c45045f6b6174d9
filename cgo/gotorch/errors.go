package gotorch

import (
	"errors"
	"unsafe"

	"github.com/wangkuiyi/gotorch/libtorch"
)

// What an *Error wraps, besides ErrTorch, which each of them does.
var (
	// ErrTorch is wrapped by every *Error.
	ErrTorch = errors.New("gotorch")

	// ErrShape means that sizes, dimensions or indices do not fit together.
	ErrShape = errors.New("gotorch: shapes do not fit")

	// ErrDType means that an operation does not take elements of this type, or a Go slice has another one.
	ErrDType = errors.New("gotorch: wrong element type")

	// ErrDevice means that operands live on different devices, or a device's name is unknown.
	ErrDevice = errors.New("gotorch: wrong device")

	// ErrNoCUDA means that CUDA was asked for in a build or on a machine without it.
	ErrNoCUDA = errors.New("gotorch: no CUDA")

	// ErrOutOfMemory means that the memory of the host or of the device is exhausted.
	ErrOutOfMemory = errors.New("gotorch: out of memory")

	// ErrFreed means that a tensor is nil, was freed, or its scope was closed.
	ErrFreed = errors.New("gotorch: no tensor")

	// ErrState means that saved state does not fit the optimiser or generator that shall take it.
	ErrState = errors.New("gotorch: state does not fit")
)

// Error is what a failing operation panics with.
type Error struct {
	Op  string // the operation, as "matmul"
	Msg string // what is wrong
	Err error  // the sentinel, ErrTorch when none fits better; a syscall.Errno where the system refused
}

func (e *Error) Error() string { return e.Op + ": " + e.Msg }

// Unwrap gives the sentinel, and ErrTorch.
func (e *Error) Unwrap() []error {
	if e.Err == nil || e.Err == ErrTorch {
		return []error{ErrTorch}
	}
	return []error{e.Err, ErrTorch}
}

// Try calls f and returns the *Error that it panics with. Any other panic goes on.
func Try(f func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			err = r
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

var sentinels = map[libtorch.Kind]error{
	libtorch.KindTorch:  ErrTorch,
	libtorch.KindShape:  ErrShape,
	libtorch.KindType:   ErrDType,
	libtorch.KindDevice: ErrDevice,
	libtorch.KindMemory: ErrOutOfMemory,
	libtorch.KindNoCUDA: ErrNoCUDA,
	libtorch.KindHandle: ErrFreed,
}

// asError gives an error of the bridge its type here; one of Try has it.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	var e *libtorch.Error
	if errors.As(err, &e) {
		if e.Kind == libtorch.KindSystem {
			return &Error{Op: e.Op, Msg: e.Msg, Err: e.No}
		}
		return &Error{Op: e.Op, Msg: e.Msg, Err: sentinels[e.Kind]}
	}
	return &Error{Op: "gotorch", Msg: err.Error(), Err: ErrTorch}
}

// Check panics with an *Error if the bridge reports err. It is for packages that add operations to this one.
func Check(err error) {
	if err != nil {
		panic(asError(err))
	}
}

// Must wraps the result of the bridge, or panics with an *Error. It is for packages that add operations to this one.
func Must(h *libtorch.Handle, err error) Tensor {
	if err != nil {
		panic(asError(err))
	}
	return Tensor{h}
}

func fail(op string, sentinel error, msg string) {
	panic(&Error{Op: op, Msg: msg, Err: sentinel})
}

// MustNil panics with the message of the shim at err, if there is one. Programs have no use for it; it stays for those
// written for the old gotorch.
func MustNil(err unsafe.Pointer) { Check(libtorch.Message(err)) }
