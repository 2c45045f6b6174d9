package boost

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel calls work for 0 to n-1 on all cores. Calls may not depend on each other.
func parallel(n int, work func(i int)) {
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

// chunkRows is the number of rows that one call of work takes in inChunks.
const chunkRows = 4096

// inChunks calls work for consecutive ranges that cover 0 to n-1, on all cores.
func inChunks(n int, work func(from, to int)) {
	parallel((n+chunkRows-1)/chunkRows, func(i int) { work(i*chunkRows, min((i+1)*chunkRows, n)) })
}
