package nn

import (
	"reflect"
)

// SequentialModule runs modules one after another.
type SequentialModule struct {
	Module
	Modules []IModule
}

// Sequential makes a chain: the results of one module's Forward are the arguments of the next one's.
func Sequential(modules ...IModule) *SequentialModule {
	s := &SequentialModule{Modules: modules}
	s.Init(s)
	return s
}

// Forward runs the chain on inputs. It returns the last module's result: nil if it has none, []interface{} if it has
// several. An empty chain returns its input.
func (s *SequentialModule) Forward(inputs ...interface{}) interface{} {
	s.initialised()
	for i, m := range s.Modules {
		inputs = forward(i, m, inputs)
	}
	switch len(inputs) {
	case 0:
		return nil
	case 1:
		return inputs[0]
	}
	return inputs
}

// forward calls m.Forward(inputs...) and returns its results.
func forward(i int, m IModule, inputs []interface{}) []interface{} {
	if m == nil {
		fail("sequential", "module %d is nil", i)
	}
	method := reflect.ValueOf(m).MethodByName("Forward")
	if !method.IsValid() {
		fail("sequential", "module %d, %T, has no method Forward", i, m)
	}
	t := method.Type()
	fixed := t.NumIn()
	if t.IsVariadic() {
		fixed--
	}
	if len(inputs) < fixed || len(inputs) > fixed && !t.IsVariadic() {
		fail("sequential", "module %d, %T: Forward of %d arguments got %d", i, m, fixed, len(inputs))
	}
	args := make([]reflect.Value, len(inputs))
	for j, input := range inputs {
		want := t.In(min(j, t.NumIn()-1))
		if j >= fixed {
			want = want.Elem() // of the variadic slice
		}
		args[j] = reflect.ValueOf(input)
		if input == nil {
			args[j] = reflect.Zero(want)
		} else if !args[j].Type().AssignableTo(want) {
			fail("sequential", "module %d, %T: argument %d of Forward is %T, want %s", i, m, j, input, want)
		}
	}
	results := method.Call(args)
	if len(results) == 1 {
		if several, ok := results[0].Interface().([]interface{}); ok {
			return several // of a chain inside this one
		}
	}
	outputs := make([]interface{}, len(results))
	for j, r := range results {
		outputs[j] = r.Interface()
	}
	return outputs
}
