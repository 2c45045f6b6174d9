package evaluate

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// windowRows is the number of consecutive rows in a window.
const windowRows = 5

// side is some hosts of a sample, the real ones or those to be told from them.
type side struct {
	sample *sample
	hosts  []int32 // ascending indices into sample.hosts
}

// everyHost returns the side of all hosts of a sample.
func everyHost(s *sample) side {
	all := side{sample: s, hosts: make([]int32, len(s.hosts))}
	for i := range all.hosts {
		all.hosts[i] = int32(i)
	}
	return all
}

// someHosts returns the side of n hosts of a sample, chosen at random, and that of the others.
func someHosts(s *sample, n int, random *rand.Rand) (chosen, others side) {
	order := random.Perm(len(s.hosts))
	chosen.sample, others.sample = s, s
	for i, host := range order {
		if i < n {
			chosen.hosts = append(chosen.hosts, int32(host))
		} else {
			others.hosts = append(others.hosts, int32(host))
		}
	}
	slices.Sort(chosen.hosts)
	slices.Sort(others.hosts)
	return chosen, others
}

// example is what a discriminator judges: a row, or the rows of a window.
type example struct {
	host  netip.Addr
	first int // row of the sample
}

// examples returns every row of a side, or every window of rows that follow each other and do not overlap, by host; hosts
// without any are left out.
func (s side) examples(rows int) [][]example {
	of := make(map[int32]int, len(s.hosts))
	for i, host := range s.hosts {
		of[host] = i
	}
	all := make([][]example, len(s.hosts))
	run := 0
	for i := range s.sample.rows {
		r := &s.sample.rows[i]
		if !s.sample.follows(i) || run == rows {
			run = 0
		}
		run++
		if host, mine := of[r.host]; mine && run == rows {
			all[host] = append(all[host], example{r.Host, i - rows + 1})
		}
	}
	return slices.DeleteFunc(all, func(examples []example) bool { return len(examples) == 0 })
}

// evenly chooses at most limit examples so that hosts have as equal shares as their examples allow: a host with many
// gives as many as any other. Equal hosts give equal examples, whatever the rest of the set.
func evenly(byHost [][]example, limit int, seed uint64) []example {
	if len(byHost) == 0 {
		return nil
	}
	share := evenShare(byHost, limit)
	var chosen []example
	for _, all := range byHost {
		if len(all) > share {
			address := all[0].host.As16()
			low, high := binary.BigEndian.Uint64(address[8:]), binary.BigEndian.Uint64(address[:])
			order := rand.New(rand.NewPCG(seed^high, low)).Perm(len(all))[:share]
			slices.Sort(order)
			for _, i := range order {
				chosen = append(chosen, all[i])
			}
		} else {
			chosen = append(chosen, all...)
		}
	}
	return chosen
}

// evenShare returns the largest number of examples a host may give if all of them, one host or more, may give limit.
func evenShare(byHost [][]example, limit int) int {
	counts := make([]int, len(byHost))
	for i := range byHost {
		counts[i] = len(byHost[i])
	}
	slices.Sort(counts)
	for i, n := range counts {
		if hosts := len(counts) - i; n*hosts > limit {
			return limit / hosts
		}
		limit -= n
	}
	return counts[len(counts)-1]
}
