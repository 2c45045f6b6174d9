package lossy

import (
	"slices"
	"testing"
)

// However many values there are, and at however many hosts, memory is bounded and frequent ones are found.
func TestCounterForgetsTheRarest(t *testing.T) {
	for name, host := range map[string]func(i int) uint32{
		"all at one host":      func(int) uint32 { return 1 },
		"a host each":          func(i int) uint32 { return uint32(i) + 1 },
		"every one at 2 hosts": func(i int) uint32 { return uint32(i)%2 + 1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := New[int64]()
			for i := range mostCounted + mostCounted/4 {
				c.Add(int64(i/2)+100, host(i))
				c.Add(int64(i)+1<<40, host(i))
				c.Add(int64(i%10), host(i))
				if len(c.counts) > mostCounted {
					t.Fatalf("%d values are counted, want at most %d", len(c.counts), mostCounted)
				}
			}
			if got := c.Top(10, 1); !slices.Equal(got, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
				t.Errorf("the most frequent values are %v, want 0 to 9", got)
			}
			for v := range int64(10) {
				if got, want := c.Rows(v), uint64(mostCounted+mostCounted/4)/10; got < want || got > want+1 {
					t.Errorf("value %d counts %d rows, want %d", v, got, want)
				}
			}
		})
	}
}

func TestTopAsksForHosts(t *testing.T) {
	c := New[string]()
	for host, values := range [][]string{{"a", "b", "b", "b"}, {"a", "c"}, {"a", "c", "c"}} {
		for _, v := range values {
			c.Add(v, uint32(host)+1)
		}
	}
	for _, tc := range []struct {
		n, hosts int
		want     []string
	}{{9, 1, []string{"a", "b", "c"}}, {9, 2, []string{"a", "c"}}, {9, 3, []string{"a"}}, {9, 4, []string{}}, {2, 1, []string{"a", "b"}}, {1, 2, []string{"a"}}} {
		if got := c.Top(tc.n, tc.hosts); !slices.Equal(got, tc.want) {
			t.Errorf("the %d most frequent of %d hosts: %q, want %q", tc.n, tc.hosts, got, tc.want)
		}
	}
}
