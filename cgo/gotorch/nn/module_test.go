package nn

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

func ones(shape ...int64) torch.Tensor { return torch.Ones(shape, true) }

// leaf is a module with every kind of field that counts, and some that do not.
type leaf struct {
	Module
	Second  torch.Tensor
	First   torch.Tensor
	Running torch.Tensor `gotorch:"buffer"`
	Absent  torch.Tensor
	List    []torch.Tensor
	size    int
	Note    string
	lookup  map[string]int
}

func newLeaf() *leaf {
	l := &leaf{
		Second: ones(2), First: ones(1), Running: torch.Ones([]int64{3}, false),
		List: []torch.Tensor{ones(4), {}, ones(5)}, size: 1, lookup: map[string]int{"x": 1},
	}
	l.Init(l)
	return l
}

// tree holds modules in every way that is allowed.
type tree struct {
	Module
	Right, Left *leaf
	None        *leaf
	Layers      []*LinearModule
	Any         []IModule
	One         IModule
	NoneAtAll   IModule
}

func newTree() *tree {
	m := &tree{
		Right: newLeaf(), Layers: []*LinearModule{Linear(1, 1, true), nil, Linear(1, 1, false)},
		Any: []IModule{Functional(torch.Relu), nil, (*leaf)(nil), Embedding(1, 1)}, One: LayerNorm(1),
	}
	m.Init(m)
	return m
}

func TestNamesFollowTheDefinition(t *testing.T) {
	noLeak(t)
	m := newTree()
	defer m.Free()
	want := []string{
		"tree.Right.Second", "tree.Right.First", "tree.Right.List[0]", "tree.Right.List[2]",
		"tree.Layers[0].Weight", "tree.Layers[0].Bias", "tree.Layers[2].Weight",
		"tree.Any[3].Weight", "tree.One.Weight", "tree.One.Bias",
	}
	var got []string
	for _, p := range m.OrderedParameters() {
		got = append(got, p.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("parameters:\ngot  %v\nwant %v", got, want)
	}
	buffers := m.OrderedBuffers()
	if len(buffers) != 1 || buffers[0].Name != "tree.Right.Running" || buffers[0].Tensor != m.Right.Running {
		t.Errorf("buffers: got %v, want tree.Right.Running", buffers)
	}

	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(m.NamedParameters())); !slices.Equal(got, want) {
		t.Errorf("named parameters: got %v, want %v", got, want)
	}
	if got := slices.Collect(maps.Keys(m.NamedBuffers())); !slices.Equal(got, []string{"tree.Right.Running"}) {
		t.Errorf("named buffers: got %v", got)
	}
	all := slices.Sorted(slices.Values(append([]string{"tree.Right.Running"}, want...)))
	if got := slices.Sorted(maps.Keys(m.StateDict())); !slices.Equal(got, all) {
		t.Errorf("state: got %v, want %v", got, all)
	}
	if got, want := len(m.Parameters()), len(want); got != want {
		t.Errorf("parameters: got %d, want %d", got, want)
	}
	if got := m.Buffers(); len(got) != 1 || got[0] != m.Right.Running {
		t.Errorf("buffers: got %v", got)
	}
	if m.Name() != "tree" || m.Right.Name() != "leaf" || m.Outer() != IModule(m) {
		t.Errorf("names: got %q and %q, outer %T, want tree, leaf, itself", m.Name(), m.Right.Name(), m.Outer())
	}
}

func TestSharedParametersComeOnce(t *testing.T) {
	noLeak(t)
	shared := Linear(2, 2, false)
	s := Sequential(shared, Functional(torch.Tanh), shared)
	defer s.Free()
	if got := s.OrderedParameters(); len(got) != 1 || got[0].Name != "SequentialModule.Modules[0].Weight" {
		t.Errorf("parameters: got %v, want the shared weight once, by its first name", got)
	}
	if got := slices.Sorted(maps.Keys(s.StateDict())); len(got) != 2 {
		t.Errorf("state: got %v, want both names", got)
	}
}

func TestTrainAndApplyReachEveryModule(t *testing.T) {
	noLeak(t)
	m := newTree()
	defer m.Free()
	if !m.IsTraining() || !m.One.IsTraining() {
		t.Error("new modules are not training, want them to")
	}
	m.Train(false)
	var visited []string
	m.Apply(func(module IModule) {
		visited = append(visited, module.Name())
		if module.IsTraining() {
			t.Errorf("%s still trains after Train(false)", module.Name())
		}
	})
	want := []string{"leaf", "LinearModule", "LinearModule", "FunctionalModule", "EmbeddingModule", "LayerNormModule", "tree"}
	if !slices.Equal(visited, want) {
		t.Errorf("Apply: visited %v, want %v", visited, want)
	}
	m.Train(true)
	if !m.Layers[0].IsTraining() {
		t.Error("Train(true) did not reach a module in a list")
	}
}

func TestInitTwiceChangesNothing(t *testing.T) {
	noLeak(t)
	l := Linear(1, 1, true)
	defer l.Free()
	l.Train(false)
	l.Init(l)
	if l.IsTraining() {
		t.Error("a second Init put the module back to training")
	}
}

type hiddenTensor struct {
	Module
	weight torch.Tensor
}

type hiddenModule struct {
	Module
	layers []*LinearModule
}

type byValue struct {
	Module
	Layer LinearModule
}

type mapped struct {
	Module
	Layers map[string]*LinearModule
}

type pointed struct {
	Module
	Weight *torch.Tensor
}

type nested struct {
	Module
	Weights [][]torch.Tensor
}

type cycle struct {
	Module
	Next *cycle
}

type pointerBase struct{ *Module }

// stranger is an IModule that does not embed Module.
type stranger struct{ IModule }

func TestModulesPutTogetherWronglyPanic(t *testing.T) {
	var value byValue
	loop := &cycle{}
	loop.Init(loop)
	loop.Next = loop
	copied := *loop
	tests := map[string]struct {
		f    func()
		want string
	}{
		"a hidden tensor":            {func() { m := &hiddenTensor{weight: torch.Tensor{}}; m.Init(m); m.Parameters() }, "hiddenTensor.weight holds a tensor or module and is not exported"},
		"a hidden list of modules":   {func() { m := &hiddenModule{layers: nil}; m.Init(m); m.Train(true) }, "hiddenModule.layers holds"},
		"a module by value":          {func() { value.Init(&value); value.Parameters() }, "byValue.Layer is of type nn.LinearModule, want"},
		"modules in a map":           {func() { m := &mapped{}; m.Init(m); m.Parameters() }, "mapped.Layers is of type map"},
		"a pointer to a tensor":      {func() { m := &pointed{}; m.Init(m); m.Parameters() }, "pointed.Weight is of type *gotorch.Tensor"},
		"lists in a list":            {func() { m := &nested{}; m.Init(m); m.Parameters() }, "nested.Weights is of type"},
		"a module inside itself":     {func() { loop.Parameters() }, "cycle.Next contains itself"},
		"no Init":                    {func() { (&leaf{}).Parameters() }, "Init was not called"},
		"no Init, forward":           {func() { (&LinearModule{}).Forward(torch.Tensor{}) }, "Init was not called"},
		"no Init, name":              {func() { (&leaf{}).Name() }, "Init was not called"},
		"no Init, mode":              {func() { (&leaf{}).IsTraining() }, "Init was not called"},
		"no Init, outer":             {func() { (&leaf{}).Outer() }, "Init was not called"},
		"no Init, apply":             {func() { (&leaf{}).Apply(func(IModule) {}) }, "Init was not called"},
		"a child without Init":       {func() { m := &tree{Left: &leaf{}}; m.Init(m); m.Parameters() }, "tree.Left: Init was not called on this *nn.leaf"},
		"a child copied after Init":  {func() { m := &cycle{Next: &copied}; m.Init(m); m.Parameters() }, "cycle.Next: Init was not called"},
		"a child of another kind":    {func() { m := &tree{One: stranger{}}; m.Init(m); m.Parameters() }, "tree.One: Init was not called on this nn.stranger"},
		"Init with another module":   {func() { (&leaf{}).Init(&leaf{}) }, "init: *nn.leaf, want the pointer to the struct that embeds this"},
		"Init with nil":              {func() { (&leaf{}).Init((*leaf)(nil)) }, "want the pointer"},
		"Init with a value":          {func() { m := pointerBase{&Module{}}; m.Init(m) }, "want the pointer"},
		"Init of a pointer embedded": {func() { m := &pointerBase{&Module{}}; m.Init(m) }, "want the pointer"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			err := torch.Try(tc.f)
			if !errors.Is(err, ErrModule) || !errors.Is(err, torch.ErrTorch) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want ErrModule with %q", err, tc.want)
			}
		})
	}
}

func TestSetStateDict(t *testing.T) {
	noLeak(t)
	from, to := newLeaf(), newLeaf()
	defer from.Free()
	defer to.Free()
	torch.NoGrad(func() {
		for i, p := range from.Parameters() {
			p.FillI(float64(i + 2))
		}
		from.Running.FillI(9)
	})
	handle := to.First.T
	if err := to.SetStateDict(from.StateDict()); err != nil {
		t.Fatal(err)
	}
	for name, want := range from.StateDict() {
		if got := to.StateDict()[name]; !torch.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	if to.First.T != handle || !to.First.RequiresGrad() || !to.First.IsLeaf() {
		t.Error("the parameter is another tensor than before; an optimizer would lose it")
	}
}

func TestSetStateDictRefusesAndChangesNothing(t *testing.T) {
	tests := map[string]struct {
		change func(sd map[string]torch.Tensor, other torch.Tensor)
		want   string
	}{
		"a name missing":  {func(sd map[string]torch.Tensor, _ torch.Tensor) { delete(sd, "leaf.List[2]") }, "leaf.List[2]: missing"},
		"a nil tensor":    {func(sd map[string]torch.Tensor, _ torch.Tensor) { sd["leaf.First"] = torch.Tensor{} }, "leaf.First: missing"},
		"a name too many": {func(sd map[string]torch.Tensor, o torch.Tensor) { sd["leaf.Third"] = o }, "leaf.Third: unknown to leaf"},
		"another shape":   {func(sd map[string]torch.Tensor, o torch.Tensor) { sd["leaf.Second"] = o }, "leaf.Second: shape [2 1], want [2]"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			from, to, other := newLeaf(), newLeaf(), torch.Ones([]int64{2, 1}, false)
			defer from.Free()
			defer to.Free()
			defer other.Free()
			torch.NoGrad(func() {
				for _, p := range from.StateDict() {
					p.FillI(7)
				}
			})
			sd := from.StateDict()
			tc.change(sd, other)
			err := to.SetStateDict(sd)
			if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want ErrState with %q", err, tc.want)
			}
			for name, p := range to.StateDict() {
				if got := p.Float32s(); slices.Contains(got, 7) {
					t.Errorf("%s changed to %v in spite of the error", name, got)
				}
			}
		})
	}
}

func TestToConvertsFloatingPointAndKeepsTheTensors(t *testing.T) {
	noLeak(t)
	m := newTree()
	defer m.Free()
	m.Right.Running.Free()
	m.Right.Running = torch.FromInt64([]int64{5})
	defer m.Right.Running.Free()
	before := m.StateDict()
	m.To(torch.NewDevice("cpu"), torch.Double)
	for name, p := range m.StateDict() {
		want := torch.Double
		if name == "tree.Right.Running" {
			want = torch.Long
		}
		if p.Dtype() != want {
			t.Errorf("%s: got type %s, want %s", name, torch.DTypeName(p.Dtype()), torch.DTypeName(want))
		}
		if p.T != before[name].T {
			t.Errorf("%s is another tensor than before", name)
		}
	}
	if w := m.Layers[0].Weight; !w.RequiresGrad() || !w.IsLeaf() {
		t.Error("a converted parameter is no longer a leaf that requires a gradient")
	}
	m.To(torch.NewDevice("cpu"))
	if got := m.Layers[0].Weight.Dtype(); got != torch.Double {
		t.Errorf("To without a type: got %s, want float64 as before", torch.DTypeName(got))
	}
	err := torch.Try(func() { m.To(torch.NewDevice("cpu"), torch.Float, torch.Half) })
	if !errors.Is(err, ErrModule) {
		t.Errorf("two types: got error %v, want ErrModule", err)
	}
}

// The visitor's arguments give each tensor's name, as its comment says.
func TestVisitorNames(t *testing.T) {
	noLeak(t)
	l := newLeaf()
	defer l.Free()
	var got []string
	err := eachField(reflect.ValueOf(l).Elem(), "x", func(f reflect.StructField, _ reflect.Value, prefix string, noSuffix bool) error {
		if !noSuffix {
			prefix += "." + f.Name
		}
		got = append(got, prefix)
		if prefix == "x.List[0]" {
			return ErrState
		}
		return nil
	})
	if want := []string{"x.Second", "x.First", "x.Running", "x.List[0]"}; !slices.Equal(got, want) || err != ErrState {
		t.Errorf("visited %v with error %v, want %v and the visitor's own error", got, err, want)
	}
}
