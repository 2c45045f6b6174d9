package libtorch

// #include "streams.h"
import "C"

import "runtime"

// CUDAAvailable tells whether this build has CUDA and the machine a device for it.
func CUDAAvailable() bool { return bool(C.st_cuda_available()) }

// CUDNNAvailable tells whether the CUDA devices have cuDNN.
func CUDNNAvailable() bool { return bool(C.st_cudnn_available()) }

// CUDACount is the number of CUDA devices, 0 without CUDA.
func CUDACount() int { return int(C.st_cuda_count()) }

// CUDADescribe gives the name and the memory of a CUDA device, in bytes.
func CUDADescribe(index int8) (name string, total, free int64, err error) {
	var s *C.char
	var t, f C.int64_t
	if err := check("cuda device", C.st_cuda_describe(C.int8_t(index), &s, &t, &f)); err != nil {
		return "", 0, 0, err
	}
	return cstring(s), int64(t), int64(f), nil
}

// CUDASynchronize waits for all work of a CUDA device; -1 is the thread's current one.
func CUDASynchronize(index int8) error {
	return check("cuda synchronize", C.st_cuda_synchronize(C.int8_t(index)))
}

// CUDAMemory is what the caching allocator of a CUDA device has given out, and holds, in bytes.
func CUDAMemory(index int8) (allocated, reserved int64, err error) {
	var a, r C.int64_t
	msg := C.st_cuda_memory(C.int8_t(index), &a, &r)
	return int64(a), int64(r), check("cuda memory", msg)
}

// CUDAEmptyCache gives unused memory of the caching allocator back to the driver.
func CUDAEmptyCache() error { return check("cuda empty cache", C.st_cuda_empty_cache()) }

// Stream is a queue of work of a CUDA device.
type Stream struct {
	ID    int64 // libtorch's number
	Index int8  // of the device
}

func (s Stream) c() C.st_stream { return C.st_stream{id: C.int64_t(s.ID), index: C.int8_t(s.Index)} }

func stream(s C.st_stream) Stream { return Stream{int64(s.id), int8(s.index)} }

// NewStream takes a stream from libtorch's pool.
func NewStream(index int8, highPriority bool) (Stream, error) {
	var s C.st_stream
	msg := C.st_stream_new(&s, C.int8_t(index), C.bool(highPriority))
	return stream(s), check("cuda stream", msg)
}

// CurrentStream is the stream that the calling thread's work on a device goes to.
func CurrentStream(index int8) (Stream, error) {
	var s C.st_stream
	msg := C.st_stream_current(&s, C.int8_t(index))
	return stream(s), check("cuda stream", msg)
}

// SetStream makes s current for the calling thread. The caller has locked its goroutine to the thread.
func SetStream(s Stream) error { return check("cuda stream", C.st_stream_set(s.c())) }

// Query tells whether all work of s is done.
func (s Stream) Query() (bool, error) {
	var done C.bool
	msg := C.st_stream_query(s.c(), &done)
	return bool(done), check("cuda stream", msg)
}

// Synchronize waits for all work of s.
func (s Stream) Synchronize() error { return check("cuda stream", C.st_stream_synchronize(s.c())) }

// RecordStream keeps h's memory from being given out before the work that s has now is done.
func RecordStream(h *Handle, s Stream) error {
	msg := C.st_record_stream(h.ptr(), s.c())
	runtime.KeepAlive(h)
	return check("record stream", msg)
}

// Event is a mark in a stream.
type Event struct {
	p       *C.st_event
	cleanup runtime.Cleanup
}

// NewEvent makes an event; timing lets Elapsed read it.
func NewEvent(timing bool) (*Event, error) {
	e := &Event{}
	if err := check("cuda event", C.st_event_new(&e.p, C.bool(timing))); err != nil {
		return nil, err
	}
	e.cleanup = runtime.AddCleanup(e, func(p *C.st_event) { C.st_event_free(p) }, e.p)
	return e, nil
}

func (e *Event) ptr() *C.st_event {
	if e == nil {
		return nil
	}
	return e.p
}

// Close frees e; closing twice does nothing.
func (e *Event) Close() {
	if e.ptr() != nil {
		e.cleanup.Stop()
		C.st_event_free(e.p)
		e.p = nil
	}
}

// Record puts e at the end of s.
func (e *Event) Record(s Stream) error {
	msg := C.st_event_record(e.ptr(), s.c())
	runtime.KeepAlive(e)
	return check("cuda event", msg)
}

// Wait makes later work of s wait for e.
func (e *Event) Wait(s Stream) error {
	msg := C.st_event_wait(e.ptr(), s.c())
	runtime.KeepAlive(e)
	return check("cuda event", msg)
}

// Query tells whether the work before e is done.
func (e *Event) Query() (bool, error) {
	var done C.bool
	msg := C.st_event_query(e.ptr(), &done)
	runtime.KeepAlive(e)
	return bool(done), check("cuda event", msg)
}

// Synchronize waits until the work before e is done.
func (e *Event) Synchronize() error {
	msg := C.st_event_synchronize(e.ptr())
	runtime.KeepAlive(e)
	return check("cuda event", msg)
}

// Elapsed is the time from e to later, in milliseconds.
func (e *Event) Elapsed(later *Event) (float64, error) {
	var ms C.double
	msg := C.st_event_elapsed_ms(e.ptr(), later.ptr(), &ms)
	runtime.KeepAlive(e)
	runtime.KeepAlive(later)
	return float64(ms), check("cuda event", msg)
}

// Graph is recorded work of a stream.
type Graph struct {
	p       *C.st_graph
	cleanup runtime.Cleanup
}

// NewGraph makes an empty graph.
func NewGraph() (*Graph, error) {
	g := &Graph{}
	if err := check("cuda graph", C.st_graph_new(&g.p)); err != nil {
		return nil, err
	}
	g.cleanup = runtime.AddCleanup(g, func(p *C.st_graph) { C.st_graph_free(p) }, g.p)
	return g, nil
}

func (g *Graph) ptr() *C.st_graph {
	if g == nil {
		return nil
	}
	return g.p
}

// Close frees g and the memory that its work uses; closing twice does nothing.
func (g *Graph) Close() {
	if g.ptr() != nil {
		g.cleanup.Stop()
		C.st_graph_free(g.p)
		g.p = nil
	}
}

// Begin starts recording the calling thread's current stream. The caller has locked its goroutine to the thread.
func (g *Graph) Begin() error {
	msg := C.st_graph_begin(g.ptr())
	runtime.KeepAlive(g)
	return check("cuda graph begin", msg)
}

// End ends the recording.
func (g *Graph) End() error {
	msg := C.st_graph_end(g.ptr())
	runtime.KeepAlive(g)
	return check("cuda graph end", msg)
}

// Replay queues the recorded work once more.
func (g *Graph) Replay() error {
	msg := C.st_graph_replay(g.ptr())
	runtime.KeepAlive(g)
	return check("cuda graph replay", msg)
}
