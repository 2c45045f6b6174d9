package gotorch

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/wangkuiyi/gotorch/libtorch"
)

// Optimizer changes parameters by their gradients. It is a small value; copies refer to the same optimiser.
// Close frees it and its state; a use afterwards panics with ErrFreed.
type Optimizer struct {
	Opt *libtorch.Optimizer

	weightDecay float64 // of AddParameters
}

func newOptimizer(o libtorch.OptimizerOptions, weightDecay float64) Optimizer {
	opt, err := libtorch.NewOptimizer(o)
	Check(err)
	return Optimizer{opt, weightDecay}
}

// SGD is stochastic gradient descent with momentum; weightDecay times the parameter is added to its gradient.
func SGD(lr, momentum, dampening, weightDecay float64, nesterov bool) Optimizer {
	return newOptimizer(libtorch.OptimizerOptions{
		Kind: libtorch.SGD, LR: lr, Momentum: momentum, Dampening: dampening, Nesterov: nesterov,
	}, weightDecay)
}

// Adam is Adam with eps 1e-8; weightDecay times the parameter is added to its gradient.
func Adam(lr, beta1, beta2, weightDecay float64) Optimizer {
	return newOptimizer(libtorch.OptimizerOptions{
		Kind: libtorch.Adam, LR: lr, Beta1: beta1, Beta2: beta2, Eps: 1e-8,
	}, weightDecay)
}

// AdamW is Adam with decoupled weight decay: a step first multiplies a parameter by 1 - lr*weightDecay.
func AdamW(lr, beta1, beta2, eps, weightDecay float64) Optimizer {
	return newOptimizer(libtorch.OptimizerOptions{
		Kind: libtorch.AdamW, LR: lr, Beta1: beta1, Beta2: beta2, Eps: eps,
	}, weightDecay)
}

// AddParameters gives the optimiser more parameters, with its weight decay. They must be row-major in memory.
func (opt Optimizer) AddParameters(tensors []Tensor) { opt.AddGroup(tensors, opt.weightDecay) }

// AddGroup is AddParameters with a weight decay of its own, such as 0 for biases.
func (opt Optimizer) AddGroup(tensors []Tensor, weightDecay float64) {
	Check(opt.Opt.Add(handles(tensors), weightDecay))
}

// ZeroGrad drops the gradients of the parameters.
func (opt Optimizer) ZeroGrad() { Check(opt.Opt.ZeroGrad()) }

// Step changes the parameters that have a gradient.
func (opt Optimizer) Step() { Check(opt.Opt.Step()) }

// SetLR sets the learning rate of the next steps.
func (opt Optimizer) SetLR(lr float64) { Check(opt.Opt.SetLR(lr)) }

// LR is the learning rate.
func (opt Optimizer) LR() float64 {
	lr, err := opt.Opt.LR()
	Check(err)
	return lr
}

// Close frees the optimiser. Closing twice does nothing.
func (opt Optimizer) Close() { opt.Opt.Close() }

// stepName is the tensor of State that holds the number of steps of each parameter.
const stepName = "step"

// slotNames are the state tensors of a parameter.
func (opt Optimizer) slotNames() (names []string, parameters int64) {
	n, slots, err := opt.Opt.Count()
	Check(err)
	switch slots {
	case 0:
		return nil, n
	case 1:
		return []string{"momentum"}, n
	}
	return []string{"exp_avg", "exp_avg_sq"}, n
}

// State copies what the optimiser remembers, for a checkpoint; the caller owns the tensors. N counts the parameters in the
// order in which they were added; one that has not had a gradient yet has no tensors but its step.
//
//	step                      [parameters] float64  steps taken
//	momentum.N                the parameter's shape; SGD with momentum
//	exp_avg.N, exp_avg_sq.N   the parameter's shape; Adam and AdamW
func (opt Optimizer) State() map[string]Tensor {
	names, n := opt.slotNames()
	steps, err := opt.Opt.Steps()
	Check(err)
	state := map[string]Tensor{stepName: FromFloat64(steps)}
	for slot, name := range names {
		for i := range n {
			h, err := opt.Opt.State(int64(slot), i)
			Check(err)
			if h != nil {
				state[fmt.Sprintf("%s.%d", name, i)] = Tensor{h}
			}
		}
	}
	return state
}

// LoadState makes the optimiser, which has its parameters already, continue where State was taken. The tensors are copied.
// An error, which wraps ErrState, leaves it as it was.
func (opt Optimizer) LoadState(state map[string]Tensor) error {
	var plan []slotState
	var steps []float64
	err := Try(func() { plan, steps = opt.checkState(state) })
	if err != nil {
		return err
	}
	return Try(func() {
		for _, p := range plan {
			Check(opt.Opt.SetState(p.slot, p.parameter, p.value.T))
		}
		Check(opt.Opt.SetSteps(steps))
	})
}

type slotState struct {
	slot, parameter int64
	value           Tensor // nil: none
}

func (opt Optimizer) checkState(state map[string]Tensor) (plan []slotState, steps []float64) {
	const op = "optimizer state"
	names, n := opt.slotNames()
	st, ok := state[stepName]
	if !ok {
		fail(op, ErrState, `"step" is missing`)
	}
	if steps = st.Float64s(); int64(len(steps)) != n {
		fail(op, ErrState, fmt.Sprintf("%d parameters, want %d", len(steps), n))
	}
	for i, s := range steps {
		if s < 0 || s != math.Trunc(s) {
			fail(op, ErrState, fmt.Sprintf("step %g of parameter %d, want a whole number", s, i))
		}
	}
	known := map[string]bool{stepName: true}
	for slot, name := range names {
		for i := range n {
			key := fmt.Sprintf("%s.%d", name, i)
			value, ok := state[key]
			if !ok && steps[i] > 0 {
				fail(op, ErrState, fmt.Sprintf("%q is missing", key))
			}
			if ok {
				known[key] = true
				opt.checkShape(key, i, value)
			}
			plan = append(plan, slotState{int64(slot), i, value})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(state)) {
		if !known[key] {
			fail(op, ErrState, fmt.Sprintf("%q belongs to no parameter", key))
		}
	}
	return plan, steps
}

func (opt Optimizer) checkShape(key string, parameter int64, value Tensor) {
	want, err := opt.Opt.ParameterSizes(parameter)
	Check(err)
	if got := value.Shape(); !slices.Equal(got, want) {
		fail("optimizer state", ErrState, fmt.Sprintf("%q has shape %v, want %v", key, got, want))
	}
}
