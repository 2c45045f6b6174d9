package libtorch

// #include "base.h"
import "C"

import (
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// Kind says what an error is about. The values are those of shim/base.h.
type Kind byte

// The kinds of errors.
const (
	KindTorch  Kind = C.ST_KIND_TORCH
	KindShape  Kind = C.ST_KIND_SHAPE
	KindType   Kind = C.ST_KIND_TYPE
	KindDevice Kind = C.ST_KIND_DEVICE
	KindMemory Kind = C.ST_KIND_MEMORY
	KindNoCUDA Kind = C.ST_KIND_NOCUDA
	KindHandle Kind = C.ST_KIND_HANDLE
	KindSystem Kind = C.ST_KIND_SYSTEM
)

// Error is a message of the shim: the operation that failed, and libtorch's text without its stack trace.
type Error struct {
	Op   string
	Kind Kind
	Msg  string
	No   syscall.Errno // of KindSystem
}

func (e *Error) Error() string { return e.Op + ": " + e.Msg }

// check turns a message of the shim into an error and frees it; nil stands for success.
func check(op string, msg *C.char) error {
	if msg == nil {
		return nil
	}
	text := C.GoString(msg)
	C.st_free_message(msg)
	e := &Error{Op: op, Kind: Kind(text[0]), Msg: text[1:]}
	if e.Kind == KindSystem {
		number, rest, _ := strings.Cut(e.Msg, " ")
		no, _ := strconv.Atoi(number) // the shim wrote it
		e.No, e.Msg = syscall.Errno(no), rest
	}
	return e
}

// cstring reads a text that the shim made, and frees it.
func cstring(s *C.char) string {
	defer C.st_free_message(s)
	return C.GoString(s)
}

// first is the address of s[0], nil for an empty slice. C reads it during the call only.
func first[T any](s []T) *T { return unsafe.SliceData(s) }

func ints(s []int64) (*C.int64_t, C.int64_t) {
	return (*C.int64_t)(unsafe.SliceData(s)), C.int64_t(len(s))
}
