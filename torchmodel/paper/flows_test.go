package paper

import (
	"errors"
	"iter"
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"stan/dataset"
)

func batches(flows []dataset.Flow) iter.Seq2[[]dataset.Flow, error] {
	return func(yield func([]dataset.Flow, error) bool) { yield(flows, nil) }
}

// Flows that become rows and flows again keep what the columns hold: times of gaps, protocol, direction, octets and sizes, and
// the class of each port.
func TestFlowsAndBack(t *testing.T) {
	host, remote := netip.MustParseAddr("42.219.1.2"), netip.MustParseAddr("9.8.7.6")
	const day = 1_700_006_400_000_000
	flow := func(end int64, out bool, proto uint8, local, far uint16, packets, bytes uint64, ms int64) dataset.Flow {
		f := dataset.Flow{Host: host, SrcAddr: host, DstAddr: remote, SrcPort: local, DstPort: far, Proto: proto,
			Packets: packets, Bytes: bytes, Start: day + end - ms*1000, End: day + end}
		if !out {
			f.SrcAddr, f.DstAddr, f.SrcPort, f.DstPort = remote, host, far, local
		}
		return f
	}
	flows := []dataset.Flow{
		flow(3_600_000_000, true, 6, 50123, 443, 10, 4321, 1234),
		flow(3_600_000_000, false, 17, 53, 1024, 1, 60, 0),
		flow(3_905_000_000, true, 1, 0, 2048, 3, 252, 363_000),
		flow(3_905_001_000, false, 6, 65535, 1023, 350_000, 500_000_000, 10),
	}
	rows, err := FromFlows(batches(flows), day+3_599_000_000)
	if err != nil {
		t.Fatal(err)
	}
	if err := rows.Validate(); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	end := int64(day + 3_599_000_000)
	for i, want := range flows {
		end += Gap(rows.Row(i))
		got := Flow(rows.Row(i), host, end, r)
		for _, port := range []struct{ got, want *uint16 }{{&got.SrcPort, &want.SrcPort}, {&got.DstPort, &want.DstPort}} {
			if portClass(*port.got) != portClass(*port.want) {
				t.Errorf("flow %d: port %d, want one of the class of %d", i, *port.got, *port.want)
			}
			*port.got = *port.want
		}
		if got != want {
			t.Errorf("flow %d: got %+v, want %+v", i, got, want)
		}
		if hour := rows.Row(i)[0]; hour != 1 {
			t.Errorf("flow %d: hour %g, want 1", i, hour)
		}
	}
}

// What no column can hold is cut off at its end, or refused.
func TestFlowsBeyondColumns(t *testing.T) {
	host := netip.MustParseAddr("42.219.1.2")
	f := dataset.Flow{Host: host, SrcAddr: host, DstAddr: netip.MustParseAddr("9.8.7.6"), Proto: 47, Packets: math.MaxUint32,
		Bytes: math.MaxUint64, Start: 0, End: 86_400_000_000}
	rows, err := FromFlows(batches([]dataset.Flow{f}), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range FlowColumns() {
		if v := rows.Row(0)[i]; !c.Discrete() && i != hour && v != c.High {
			t.Errorf("%s: got %g, want the end of its range, %g", c.Name, v, c.High)
		}
	}
	f.DstAddr = netip.MustParseAddr("2001:db8::1")
	if _, err := FromFlows(batches([]dataset.Flow{f}), 0); !errors.Is(err, ErrFlow) || !strings.Contains(err.Error(), "2001:db8::1") {
		t.Errorf("IPv6: got error %v, want one that names the address", err)
	}
}

// Each class of ports gives ports of that class, evenly, and there are 1670 of them.
func TestPortClasses(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for class := range portClasses {
		seen := map[uint16]bool{}
		for range 2000 {
			p := port(class, r)
			if portClass(p) != class {
				t.Fatalf("class %d: port %d is of class %d", class, p, portClass(p))
			}
			seen[p] = true
		}
		want := 1
		if class >= knownPorts {
			want = min(portBin, 65536-(knownPorts+(class-knownPorts)*portBin))
		}
		if len(seen) != want {
			t.Errorf("class %d: %d ports drawn, want all %d", class, len(seen), want)
		}
	}
	if portClasses != 1670 {
		t.Errorf("%d classes of ports, want the paper's 1670", portClasses)
	}
}
