package libtorch

// #include "runtime.h"
import "C"

// SetNumThreads sets the number of threads of one operation, whatever thread calls it.
func SetNumThreads(n int32) error { return check("set threads", C.st_set_num_threads(C.int32_t(n))) }

// NumThreads is the number of threads of one operation.
func NumThreads() int32 { return int32(C.st_num_threads()) }

// SetDeterministic makes operations without a deterministic form fail instead of varying from run to run.
func SetDeterministic(on bool) error {
	return check("set deterministic", C.st_set_deterministic(C.bool(on)))
}

// Version is libtorch's.
func Version() string { return C.GoString(C.st_torch_version()) }
