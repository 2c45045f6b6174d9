package gotorch

import (
	"fmt"
	"runtime"

	"github.com/wangkuiyi/gotorch/libtorch"
)

// Backward adds the gradients of a, of one element, to the leaves that it was computed from.
func (a Tensor) Backward() { Check(libtorch.Backward(a.T, nil, false)) }

// BackwardWith is Backward for an a of any shape: grad, of a's shape, weighs its elements.
func (a Tensor) BackwardWith(grad Tensor) { Check(libtorch.Backward(a.T, grad.T, false)) }

// BackwardRetain is Backward that keeps the graph, for another Backward through it.
func (a Tensor) BackwardRetain() { Check(libtorch.Backward(a.T, nil, true)) }

// Gradients are those of a, of one element, with respect to inputs, a nil tensor where a does not depend on one. What
// Backward has gathered is not touched. With createGraph they can be differentiated again, for a penalty on gradients.
func (a Tensor) Gradients(inputs []Tensor, createGraph bool) []Tensor {
	hs, err := libtorch.Gradients(a.T, handles(inputs), createGraph)
	Check(err)
	grads := make([]Tensor, len(hs))
	for i, h := range hs {
		grads[i] = Tensor{h}
	}
	return grads
}

// Grad is what Backward has added to a, a nil tensor if nothing. It shares memory with the gradient and is in a's scope.
func (a Tensor) Grad() Tensor { return Must(libtorch.Grad(a.T)) }

// SetRequiresGrad makes a a leaf that gathers gradients, or not, and returns a.
func (a Tensor) SetRequiresGrad(on bool) Tensor {
	Check(libtorch.SetRequiresGrad(a.T, on))
	return a
}

// ZeroGrads drops the gradients of params: the next Backward starts anew. Nil tensors are skipped.
func ZeroGrads(params []Tensor) { Check(libtorch.ZeroGrad(handles(params), false)) }

// SumGradients makes the gradient of each of params the sum of the tensors at its place in grads, each as long as params; nil
// tensors are skipped. So several threads may each compute Gradients of a part of a batch. What params had is dropped.
func SumGradients(params []Tensor, grads [][]Tensor) {
	terms := make([][]*libtorch.Handle, len(grads))
	for k, g := range grads {
		if len(g) != len(params) {
			fail("sum gradients", ErrShape, fmt.Sprintf("%d gradients, want one for each of %d parameters", len(g), len(params)))
		}
		terms[k] = handles(g)
	}
	Check(libtorch.SumGradients(handles(params), terms))
}

// locked runs f on one thread, because libtorch keeps modes by thread.
func locked(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f()
}

// NoGrad calls f without recording what it computes. Goroutines that f starts record as before.
func NoGrad(f func()) { withGrad(false, f) }

// EnableGrad calls f with recording, inside a NoGrad.
func EnableGrad(f func()) { withGrad(true, f) }

func withGrad(on bool, f func()) {
	locked(func() {
		was := libtorch.GradEnabled()
		libtorch.SetGradEnabled(on)
		defer libtorch.SetGradEnabled(was)
		f()
	})
}

// Autocast calls f with automatic mixed precision: matrix products and convolutions on device compute in dtype, usually
// BFloat16. Call Backward after it, not inside.
func Autocast(device Device, dtype int8, f func()) {
	locked(func() {
		wasOn, wasDType, err := libtorch.Autocast(device.T, true, dtype)
		Check(err)
		defer func() {
			libtorch.AutocastClear()
			_, _, err := libtorch.Autocast(device.T, wasOn, wasDType)
			Check(err)
		}()
		f()
	})
}

// ClipGradNorm scales the gradients of params so that their 2-norm together is at most maxNorm, and returns what it was
// before. The result is infinite or NaN if a gradient is. It waits for the device; ClipGradNormTensor does not.
func ClipGradNorm(params []Tensor, maxNorm float64) float64 {
	norm := ClipGradNormTensor(params, maxNorm)
	defer norm.Free()
	return norm.Float64()
}

// ClipGradNormTensor is ClipGradNorm whose result stays on the device. A maxNorm of 0 scales nothing.
func ClipGradNormTensor(params []Tensor, maxNorm float64) Tensor {
	return Must(libtorch.ClipGradNorm(handles(params), maxNorm))
}
