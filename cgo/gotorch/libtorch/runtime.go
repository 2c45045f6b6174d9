package libtorch

// #include "runtime.h"
import "C"

import "fmt"

// SetNumThreads sets the number of threads of one operation, whatever thread calls it.
func SetNumThreads(n int32) error { return check("set threads", C.st_set_num_threads(C.int32_t(n))) }

// SetNumThreadsHere sets the number of threads of one operation of the calling thread, 0 for that of SetNumThreads.
func SetNumThreadsHere(n int32) error {
	return check("set threads", C.st_set_num_threads_here(C.int32_t(n)))
}

// NumThreads is the number of threads of one operation of the calling thread.
func NumThreads() int32 { return int32(C.st_num_threads()) }

// SetDeterministic makes operations without a deterministic form fail instead of varying from run to run.
func SetDeterministic(on bool) error {
	return check("set deterministic", C.st_set_deterministic(C.bool(on)))
}

// Version is that of the libtorch that the shim was built with.
func Version() string { return C.GoString(C.st_torch_version()) }

// LoadedVersion is that of the libtorch that the process runs with.
func LoadedVersion() string {
	v := uint64(C.st_torch_loaded_version())
	return fmt.Sprintf("%d.%d.%d", v>>56, v>>48&0xff, v>>40&0xff)
}
