package gotorch

import "github.com/wangkuiyi/gotorch/libtorch"

// ManualSeed seeds libtorch's default generators, of the CPU and of all CUDA devices.
func ManualSeed(seed int64) { Check(libtorch.ManualSeed(uint64(seed))) }

// RNGState copies the state of a device's default generator, bytes whose form is libtorch's own.
func RNGState(device Device) []byte {
	t := Must(libtorch.RNGState(device.T))
	defer t.Free()
	return t.Uint8s()
}

// SetRNGState makes a device's default generator continue where RNGState was taken. A state that is none is an error that
// wraps ErrTorch.
func SetRNGState(device Device, state []byte) error {
	return Try(func() {
		t := FromUint8(state)
		defer t.Free()
		Check(libtorch.SetRNGState(t.T, device.T))
	})
}
