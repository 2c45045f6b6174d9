package torchmodel

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// Items come in order although those made later may be ready first, no more than asked for are made ahead, and those that
// nobody takes are dropped.
func TestLineKeepsOrderAndDropsTheRest(t *testing.T) {
	const ahead, taken = 3, 40
	var made, dropped atomic.Int64
	asked := 0
	l := newLine(ahead, func() func() int {
		i := asked
		asked++
		return func() int {
			for range (i * 7) % 5 {
				runtime.Gosched()
			}
			made.Add(1)
			return i
		}
	}, func(int) { dropped.Add(1) })
	for want := range taken {
		if got, ok := l.take(); !ok || got != want {
			t.Fatalf("item %d, %v, want %d", got, ok, want)
		}
		if n := made.Load(); n > int64(want+1+ahead+1) {
			t.Fatalf("%d items made after %d were taken, want at most %d ahead", n, want+1, ahead+1)
		}
	}
	l.close()
	if made.Load() != taken+dropped.Load() {
		t.Errorf("%d items made, %d taken, %d dropped", made.Load(), taken, dropped.Load())
	}
}

func TestLineEnds(t *testing.T) {
	left := 5
	l := newLine(2, func() func() int {
		if left == 0 {
			return nil
		}
		left--
		return func() int { return 0 }
	}, func(int) {})
	defer l.close()
	n := 0
	for _, ok := l.take(); ok; _, ok = l.take() {
		n++
	}
	if n != 5 {
		t.Errorf("%d items, want 5", n)
	}
}
