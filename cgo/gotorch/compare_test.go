package gotorch_test

import (
	"math"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

func TestComparisons(t *testing.T) {
	leaktest.Check(t)
	s := torch.NewScope()
	defer s.Close()
	a, b := vec(1, 2, 3).in(s), vec(2, 2, 2).in(s)
	zeros := vec(0, 0, 3).in(s)
	const f = false
	for name, tc := range map[string]struct {
		got  T
		want []bool
	}{
		"eq":          {torch.Eq(a, b), []bool{f, true, f}},
		"eq method":   {a.Eq(b), []bool{f, true, f}},
		"ne":          {a.Ne(b), []bool{true, f, true}},
		"lt":          {a.Lt(b), []bool{true, f, f}},
		"le":          {a.Le(b), []bool{true, true, f}},
		"gt":          {a.Gt(b), []bool{f, f, true}},
		"ge":          {a.Ge(b), []bool{f, true, true}},
		"eq scalar":   {a.EqScalar(2), []bool{f, true, f}},
		"ne scalar":   {a.NeScalar(2), []bool{true, f, true}},
		"lt scalar":   {a.LtScalar(2), []bool{true, f, f}},
		"le scalar":   {a.LeScalar(2), []bool{true, true, f}},
		"gt scalar":   {a.GtScalar(2), []bool{f, f, true}},
		"ge scalar":   {a.GeScalar(2), []bool{f, true, true}},
		"and":         {a.LogicalAnd(zeros), []bool{f, f, true}},
		"or":          {zeros.LogicalOr(a.GtScalar(1)), []bool{f, true, true}},
		"not":         {zeros.LogicalNot(), []bool{true, true, f}},
		"finite":      {vec(1, math.NaN(), math.Inf(-1)).in(s).IsFinite(), []bool{true, f, f}},
		"any":         {zeros.Any(), []bool{true}},
		"any by dim":  {zeros.View(3, 1).Any(1), []bool{f, f, true}},
		"all":         {zeros.All(), []bool{f}},
		"all by dims": {a.View(1, 3).All(0, 1), []bool{true}},
	} {
		if got := tc.got.Bools(); !slices.Equal(got, tc.want) || tc.got.Dtype() != torch.Bool {
			t.Errorf("%s: %v of type %s, want %v", name, got, torch.DTypeName(tc.got.Dtype()), tc.want)
		}
	}
	if torch.Equal(a, b) || !torch.Equal(a, a.Clone()) || torch.Equal(a, a.View(3, 1)) {
		t.Error("Equal does not tell equal from different")
	}
	if torch.AllClose(a, a.AddScalar(1e-3)) || !torch.AllClose(a, a.AddScalar(1e-6)) {
		t.Error("AllClose does not tell close from far")
	}
}

// A whole number keeps the type of whole tensors: an index plus 1 is an index.
func TestScalarsKeepWholeTypes(t *testing.T) {
	leaktest.Check(t)
	s := torch.NewScope()
	defer s.Close()
	i := ints(s, []int64{2}, 1, 1<<60)
	for name, tc := range map[string]struct {
		got  T
		want []int64
	}{
		"add":         {i.AddScalar(1), []int64{2, 1<<60 + 1}},
		"mul":         {i.MulScalar(2), []int64{2, 1 << 61}},
		"clamp":       {i.Clamp(0, 5), []int64{1, 5}},
		"fill":        {i.Clone().FillI(3), []int64{3, 3}},
		"add tensors": {torch.Add(i, i, 1), []int64{2, 1 << 61}},
		"in place":    {i.Clone().AddScalarI(1).MulScalarI(2), []int64{4, 1<<61 + 2}},
		"masked":      {i.MaskedFill(i.GtScalar(1), -1), []int64{1, -1}},
	} {
		if got := tc.got.Int64s(); !slices.Equal(got, tc.want) || tc.got.Dtype() != torch.Long {
			t.Errorf("%s: %v of type %s, want %v", name, got, torch.DTypeName(tc.got.Dtype()), tc.want)
		}
	}
	if got := i.MulScalar(0.5).Dtype(); got != torch.Float {
		t.Errorf("half of whole numbers is %s, want float32", torch.DTypeName(got))
	}
}
