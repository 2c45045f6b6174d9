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

// RNG is a random generator on the CPU beside libtorch's own, for one thread at a time: what threads draw side by side does not
// depend on which of them comes first.
type RNG struct{ g *libtorch.RNG }

// NewRNG makes a generator. The caller frees it.
func NewRNG() *RNG {
	g, err := libtorch.NewRNG()
	Check(err)
	return &RNG{g}
}

// Seed makes what g draws next depend on seed alone.
func (g *RNG) Seed(seed uint64) { Check(g.g.Seed(seed)) }

// Free frees g. Freeing it twice does nothing.
func (g *RNG) Free() { g.g.Free() }

// handle is g as the bridge knows it, nil for nil.
func (g *RNG) handle() *libtorch.RNG {
	if g == nil {
		return nil
	}
	return g.g
}
