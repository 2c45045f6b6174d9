package gotorch

import "github.com/wangkuiyi/gotorch/libtorch"

// IsCUDAAvailable tells whether this build has CUDA and the machine a device for it.
func IsCUDAAvailable() bool { return libtorch.CUDAAvailable() }

// IsCUDNNAvailable tells whether the CUDA devices have cuDNN.
func IsCUDNNAvailable() bool { return libtorch.CUDNNAvailable() }

// AllowTF32 lets matrix products of float32 on CUDA devices round their operands to 10 bits (TF32), in the whole process: several
// times as fast. It returns what was.
func AllowTF32(on bool) (was bool) {
	was, err := libtorch.AllowTF32(on)
	Check(err)
	return was
}

// DeviceInfo describes a CUDA device.
type DeviceInfo struct {
	Device      Device
	Name        string
	TotalMemory int64 // bytes
	FreeMemory  int64 // bytes, by all processes
}

// CUDADevices lists the CUDA devices; there are none in a build without CUDA.
func CUDADevices() []DeviceInfo {
	infos := make([]DeviceInfo, libtorch.CUDACount())
	for i := range infos {
		name, total, free, err := libtorch.CUDADescribe(int8(i))
		Check(err)
		d := Device{libtorch.Device{Type: libtorch.CUDA, Index: int8(i)}}
		infos[i] = DeviceInfo{Device: d, Name: name, TotalMemory: total, FreeMemory: free}
	}
	return infos
}

// Synchronize waits for all work of a device. On the CPU there is none to wait for.
func (d Device) Synchronize() {
	if d.IsCUDA() {
		Check(libtorch.CUDASynchronize(d.T.Index))
	}
}

// CUDAMemory is what the tensors on a CUDA device take, and what libtorch holds for them and for later ones, in bytes.
func CUDAMemory(d Device) (allocated, reserved int64) {
	allocated, reserved, err := libtorch.CUDAMemory(d.T.Index)
	Check(err)
	return allocated, reserved
}

// CUDAEmptyCache gives memory that libtorch holds for later tensors back to the driver.
func CUDAEmptyCache() { Check(libtorch.CUDAEmptyCache()) }

// CUDAStream is a queue of work of a CUDA device.
type CUDAStream struct {
	P libtorch.Stream
}

// NewCUDAStream takes a stream of a device from libtorch's pool.
func NewCUDAStream(device Device) CUDAStream {
	s, err := libtorch.NewStream(device.T.Index, false)
	Check(err)
	return CUDAStream{s}
}

// GetCurrentCUDAStream is the stream that the work of the calling thread on a device goes to.
func GetCurrentCUDAStream(device Device) CUDAStream {
	s, err := libtorch.CurrentStream(device.T.Index)
	Check(err)
	return CUDAStream{s}
}

// SetCurrentCUDAStream makes stream current for the calling thread. A goroutine may change its thread, so lock it to one
// first; WithStream does both.
func SetCurrentCUDAStream(stream CUDAStream) { Check(libtorch.SetStream(stream.P)) }

// WithStream calls f with stream current for it.
func WithStream(stream CUDAStream, f func()) {
	locked(func() {
		was, err := libtorch.CurrentStream(stream.P.Index)
		Check(err)
		Check(libtorch.SetStream(stream.P))
		defer func() { Check(libtorch.SetStream(was)) }()
		f()
	})
}

// Query tells whether all work of s is done.
func (s CUDAStream) Query() bool {
	done, err := s.P.Query()
	Check(err)
	return done
}

// Synchronize waits for all work of s.
func (s CUDAStream) Synchronize() { Check(s.P.Synchronize()) }

// RecordStream keeps a's memory from being given out, after a is freed, before the work that s has now is done. A tensor
// used on another stream than the one it was made on needs it.
func (a Tensor) RecordStream(s CUDAStream) { Check(libtorch.RecordStream(a.T, s.P)) }

// CUDAEvent is a mark in a stream.
type CUDAEvent struct {
	E *libtorch.Event
}

// NewCUDAEvent makes an event; timing lets ElapsedMS read it.
func NewCUDAEvent(timing bool) CUDAEvent {
	e, err := libtorch.NewEvent(timing)
	Check(err)
	return CUDAEvent{e}
}

// Close frees e. Closing twice does nothing.
func (e CUDAEvent) Close() { e.E.Close() }

// Record puts e at the end of s.
func (e CUDAEvent) Record(s CUDAStream) { Check(e.E.Record(s.P)) }

// Wait makes later work of s wait for e.
func (e CUDAEvent) Wait(s CUDAStream) { Check(e.E.Wait(s.P)) }

// Query tells whether the work before e is done.
func (e CUDAEvent) Query() bool {
	done, err := e.E.Query()
	Check(err)
	return done
}

// Synchronize waits until the work before e is done.
func (e CUDAEvent) Synchronize() { Check(e.E.Synchronize()) }

// ElapsedMS is the time from e to later in milliseconds; both have passed.
func (e CUDAEvent) ElapsedMS(later CUDAEvent) float64 {
	ms, err := e.E.Elapsed(later.E)
	Check(err)
	return ms
}
