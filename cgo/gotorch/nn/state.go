package nn

import (
	"fmt"
	"maps"
	"slices"

	torch "github.com/wangkuiyi/gotorch"
)

// NamedTensor is a parameter or buffer and its name.
type NamedTensor struct {
	Name   string
	Tensor torch.Tensor
}

// OrderedParameters returns the parameters of m and of all modules below it in the order of their definition. A
// parameter that several modules share comes once, under its first name.
func (m *Module) OrderedParameters() []NamedTensor { return m.ordered(false) }

// OrderedBuffers returns the tensors tagged `gotorch:"buffer"`, ordered as OrderedParameters.
func (m *Module) OrderedBuffers() []NamedTensor { return m.ordered(true) }

func (m *Module) ordered(buffers bool) []NamedTensor {
	var list []NamedTensor
	for _, s := range m.state() {
		shared := slices.ContainsFunc(list, func(n NamedTensor) bool { return n.Tensor.T == s.Tensor.T })
		if s.buffer == buffers && !shared {
			list = append(list, s.NamedTensor)
		}
	}
	return list
}

// Parameters returns the tensors of OrderedParameters, for an optimizer.
func (m *Module) Parameters() []torch.Tensor { return tensors(m.OrderedParameters()) }

// Buffers returns the tensors of OrderedBuffers.
func (m *Module) Buffers() []torch.Tensor { return tensors(m.OrderedBuffers()) }

func tensors(list []NamedTensor) []torch.Tensor {
	ts := make([]torch.Tensor, len(list))
	for i, n := range list {
		ts[i] = n.Tensor
	}
	return ts
}

// NamedParameters returns the parameters by name; a shared one under each of its names.
func (m *Module) NamedParameters() map[string]torch.Tensor {
	return m.named(func(isBuffer bool) bool { return !isBuffer })
}

// NamedBuffers returns the buffers by name.
func (m *Module) NamedBuffers() map[string]torch.Tensor {
	return m.named(func(isBuffer bool) bool { return isBuffer })
}

// StateDict returns parameters and buffers by name. They are the module's own, not copies.
func (m *Module) StateDict() map[string]torch.Tensor {
	return m.named(func(bool) bool { return true })
}

func (m *Module) named(take func(isBuffer bool) bool) map[string]torch.Tensor {
	named := map[string]torch.Tensor{}
	for _, s := range m.state() {
		if take(s.buffer) {
			named[s.Name] = s.Tensor
		}
	}
	return named
}

// SetStateDict copies the values of sd into the parameters and buffers of m, converting type and device. When a name
// is missing or unknown, or a shape differs, it returns an error that wraps ErrState and changes nothing.
func (m *Module) SetStateDict(sd map[string]torch.Tensor) error {
	own := m.StateDict()
	for _, name := range slices.Sorted(maps.Keys(own)) {
		value, ok := sd[name]
		if !ok || value.T == nil {
			return fmt.Errorf("%w: %s: missing", ErrState, name)
		}
		if got, want := value.Shape(), own[name].Shape(); !slices.Equal(got, want) {
			return fmt.Errorf("%w: %s: shape %v, want %v", ErrState, name, got, want)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sd)) {
		if _, ok := own[name]; !ok {
			return fmt.Errorf("%w: %s: unknown to %s", ErrState, name, m.name)
		}
	}
	torch.NoGrad(func() {
		for name, t := range own {
			t.CopyI(sd[name])
		}
	})
	return nil
}

// To moves all parameters and buffers of m and of the modules below it to device, and converts those of floating
// point to dtype when one is given. They stay the same tensors to an optimizer. Call it between steps: gradients do not
// move along.
func (m *Module) To(device torch.Device, dtype ...int8) {
	if len(dtype) > 1 {
		fail("to", "%d dtypes, want at most 1", len(dtype))
	}
	torch.NoGrad(func() {
		for _, s := range m.state() {
			to := s.Tensor.Dtype()
			if len(dtype) == 1 && isFloating(to) {
				to = dtype[0]
			}
			moved := s.Tensor.To(device, to)
			s.Tensor.SetData(moved)
			moved.Free()
		}
	})
}

// Free releases all parameters and buffers of m and of the modules below it; they cannot be used afterwards.
func (m *Module) Free() {
	for _, s := range m.state() {
		s.Tensor.Free()
	}
}

func isFloating(dtype int8) bool {
	switch dtype {
	case torch.Half, torch.BFloat16, torch.Float, torch.Double:
		return true
	}
	return false
}
