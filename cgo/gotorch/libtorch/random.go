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
