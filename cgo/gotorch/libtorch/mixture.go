package libtorch

// #include "mixture.h"
// #cgo nocallback st_mixture_bin_nll
// #cgo noescape st_mixture_bin_nll
import "C"

import "runtime"

// MixtureBinNLL is minus the log probability of each bin [lo, hi] [B] under a mixture of K normals [B, K].
func MixtureBinNLL(logits, mean, logSD, lo, hi *Handle) (*Handle, error) {
	out := result(logits, mean, logSD, lo, hi)
	msg := C.st_mixture_bin_nll(&out.p, logits.ptr(), mean.ptr(), logSD.ptr(), lo.ptr(), hi.ptr())
	for _, h := range []*Handle{logits, mean, logSD, lo, hi} {
		runtime.KeepAlive(h)
	}
	return out.done("mixture bin nll", msg)
}
