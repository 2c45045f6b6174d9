package torchmodel

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"stan/dataset"
)

// dayOf are options for a day of n hosts.
func dayOf(n int) GenerateOptions {
	return GenerateOptions{
		Hosts: n, Duration: 24 * time.Hour, Start: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Seed: 1, Shard: 1, Shards: 1, Threads: 1,
	}
}

func discard([]dataset.Flow) error { return nil }

// keepsRules checks the hard rules on the flows of some hosts, each host's in the order in which they came.
func keepsRules(t *testing.T, m *Model, flows []dataset.Flow, internal []netip.Prefix) {
	t.Helper()
	last := map[netip.Addr]int64{}
	for i := range flows {
		f := &flows[i]
		fail := func(what string) {
			t.Helper()
			t.Fatalf("flow %d: %s: %+v", i, what, *f)
		}
		if before, seen := last[f.Host]; seen && f.End < before {
			fail("time goes back")
		}
		last[f.Host] = f.End
		mtu := uint64(m.Manifest.Vocabulary.MTU)
		switch {
		case f.Host != f.SrcAddr && f.Host != f.DstAddr:
			fail("the host is at neither end")
		case !slices.ContainsFunc(internal, func(p netip.Prefix) bool { return p.Contains(f.Host) }):
			fail("the host is outside the internal networks")
		case f.Start > f.End || f.Start < 0:
			fail("it ends before it starts, or starts before 1970")
		case f.Proto != 6 && f.Proto != 17 && (f.SrcPort != 0 || (f.DstPort != 0 && f.Proto != 1)):
			fail("ports without TCP or UDP")
		case f.Packets < 1:
			fail("no packet")
		case f.Packets == 1 && f.Start != f.End:
			fail("one packet lasts")
		case f.Bytes < 28*f.Packets || f.Bytes > mtu*f.Packets:
			fail("bytes a packet out of range")
		case f.SrcAddr.Is4In6() || f.DstAddr.Is4In6():
			fail("IPv4 in IPv6")
		}
	}
}
