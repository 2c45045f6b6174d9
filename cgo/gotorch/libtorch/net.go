package libtorch

// #include "tensor.h"
// #cgo noescape st_describe
// #cgo nocallback st_describe
import "C"

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// The net frees handles that have no pool and that the program dropped without Free. Go's collector does not see the
// memory of libtorch, so the net counts it: once it watches twice the bytes that were left after its last collection,
// and netSlack more, the next handle made collects first.
const netSlack = 128 << 20

// netPatience bounds how long a collection waits for the runtime to run the cleanups that it queued.
const netPatience = 20 * time.Millisecond

// sweepHandles and sweepBytes are what must have come under the net since its last collection for Sweep to collect.
const (
	sweepHandles = 512
	sweepBytes   = 16 << 20
)

var (
	netBytes   atomic.Int64 // of the watched handles; views count as if they were copies
	netLeft    atomic.Int64 // netBytes after the last collection
	netMade    atomic.Int64 // handles that came under the net since
	forgotten  atomic.Int64
	collecting sync.Mutex
)

// watch is what the net knows of a handle.
type watch struct {
	cleanup runtime.Cleanup
	bytes   int64
}

type catch struct {
	p     *C.st_tensor
	bytes int64
}

// arm puts h under the net.
func (h *Handle) arm() {
	bytes := h.bytes()
	h.watch = &watch{bytes: bytes}
	h.watch.cleanup = runtime.AddCleanup(h, func(c catch) {
		C.st_tensor_free(c.p)
		netBytes.Add(-c.bytes)
		forgotten.Add(1)
	}, catch{h.p, bytes})
	netMade.Add(1)
	if netBytes.Add(bytes) > 2*netLeft.Load()+netSlack {
		Collect(netPatience)
	}
}

// disarm takes h from under the net.
func (h *Handle) disarm() {
	if h.watch == nil {
		return
	}
	h.watch.cleanup.Stop()
	netBytes.Add(-h.watch.bytes)
	h.watch = nil
}

func (h *Handle) bytes() int64 {
	var info C.st_info
	if msg := C.st_describe(h.p, &info); msg != nil {
		C.st_free_message(msg)
		return 0
	}
	return int64(info.nbytes)
}

// Collect runs Go's collector and waits, for at most patience, until the dropped handles that it found are freed.
// While another goroutine collects it returns at once.
func Collect(patience time.Duration) {
	if !collecting.TryLock() {
		return
	}
	defer collecting.Unlock()
	done := make(chan struct{})
	// Cleanups run about in the order in which their objects were found; this one stands for the last of them.
	runtime.AddCleanup(&struct{ c chan struct{} }{done}, func(c chan struct{}) { close(c) }, done)
	runtime.GC()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-done:
	case <-timeout.C:
	}
	netLeft.Store(netBytes.Load())
	netMade.Store(0)
}

// Finish collects until two rounds have found nothing, or for about patience. One round is not enough: a cleanup may be
// late, or drop the last reference to another handle.
func Finish(patience time.Duration) {
	deadline := time.Now().Add(patience)
	for idle := 0; idle < 2 && time.Now().Before(deadline); {
		before := forgotten.Load()
		Collect(patience)
		if forgotten.Load() == before {
			idle++
		} else {
			idle = 0
		}
	}
}

// Sweep collects if enough handles came under the net for that to pay.
func Sweep(patience time.Duration) {
	if netMade.Load() >= sweepHandles || netBytes.Load()-netLeft.Load() >= sweepBytes {
		Collect(patience)
	}
}

// Forgotten is the number of handles that the net has freed.
func Forgotten() int64 { return forgotten.Load() }
