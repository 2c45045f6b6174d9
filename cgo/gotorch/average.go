package gotorch

import "github.com/wangkuiyi/gotorch/libtorch"

// Average is the mean of parameters over their last steps (Shamir and Zhang, Stochastic gradient descent for non-smooth
// optimization, ICML 2013: polynomial-decay averaging). After n steps the k-th counts in proportion to (k/n)^averagePower,
// so that the mean covers about the last ninth of the steps, however many there are: what a single step changes by chance
// goes out of it, and what was learned is in it at once.
type Average struct {
	parameters, mean []Tensor
}

const averagePower = 8

// NewAverage begins the average of parameters, at their values. The caller frees it.
func NewAverage(parameters []Tensor) *Average {
	a := &Average{parameters: parameters}
	NoGrad(func() {
		for _, p := range parameters {
			a.mean = append(a.mean, p.Clone())
		}
	})
	return a
}

// Add counts the parameters after the step-th step, the first of which is 1.
func (a *Average) Add(step int) {
	rate := float64(averagePower+1) / float64(averagePower+step)
	Check(libtorch.LerpAll(handles(a.mean), handles(a.parameters), rate))
}

// Swap exchanges the values of the parameters and of the average: one call puts the average where the parameters are used, a
// second one takes it back.
func (a *Average) Swap() {
	NoGrad(func() {
		With(func(s *Scope) {
			for i, m := range a.mean {
				p := s.Adopt(m.Clone())
				m.CopyI(a.parameters[i])
				a.parameters[i].CopyI(p)
			}
		})
	})
}

// Free frees the average's tensors.
func (a *Average) Free() {
	for _, m := range a.mean {
		m.Free()
	}
}
