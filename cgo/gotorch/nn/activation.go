package nn

import (
	torch "github.com/wangkuiyi/gotorch"
	F "github.com/wangkuiyi/gotorch/nn/functional"
)

// FunctionalModule makes a module of a function.
type FunctionalModule struct {
	Module
	Function func(torch.Tensor) torch.Tensor
}

// Functional makes a module of f, for use in Sequential.
func Functional(f func(torch.Tensor) torch.Tensor) *FunctionalModule {
	m := &FunctionalModule{Function: f}
	m.Init(m)
	return m
}

// Forward applies the function.
func (f *FunctionalModule) Forward(input torch.Tensor) torch.Tensor {
	f.initialised()
	return f.Function(input)
}

// DropoutModule sets elements to zero at random while training.
type DropoutModule struct {
	Module
	P float64
}

// Dropout makes a module that drops elements with probability p.
func Dropout(p float64) *DropoutModule {
	if !(p >= 0 && p <= 1) {
		fail("dropout", "probability %v, want 0 to 1", p)
	}
	d := &DropoutModule{P: p}
	d.Init(d)
	return d
}

// Forward drops elements of x and divides the others by 1 - P; it returns x's values when not training.
func (d *DropoutModule) Forward(x torch.Tensor) torch.Tensor { return d.ForwardBy(nil, x) }

// ForwardBy is Forward that draws from g, for an x on the CPU, or from libtorch's generator if g is nil.
func (d *DropoutModule) ForwardBy(g *torch.RNG, x torch.Tensor) torch.Tensor {
	return torch.DropoutBy(g, x, d.P, d.IsTraining())
}

// GELUModule multiplies each element by the standard normal's distribution function there.
type GELUModule struct {
	Module
}

// GELU makes the activation of Hendrycks and Gimpel (arXiv 1606.08415), in its exact form.
func GELU() *GELUModule {
	g := &GELUModule{}
	g.Init(g)
	return g
}

// Forward applies the activation.
func (g *GELUModule) Forward(x torch.Tensor) torch.Tensor {
	g.initialised()
	return F.GELU(x)
}
