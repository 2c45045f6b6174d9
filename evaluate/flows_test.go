package evaluate

import (
	"encoding/csv"
	"iter"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"testing"

	"stan/dataset"
)

var testNetwork = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}

// setOf returns the flows as a set, in batches that cut hosts apart.
func setOf(name string, flows []dataset.Flow) Set {
	batches := func(yield func([]dataset.Flow, error) bool) {
		for batch := range slices.Chunk(flows, 97) {
			if !yield(batch, nil) {
				return
			}
		}
	}
	return Set{Name: name, Place: "flows/" + name, Flows: batches, Internal: testNetwork}
}

// compare leaves out what takes seconds and has tests of its own: discriminators, task models and attacks.
func compare(t *testing.T, real, synthetic, train []dataset.Flow) *Report {
	t.Helper()
	defer only(nil, nil, nil)()
	return compareAll(t, real, synthetic, train)
}

// only sets what is taken on samples, and returns what sets it back.
func only(d []discriminator, t []task, a []attack) (restore func()) {
	allDiscriminators, allTasks, allAttacks := discriminators, tasks, attacks
	discriminators, tasks, attacks = d, t, a
	return func() { discriminators, tasks, attacks = allDiscriminators, allTasks, allAttacks }
}

func compareAll(t *testing.T, real, synthetic, train []dataset.Flow) *Report {
	t.Helper()
	var trained *Set
	if train != nil {
		s := setOf("train", train)
		trained = &s
	}
	report, err := Compare(setOf("real", real), setOf("synthetic", synthetic), trained, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func testAddr(text string) netip.Addr { return netip.MustParseAddr(text) }

const testDay = 1_700_006_400_000_000 // 2023-11-15 00:00 UTC, µs

// office makes flows as a small office would: hosts that ask a few servers over TCP and UDP and are answered, most of
// them by day. Hosts have the addresses 10.1.NET.1 and on.
func office(seed uint64, net byte, hosts, rows int) []dataset.Flow {
	flows := make([]dataset.Flow, 0, hosts*rows)
	for host := range hosts {
		for flow := range officeHost(seed, netip.AddrFrom4([4]byte{10, 1, net, byte(host + 1)}), rows) {
			flows = append(flows, flow)
		}
	}
	return flows
}

// officeHost yields the flows of one host.
func officeHost(seed uint64, host netip.Addr, rows int) iter.Seq[dataset.Flow] {
	a := host.As4()
	return func(yield func(dataset.Flow) bool) {
		r := rand.New(rand.NewPCG(seed, uint64(a[2])<<8|uint64(a[3])))
		now := int64(testDay)
		var last dataset.Flow
		var gap float64
		for i := range rows {
			f := last
			if i%2 == 1 { // the answer
				f.SrcAddr, f.DstAddr, f.SrcPort, f.DstPort = last.DstAddr, last.SrcAddr, last.DstPort, last.SrcPort
				f.Packets += uint64(r.IntN(3))
			} else {
				server := netip.AddrFrom4([4]byte{198, 51, byte(r.IntN(4)), byte(r.IntN(40))})
				f = dataset.Flow{Host: host, SrcAddr: host, DstAddr: server, SrcPort: uint16(32768 + r.IntN(20000)),
					DstPort: 443, Proto: protoTCP, TCPFlags: 0x1b, Packets: uint64(3 + r.IntN(30))}
				if r.IntN(3) == 0 {
					f.DstPort, f.Proto, f.TCPFlags, f.Packets = 53, protoUDP, 0, 1
				}
				gap = 0.7*gap + r.ExpFloat64()
				now += int64(gap * float64(18*microsPerHour) / float64(rows) * 0.6)
			}
			f.Bytes = f.Packets * uint64(50+r.IntN(1000))
			f.End = now
			f.Start = now
			if f.Packets > 1 {
				f.Start -= int64(f.Packets) * int64(1+r.IntN(2000)) * microsPerMilli
			}
			last = f
			if !yield(f) {
				return
			}
		}
	}
}

// readFlows reads the CSV that scripts/evaluate_reference.py writes.
func readFlows(t *testing.T, path string) []dataset.Flow {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	var flows []dataset.Flow
	for _, r := range records[1:] {
		flows = append(flows, dataset.Flow{
			Host: netip.MustParseAddr(r[0]), Start: number(r[1]), End: number(r[2]),
			SrcAddr: netip.MustParseAddr(r[3]), DstAddr: netip.MustParseAddr(r[4]),
			SrcPort: uint16(number(r[5])), DstPort: uint16(number(r[6])), Proto: uint8(number(r[7])),
			TCPFlags: uint8(number(r[8])), ToS: uint8(number(r[9])),
			Packets: uint64(number(r[10])), Bytes: uint64(number(r[11])),
		})
	}
	return flows
}
