// Package cores spreads work that does not depend on its order over all cores.
package cores

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls work for 0 to n-1, several at a time. Calls may not depend on each other.
func Each(n int, work func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			work(i)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	group.Wait()
}

// chunk is the number of items that one call of work takes in Chunks.
const chunk = 16_384

// Chunks calls work for consecutive ranges that cover 0 to n-1, several at a time.
func Chunks(n int, work func(from, to int)) {
	Each((n+chunk-1)/chunk, func(i int) { work(i*chunk, min((i+1)*chunk, n)) })
}
