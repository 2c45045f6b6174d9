package libtorch

// #include "optim.h"
import "C"

import "runtime"

// OptimizerKind is the rule of an optimiser.
type OptimizerKind C.st_optimizer_kind

// The rules.
const (
	SGD   OptimizerKind = C.ST_OPTIMIZER_SGD
	Adam  OptimizerKind = C.ST_OPTIMIZER_ADAM
	AdamW OptimizerKind = C.ST_OPTIMIZER_ADAMW
)

// OptimizerOptions are the numbers of a rule; those of the other rules are not used.
type OptimizerOptions struct {
	Kind                OptimizerKind
	LR                  float64
	Beta1, Beta2, Eps   float64 // Adam, AdamW
	Momentum, Dampening float64 // SGD
	Nesterov            bool    // SGD
}

// Optimizer keeps references of its own to the parameters, and their state. Close frees it; what the program forgets,
// the collector frees.
type Optimizer struct {
	p       *C.st_optimizer
	cleanup runtime.Cleanup
}

// NewOptimizer makes an optimiser without parameters.
func NewOptimizer(o OptimizerOptions) (*Optimizer, error) {
	c := C.st_optimizer_options{
		kind: C.st_optimizer_kind(o.Kind), lr: C.double(o.LR), beta1: C.double(o.Beta1), beta2: C.double(o.Beta2),
		eps: C.double(o.Eps), momentum: C.double(o.Momentum), dampening: C.double(o.Dampening),
		nesterov: C.bool(o.Nesterov),
	}
	opt := &Optimizer{}
	if err := check("optimizer", C.st_optimizer_new(&opt.p, &c)); err != nil {
		return nil, err
	}
	opt.cleanup = runtime.AddCleanup(opt, func(p *C.st_optimizer) { C.st_optimizer_free(p) }, opt.p)
	return opt, nil
}

func (o *Optimizer) ptr() *C.st_optimizer {
	if o == nil {
		return nil
	}
	return o.p
}

// Close frees o; closing twice does nothing.
func (o *Optimizer) Close() {
	if o.ptr() == nil {
		return
	}
	o.cleanup.Stop()
	C.st_optimizer_free(o.p)
	o.p = nil
}

// Add gives o more parameters.
func (o *Optimizer) Add(hs []*Handle, weightDecay float64) error {
	ps := pointers(hs)
	msg := C.st_optimizer_add(o.ptr(), first(ps), C.int64_t(len(ps)), C.double(weightDecay))
	runtime.KeepAlive(hs)
	runtime.KeepAlive(o)
	return check("add parameters", msg)
}

// Step changes the parameters that have a gradient.
func (o *Optimizer) Step() error {
	msg := C.st_optimizer_step(o.ptr())
	runtime.KeepAlive(o)
	return check("optimizer step", msg)
}

// ZeroGrad drops the gradients of the parameters.
func (o *Optimizer) ZeroGrad() error {
	msg := C.st_optimizer_zero_grad(o.ptr())
	runtime.KeepAlive(o)
	return check("zero grad", msg)
}

// SetLR sets the learning rate of the next steps.
func (o *Optimizer) SetLR(lr float64) error {
	msg := C.st_optimizer_set_lr(o.ptr(), C.double(lr))
	runtime.KeepAlive(o)
	return check("set learning rate", msg)
}

// LR is the learning rate.
func (o *Optimizer) LR() (float64, error) {
	var lr C.double
	msg := C.st_optimizer_lr(o.ptr(), &lr)
	runtime.KeepAlive(o)
	return float64(lr), check("learning rate", msg)
}

// LerpAll moves each mean a share of the way to the value beside it.
func LerpAll(means, values []*Handle, share float64) error {
	ms, vs := pointers(means), pointers(values)
	msg := C.st_lerp_all(first(ms), first(vs), C.int64_t(len(ms)), C.double(share))
	runtime.KeepAlive(means)
	runtime.KeepAlive(values)
	return check("average", msg)
}

// Count is the number of parameters, and of state tensors that each has.
func (o *Optimizer) Count() (parameters, slots int64, err error) {
	var n, s C.int64_t
	msg := C.st_optimizer_count(o.ptr(), &n, &s)
	runtime.KeepAlive(o)
	return int64(n), int64(s), check("optimizer", msg)
}

// State copies a state tensor of parameter i, nil where it has none yet.
func (o *Optimizer) State(slot, i int64) (*Handle, error) {
	out := result()
	msg := C.st_optimizer_state(o.ptr(), C.int64_t(slot), C.int64_t(i), &out.p)
	runtime.KeepAlive(o)
	if msg == nil && out.p == nil {
		return nil, nil
	}
	return out.done("optimizer state", msg)
}

// SetState copies h to a state tensor of parameter i; nil drops it.
func (o *Optimizer) SetState(slot, i int64, h *Handle) error {
	msg := C.st_optimizer_set_state(o.ptr(), C.int64_t(slot), C.int64_t(i), h.ptr())
	runtime.KeepAlive(o)
	runtime.KeepAlive(h)
	return check("optimizer state", msg)
}

// Steps are the number of steps that each parameter took.
func (o *Optimizer) Steps() ([]float64, error) {
	n, _, err := o.Count()
	if err != nil {
		return nil, err
	}
	steps := make([]float64, n)
	msg := C.st_optimizer_steps(o.ptr(), (*C.double)(first(steps)), C.int64_t(n))
	runtime.KeepAlive(o)
	return steps, check("optimizer state", msg)
}

// SetSteps sets the number of steps that each of the first parameters took.
func (o *Optimizer) SetSteps(steps []float64) error {
	msg := C.st_optimizer_set_steps(o.ptr(), (*C.double)(first(steps)), C.int64_t(len(steps)))
	runtime.KeepAlive(o)
	return check("optimizer state", msg)
}

// ParameterSizes are the lengths of parameter i's dimensions.
func (o *Optimizer) ParameterSizes(i int64) ([]int64, error) {
	out := result()
	msg := C.st_optimizer_parameter(o.ptr(), C.int64_t(i), &out.p)
	runtime.KeepAlive(o)
	h, err := out.done("optimizer", msg)
	if err != nil {
		return nil, err
	}
	defer h.Free()
	return Sizes(h)
}
