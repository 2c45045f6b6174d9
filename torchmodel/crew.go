package torchmodel

import (
	"math/rand/v2"
	"sync"

	torch "github.com/wangkuiyi/gotorch"
)

// crew computes the parts of a batch side by side, each on a thread of the system of its own: libtorch's operations on a few
// thousand rows are too small to be shared among cores one by one.
type crew struct {
	members []*member
}

// member is one thread of a crew.
type member struct {
	rng  *torch.RNG
	work chan func()
}

// newCrew gathers a crew whose members use so many threads for one operation. The caller ends it with free.
func newCrew(members, threads int) *crew {
	c := &crew{}
	for range members {
		m := &member{torch.NewRNG(), make(chan func())}
		c.members = append(c.members, m)
		go torch.WithNumThreads(int32(threads), func() {
			for f := range m.work {
				f()
			}
		})
	}
	return c
}

// each calls f for the numbers below n, at most that of the members, side by side, and waits. What a call draws from rng depends on
// seed and its number alone. A panic of libtorch's is one of each.
func (c *crew) each(n int, seed uint64, f func(i int, rng *torch.RNG)) {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i, m := range c.members[:n] {
		all.Add(1)
		m.work <- func() {
			defer all.Done()
			errs[i] = torch.Try(func() {
				m.rng.Seed(rand.NewPCG(seed, uint64(i)).Uint64())
				f(i, m.rng)
			})
		}
	}
	all.Wait()
	for _, err := range errs {
		torch.Check(err)
	}
}

func (c *crew) free() {
	for _, m := range c.members {
		close(m.work)
		m.rng.Free()
	}
}
