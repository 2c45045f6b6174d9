package libtorch

// #include "random.h"
import "C"

import "runtime"

// RNGState is the state of a device's default generator, a CPU tensor of bytes.
func RNGState(d Device) (*Handle, error) {
	out := result()
	return out.done("generator state", C.st_rng_state(&out.p, d.c()))
}

// SetRNGState makes a device's default generator continue from state.
func SetRNGState(state *Handle, d Device) error {
	msg := C.st_set_rng_state(state.ptr(), d.c())
	runtime.KeepAlive(state)
	return check("generator state", msg)
}

// RNG is a random generator on the CPU, for one thread at a time.
type RNG struct{ p *C.st_rng }

// NewRNG makes a generator. The caller frees it.
func NewRNG() (*RNG, error) {
	g := &RNG{}
	return g, check("generator", C.st_rng_new(&g.p))
}

// Seed makes what g draws next depend on seed alone.
func (g *RNG) Seed(seed uint64) error { return check("seed", C.st_rng_seed(g.p, C.uint64_t(seed))) }

// Free frees g. Freeing it twice does nothing.
func (g *RNG) Free() {
	C.st_rng_free(g.p)
	g.p = nil
}

// Dropout zeroes an element with probability p, drawn from g or, if that is nil, from the default generator, and divides the
// others by 1-p; the identity when not training.
func Dropout(a *Handle, p float64, training bool, g *RNG) (*Handle, error) {
	out := result(a)
	var rng *C.st_rng
	if g != nil {
		rng = g.p
	}
	msg := C.st_dropout(&out.p, a.ptr(), C.double(p), C.bool(training), rng)
	runtime.KeepAlive(a)
	runtime.KeepAlive(g)
	return out.done("dropout", msg)
}
