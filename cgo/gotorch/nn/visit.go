package nn

import (
	"fmt"
	"reflect"
	"slices"

	torch "github.com/wangkuiyi/gotorch"
)

// Visitor is called for a tensor or module of a struct. v holds it; f is the field where it was found. Its name is
// prefix.f.Name, or prefix alone with noSuffix, where v is one element of a slice.
type Visitor func(f reflect.StructField, v reflect.Value, prefix string, noSuffix bool) error

var (
	moduleType  = reflect.TypeFor[Module]()
	iModuleType = reflect.TypeFor[IModule]()
	tensorType  = reflect.TypeFor[torch.Tensor]()
)

// eachField visits the tensors and modules that the fields of struct s hold, in the order of their definition, those
// in slices one by one. It passes over nil tensors and nil modules, and returns an error at a field that would otherwise
// be left out silently: one that is not exported, or holds modules by value or in a map.
func eachField(s reflect.Value, prefix string, visit Visitor) error {
	for i := range s.NumField() {
		f, v := s.Type().Field(i), s.Field(i)
		if f.Anonymous && f.Type == moduleType || !holdsState(f.Type) {
			continue
		}
		if !f.IsExported() {
			return wrong("fields", "%s.%s holds a tensor or module and is not exported", prefix, f.Name)
		}
		if isState(f.Type) {
			if present(v) {
				if err := visit(f, v, prefix, false); err != nil {
					return err
				}
			}
			continue
		}
		if f.Type.Kind() != reflect.Slice || !isState(f.Type.Elem()) {
			return wrong("fields", "%s.%s is of type %s, want tensors, pointers to modules or slices of these",
				prefix, f.Name, f.Type)
		}
		for j := range v.Len() {
			if present(v.Index(j)) {
				if err := visit(f, v.Index(j), fmt.Sprintf("%s.%s[%d]", prefix, f.Name, j), true); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// isState tells whether a value of type t is one tensor or one module.
func isState(t reflect.Type) bool {
	return t == tensorType || t.Implements(iModuleType) && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface)
}

// holdsState tells whether a field of type t holds tensors or modules in any way, a good one or not.
func holdsState(t reflect.Type) bool {
	if isState(t) || t == reflect.PointerTo(tensorType) || reflect.PointerTo(t).Implements(iModuleType) {
		return true
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return holdsState(t.Elem())
	}
	return false
}

// present tells whether v, one tensor or module, is not nil.
func present(v reflect.Value) bool {
	if v.Type() == tensorType {
		return v.Interface().(torch.Tensor).T != nil
	}
	if v.Kind() == reflect.Interface {
		v = v.Elem() // invalid for nil; what is no pointer, appendState refuses
	}
	return v.IsValid() && (v.Kind() != reflect.Pointer || !v.IsNil())
}

// namedState is one tensor of a module.
type namedState struct {
	NamedTensor
	buffer bool
}

// state lists the tensors of m and of all modules below it, depth first in the order of definition.
func (m *Module) state() []namedState {
	m.initialised()
	list, err := appendState(nil, m.outer, m.name, nil)
	if err != nil {
		panic(err)
	}
	return list
}

// appendState adds the tensors of module, which the modules above contain, to list.
func appendState(list []namedState, module IModule, name string, above []IModule) ([]namedState, error) {
	if slices.Contains(above, module) {
		return nil, wrong("fields", "%s contains itself", name)
	}
	s := reflect.ValueOf(module)
	if m := base(s); m == nil || m.outer != module {
		return nil, wrong("fields", "%s: Init was not called on this %T, or it was copied since", name, module)
	}
	err := eachField(s.Elem(), name, func(f reflect.StructField, v reflect.Value, prefix string, noSuffix bool) (err error) {
		full := prefix
		if !noSuffix {
			full += "." + f.Name
		}
		if t, ok := v.Interface().(torch.Tensor); ok {
			list = append(list, namedState{NamedTensor{full, t}, f.Tag.Get("gotorch") == "buffer"})
			return nil
		}
		list, err = appendState(list, v.Interface().(IModule), full, append(above, module))
		return err
	})
	return list, err
}

// base returns the Module that the struct which v points to embeds by value, nil if v is no such pointer.
func base(v reflect.Value) *Module {
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil
	}
	f, ok := v.Type().Elem().FieldByName("Module")
	if !ok || f.Type != moduleType || len(f.Index) != 1 || !f.Anonymous {
		return nil
	}
	return v.Elem().FieldByIndex(f.Index).Addr().Interface().(*Module)
}
