package gotorch_test

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

func TestScope(t *testing.T) {
	leaktest.Check(t)
	s, other := torch.NewScope(), torch.NewScope()
	w := torch.Ones([]int64{2}, false)
	x := s.Adopt(torch.Ones([]int64{2}, false))
	y := other.Adopt(torch.Ones([]int64{2}, false))

	tests := map[string]struct {
		do          func() T
		inS, inNone bool
	}{
		"a result joins its operand's scope":         {func() T { return x.Exp() }, true, false},
		"a parameter does not count":                 {func() T { return torch.Add(w, x, 1) }, true, false},
		"the first scope wins":                       {func() T { return torch.Add(x, y, 1) }, true, false},
		"the other is first":                         {func() T { return torch.Add(y, x, 1) }, false, false},
		"without scopes the program owns":            {func() T { return torch.Add(w, w, 1) }, false, true},
		"kept from a scope":                          {func() T { return x.Exp().Keep() }, false, true},
		"adopted from another scope":                 {func() T { return s.Adopt(y.Exp()) }, true, false},
		"adopted twice":                              {func() T { return s.Adopt(s.Adopt(torch.Add(w, w, 1))) }, true, false},
		"in a list":                                  {func() T { return torch.Stack([]T{w, x}, 0) }, true, false},
		"the second result, too":                     {func() T { _, i := x.Sort(0, true); return i }, true, false},
		"a parameter's view joins":                   {func() T { return w.Narrow(0, 0, 1).Join(x) }, true, false},
		"joined to the program's":                    {func() T { return w.Narrow(0, 0, 1).Join(w) }, false, true},
		"an operation in place has no result to own": {func() T { return x.MulScalarI(1) }, true, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			inS, inOther := s.Len(), other.Len()
			r := tc.do()
			_ = r.Float64s()
			switch {
			case tc.inNone:
				if s.Len() != inS || other.Len() > inOther {
					t.Errorf("scopes grew by %d and %d tensors, want the program to own the result", s.Len()-inS, other.Len()-inOther)
				}
				r.Free()
			case tc.inS:
				if s.Len() == inS && r != x {
					t.Errorf("scope did not grow")
				}
			default:
				if other.Len() == inOther {
					t.Errorf("other scope did not grow")
				}
			}
		})
	}
	before := s.Len()
	x.Exp().Free()
	if s.Len() != before {
		t.Errorf("freeing one tensor of a scope left %d, want %d", s.Len(), before)
	}
	s.Reset()
	if s.Len() != 0 || x.Alive() {
		t.Errorf("reset left %d tensors", s.Len())
	}
	s.Adopt(torch.Ones([]int64{1}, false))
	other.Close()
	s.Close()
	s.Adopt(T{}) // nothing to own
	late := s.Adopt(torch.Ones([]int64{1}, false))
	if !late.Alive() || s.Len() != 0 {
		t.Errorf("a closed scope adopted a tensor")
	}
	late.Free()
	w.Free()
}

func TestWithClosesOnPanic(t *testing.T) {
	leaktest.Check(t)
	err := torch.Try(func() {
		torch.With(func(s *S) {
			x := s.Adopt(torch.Ones([]int64{2, 3}, false))
			torch.MM(x, x)
		})
	})
	if err == nil {
		t.Error("no error")
	}
}

func TestScopeOfManyGoroutines(t *testing.T) {
	leaktest.Check(t)
	s := torch.NewScope()
	x := s.Adopt(torch.Ones([]int64{4}, false))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := range 200 {
				if y := x.Exp(); i%3 == 0 {
					y.Free()
				}
			}
		})
	}
	wg.Wait()
	if got, want := s.Len(), 1+16*133; got != want {
		t.Errorf("%d tensors, want %d", got, want)
	}
	s.Close()
}

// Old programs drop their tensors and call GC now and then, or never.
func TestForgottenTensorsAreFreed(t *testing.T) {
	torch.FinishGC()
	live, forgotten, rss := torch.LiveHandles(), torch.Forgotten(), residentBytes(t)
	const n = 500
	forget(n)
	torch.FinishGC()
	if got := torch.LiveHandles(); got > live {
		t.Errorf("%d tensors alive, want %d", got, live)
	}
	if got := torch.Forgotten() - forgotten; got < n {
		t.Errorf("%d tensors counted, want %d", got, n)
	}
	// 2 GiB went through; the net lets 128 MiB, and what a collection did not wait for, pile up: 400 MiB on 16 cores.
	if grown := residentBytes(t) - rss; grown > 1<<30 && !sanitized {
		t.Errorf("memory grew by %d MiB, want at most 1024", grown>>20)
	}
}

// forget makes n tensors. What it leaves in a register is gone when it returns.
//
//go:noinline
func forget(n int) {
	for i := range n {
		torch.Ones([]int64{1 << 20}, false) // 4 MiB
		if i%2 == 0 {
			torch.GC()
		}
	}
}

// residentBytes is the resident memory of this process.
func residentBytes(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
