package nn

import (
	"reflect"

	torch "github.com/wangkuiyi/gotorch"
)

// IModule is what every module is, by embedding Module.
type IModule interface {
	// Train switches this module and all below it between training and evaluation.
	Train(on bool)
	// IsTraining tells the mode; a new module is training.
	IsTraining() bool
	// To moves all parameters and buffers, and converts those of floating point when a dtype is given.
	To(device torch.Device, dtype ...int8)
	// StateDict returns parameters and buffers by name.
	StateDict() map[string]torch.Tensor
	// SetStateDict copies sd into the parameters and buffers.
	SetStateDict(sd map[string]torch.Tensor) error
	// Apply calls f for every module below this one and then for this one.
	Apply(f func(IModule))
	// Name is the name of the module's type.
	Name() string
}

// Module is the part that all modules share. A module embeds it by value and calls Init with its own address before
// any other use:
//
//	type MLP struct {
//		nn.Module
//		Hidden, Out *nn.LinearModule
//	}
//	m := &MLP{Hidden: nn.Linear(4, 8, true), Out: nn.Linear(8, 2, true)}
//	m.Init(m)
//
// Its parameters are then MLP.Hidden.Weight, MLP.Hidden.Bias, MLP.Out.Weight, MLP.Out.Bias, always in this order.
type Module struct {
	outer      IModule
	isTraining bool
	name       string
}

// Init makes m the base of outer, the struct that embeds it. A second call changes nothing.
func (m *Module) Init(outer IModule) {
	if m.outer != nil {
		return
	}
	v := reflect.ValueOf(outer)
	if base(v) != m {
		fail("init", "%T, want the pointer to the struct that embeds this nn.Module by value", outer)
	}
	m.outer = outer
	m.isTraining = true
	m.name = v.Type().Elem().Name()
}

// Name returns the name of the outer type, the root of the parameters' names.
func (m *Module) Name() string {
	m.initialised()
	return m.name
}

// Outer returns the module that embeds m.
func (m *Module) Outer() IModule {
	m.initialised()
	return m.outer
}

// Apply calls function for every module below m and then for m's own, as PyTorch does.
func (m *Module) Apply(function func(IModule)) {
	for _, child := range m.children() {
		child.Apply(function)
	}
	function(m.outer)
}

// Train switches m and all modules below it to training or to evaluation.
func (m *Module) Train(on bool) {
	for _, child := range m.children() {
		child.Train(on)
	}
	m.isTraining = on
}

// IsTraining tells whether m is in training mode, as it is after Init.
func (m *Module) IsTraining() bool {
	m.initialised()
	return m.isTraining
}

func (m *Module) initialised() {
	if m.outer == nil {
		fail("use", "Init was not called with the module that embeds this nn.Module")
	}
}

func (m *Module) children() []IModule {
	m.initialised()
	var children []IModule
	collect := func(_ reflect.StructField, v reflect.Value, _ string, _ bool) error {
		if child, ok := v.Interface().(IModule); ok {
			children = append(children, child)
		}
		return nil
	}
	if err := eachField(reflect.ValueOf(m.outer).Elem(), m.name, collect); err != nil {
		panic(err)
	}
	return children
}
