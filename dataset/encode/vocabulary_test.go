package encode_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"stan/dataset"
	"stan/dataset/encode"
)

// Sums over many values must round the same each time: two trainings with one seed are one model.
func TestFitGivesTheSameVocabularyAgain(t *testing.T) {
	flows, first := realFlows(t)
	want, err := json.Marshal(fit(t, flows, first, 2))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got, _ := json.Marshal(fit(t, flows, first, 2)); string(got) != string(want) {
			t.Fatal("a second fit of the same flows differs")
		}
	}
}

func TestFitEndsWithTheFlows(t *testing.T) {
	broken := errors.New("the file is gone")
	_, err := encode.Fit(func(yield func([]dataset.Flow, error) bool) { yield(nil, broken) }, encode.FitOptions{Internal: internal})
	if !errors.Is(err, broken) {
		t.Errorf("got error %v, want that of the flows", err)
	}
}

// Networks that do not hold the hosts would make every address an external one, and go into the model as they are.
func TestFitRefusesHostsOutsideTheNetworks(t *testing.T) {
	flows := []dataset.Flow{one(func(*dataset.Flow) {}), one(func(f *dataset.Flow) { f.Host = netip.MustParseAddr("10.1.2.3") })}
	_, err := encode.Fit(batches(flows, 1), encode.FitOptions{Internal: internal})
	if !errors.Is(err, dataset.ErrInput) || !strings.Contains(err.Error(), "10.1.2.3") {
		t.Errorf("got error %v, want %v that names the host", err, dataset.ErrInput)
	}
}

// one is a flow out of 42.219.1.2, changed.
func one(change func(*dataset.Flow)) dataset.Flow {
	host := netip.MustParseAddr("42.219.1.2")
	f := dataset.Flow{
		Host: host, Start: 1_460_332_800_000_000, End: 1_460_332_801_000_000, SrcAddr: host, DstAddr: netip.MustParseAddr("8.8.8.8"),
		SrcPort: 1000, DstPort: 53, Proto: 17, Packets: 1, Bytes: 60,
	}
	change(&f)
	return f
}

// Bytes a packet are bounded by what the exporter's network carries; a stray flow in ten thousand does not widen it.
func TestMTU(t *testing.T) {
	small, jumbo, huge := one(func(*dataset.Flow) {}), one(func(f *dataset.Flow) { f.Bytes = 8000 }), one(func(f *dataset.Flow) { f.Bytes = 40000 })
	for name, tc := range map[string]struct {
		flows []dataset.Flow
		want  int
	}{
		"Ethernet":             {[]dataset.Flow{small, small}, 1500},
		"jumbo frames":         {[]dataset.Flow{small, jumbo}, 9000},
		"offloaded":            {[]dataset.Flow{small, jumbo, huge}, 65535},
		"one stray of 10,000":  {append(slices.Repeat([]dataset.Flow{small}, 9999), huge), 1500},
		"two strays of 10,000": {append(slices.Repeat([]dataset.Flow{small}, 9998), jumbo, jumbo), 9000},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fit(t, tc.flows, small.Start, 1).MTU; got != tc.want {
				t.Errorf("MTU %d, want %d", got, tc.want)
			}
		})
	}
}

// Flags whose flows have several packets, but for one in a thousand, are told from others.
func TestFlagsOfSeveralPackets(t *testing.T) {
	single := one(func(f *dataset.Flow) { f.Proto, f.TCPFlags, f.Packets = 6, 2, 1 })
	closed := one(func(f *dataset.Flow) { f.Proto, f.TCPFlags, f.Packets, f.Bytes = 6, 27, 6, 600 })
	odd := one(func(f *dataset.Flow) { f.Proto, f.TCPFlags, f.Packets = 6, 27, 1 })
	for name, tc := range map[string]struct {
		flows []dataset.Flow
		want  map[int]int
	}{
		"never one":          {append(slices.Repeat([]dataset.Flow{closed}, 100), single), map[int]int{2: 1, 27: 17}},
		"one in a thousand":  {append(slices.Repeat([]dataset.Flow{closed}, 999), odd), map[int]int{27: 17}},
		"two in a thousand":  {append(slices.Repeat([]dataset.Flow{closed}, 998), odd, odd), map[int]int{27: 1}},
		"too few to tell of": {slices.Repeat([]dataset.Flow{closed}, 99), map[int]int{27: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			v := fit(t, tc.flows, single.Start, 1)
			for i, flags := range v.Flags {
				if v.FlagsProtos[i] != tc.want[flags] {
					t.Errorf("flags %d: set %d, want %d", flags, v.FlagsProtos[i], tc.want[flags])
				}
			}
			if len(v.Flags) != len(tc.want) {
				t.Errorf("flags %v, want %d of them", v.Flags, len(tc.want))
			}
		})
	}
}

// Only flows of several packets count that answer one which took some time: of their conversation, the last, and the other way.
func TestShorterRepliesAreCounted(t *testing.T) {
	at := func(outbound bool, port uint16, packets uint64, lasts int64) dataset.Flow {
		return one(func(f *dataset.Flow) {
			f.DstPort, f.Packets, f.Start = port, packets, f.End-lasts
			f.Bytes = 100 * packets
			if !outbound {
				f.SrcAddr, f.DstAddr, f.SrcPort, f.DstPort = f.DstAddr, f.SrcAddr, f.DstPort, f.SrcPort
			}
		})
	}
	const ms = 1000
	for name, tc := range map[string]struct {
		flows []dataset.Flow
		want  float64
	}{
		"longer and as long":            {[]dataset.Flow{at(true, 80, 2, 40*ms), at(false, 80, 2, 44*ms), at(true, 80, 2, 44*ms)}, 0},
		"one of two is shorter":         {[]dataset.Flow{at(true, 80, 2, 40*ms), at(false, 80, 2, 36*ms), at(true, 80, 2, 36*ms)}, 0.5},
		"the same way":                  {[]dataset.Flow{at(true, 80, 2, 40*ms), at(true, 80, 2, 36*ms)}, 0},
		"of another conversation":       {[]dataset.Flow{at(true, 80, 2, 40*ms), at(false, 443, 2, 36*ms)}, 0},
		"a single packet":               {[]dataset.Flow{at(true, 80, 2, 40*ms), at(false, 80, 1, 0)}, 0},
		"an answer to what was at once": {[]dataset.Flow{at(true, 80, 1, 0), at(false, 80, 2, 36*ms)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fit(t, tc.flows, tc.flows[0].Start, 1).ShorterReplies; got != tc.want {
				t.Errorf("a share of %g is shorter, want %g", got, tc.want)
			}
		})
	}
}

// Times keep the coarsest part of a second that loses nothing.
func TestTicks(t *testing.T) {
	const second = 1_460_332_800_000_000
	for name, tc := range map[string]struct{ start, end, gap, duration int64 }{
		"seconds":              {second, second + 3_000_000, 1_000_000, 1_000_000},
		"ends in seconds":      {second + 500_000, second + 3_000_000, 1_000_000, 500_000},
		"milliseconds":         {second + 2_000, second + 3_000, 1_000, 1_000},
		"a clock of 250 Hz":    {second + 8_000, second + 12_000, 4_000, 4_000},
		"microseconds":         {second + 1, second + 1, 1, 1_000_000},
		"longer than the tick": {second, second + 2_500_001, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			v := fit(t, []dataset.Flow{one(func(f *dataset.Flow) { f.Start, f.End = tc.start, tc.end })}, tc.start, 1)
			if v.Gap.Tick != tc.gap || v.Duration.Tick != tc.duration {
				t.Errorf("ticks %d and %d µs, want %d and %d", v.Gap.Tick, v.Duration.Tick, tc.gap, tc.duration)
			}
		})
	}
}

// A remote address belongs to the narrowest place around it; what is internal is place 0.
func TestPlacesAreTheLongestMatch(t *testing.T) {
	v := fit(t, []dataset.Flow{one(func(*dataset.Flow) {})}, 0, 1)
	for _, p := range []string{"42.219.0.0/16", "8.8.8.8/32", "9.9.9.9/32", "8.8.8.0/24", "8.8.0.0/16", "2001:db8::1/128", "2001:db8::/32", "0.0.0.0/0", "::/0"} {
		v.Places = append(v.Places, netip.MustParsePrefix(p))
	}
	v.Places, v.PlaceInputs = v.Places[len(v.Places)-9:], 2
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	for remote, want := range map[string]int{
		"42.219.7.7": 0, "8.8.8.8": 1, "8.8.8.9": 3, "8.8.9.9": 4, "9.9.9.9": 2, "9.9.9.8": 7, "2001:db8::1": 5, "2001:db8::2": 6, "2002::1": 8,
	} {
		f := one(func(f *dataset.Flow) { f.DstAddr = netip.MustParseAddr(remote) })
		e := encode.NewEncoder(v, 0)
		e.Begin(&f)
		if got := e.Encode(nil, []dataset.Flow{f})[0].Place; int(got) != want {
			t.Errorf("%s is in place %d, want %d, %v", remote, got, want, v.Places[want])
		}
	}
	if got, want := v.PlaceBits(), []uint8{112, 128, 128, 120, 112, 128, 32, 96, 0}; !slices.Equal(got, want) {
		t.Errorf("prefix lengths %v, want %v", got, want)
	}
	// Rows of the input table: internal, IPv6, any, one a first octet, and then the places with one of their own.
	bucket, rows := v.PlaceBuckets()
	if want := []int32{0, 259, 260, 3 + 8, 3 + 8, 1, 1, 2, 2}; !slices.Equal(bucket, want) || rows != 261 {
		t.Errorf("rows %v of %d, want %v of 261", bucket, rows, want)
	}
	// Two networks count as one of their size together.
	v.Internal = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/9"), netip.MustParsePrefix("10.128.0.0/9")}
	if got := v.PlaceBits()[0]; got != 104 {
		t.Errorf("two networks of 2^23 addresses have prefix length %d of 128, want 104", got)
	}
}

func TestWordsAreAddressesInOrder(t *testing.T) {
	got := encode.Words([]netip.Addr{netip.MustParseAddr("1.2.3.4"), netip.MustParseAddr("2001:db8::5")})
	if want := []uint32{0, 0, 0xffff, 0x01020304, 0x20010db8, 0, 0, 5}; !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestVocabulariesOutOfRangeAreRefused(t *testing.T) {
	flows, first := realFlows(t)
	good, err := json.Marshal(fit(t, flows, first, 2))
	if err != nil {
		t.Fatal(err)
	}
	ascending := func(n int) (list []int) {
		for i := range n {
			list = append(list, i)
		}
		return list
	}
	for says, damage := range map[string]func(*encode.Vocabulary){
		"gap: tick 7":                    func(v *encode.Vocabulary) { v.Gap.Tick = 7 },
		"packets: exact values":          func(v *encode.Vocabulary) { v.Packets.Exact = []int64{-1, 4} },
		"bytes: exact values":            func(v *encode.Vocabulary) { v.Bytes.Exact = make([]int64, 65535) },
		"duration: centre":               func(v *encode.Vocabulary) { v.Duration.Scale = 0 },
		"tos: value -1":                  func(v *encode.Vocabulary) { v.ToS = []int{-1} },
		"protos: 256 values":             func(v *encode.Vocabulary) { v.Protos = ascending(256) },
		"port_protos: set 16":            func(v *encode.Vocabulary) { v.PortProtos[0] = 16 },
		"flags_protos: set 32":           func(v *encode.Vocabulary) { v.FlagsProtos[0] = 32 },
		"flags_protos: set -1":           func(v *encode.Vocabulary) { v.FlagsProtos[0] = -1 },
		"port_protos: 0 entries":         func(v *encode.Vocabulary) { v.PortProtos = nil },
		"icmps: value 65536":             func(v *encode.Vocabulary) { v.ICMPs = []int{65536} },
		"icmps: 20000 entries":           func(v *encode.Vocabulary) { v.ICMPs = ascending(20000) },
		"ports: 512 entries, want":       func(v *encode.Vocabulary) { v.Ports, v.PortProtos = ascending(512), make([]int, 512) },
		"labels: 256 entries":            func(v *encode.Vocabulary) { v.Labels = make([]string, 256) },
		"places: 2 entries":              func(v *encode.Vocabulary) { v.Places, v.PlaceInputs = v.Places[:2], 0 },
		"place_inputs: -1":               func(v *encode.Vocabulary) { v.PlaceInputs = -1 },
		"shorter_replies: 2":             func(v *encode.Vocabulary) { v.ShorterReplies = 2 },
		"mtu: 70000":                     func(v *encode.Vocabulary) { v.MTU = 70000 },
		`"10.0.0.1/8" is no network`:     func(v *encode.Vocabulary) { v.Internal = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/8")} },
		`"invalid Prefix" is no network`: func(v *encode.Vocabulary) { v.Places[2] = netip.Prefix{} },
	} {
		t.Run(says, func(t *testing.T) {
			var v encode.Vocabulary
			if err := json.Unmarshal(good, &v); err != nil {
				t.Fatal(err)
			}
			damage(&v)
			if err := v.Validate(); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("got error %v, want one that says %q", err, says)
			}
		})
	}
}

// What small hosts are there for counts as much as what large ones do.
func TestServicePortsAreThoseOfHosts(t *testing.T) {
	var flows []dataset.Flow
	for host, ports := range [][]int{{25}, {25}, nil, nil} { // two small mail servers, two large hosts of many ports
		if ports == nil {
			for p := range 2 * encode.Services {
				ports = append(ports, 3000+p)
			}
		}
		for i := range 20 * len(ports) {
			flows = append(flows, one(func(f *dataset.Flow) {
				f.Host = netip.AddrFrom4([4]byte{42, 219, 1, byte(host)})
				f.SrcAddr, f.SrcPort, f.DstPort = f.Host, uint16(40000+i%7), uint16(ports[i%len(ports)])
			}))
		}
	}
	v := fit(t, flows, flows[0].Start, 2)
	if !slices.Contains(v.ServicePort, 25) || len(v.ServicePort) != encode.Services || !slices.IsSorted(v.ServicePort) {
		t.Errorf("services %v, want %d in ascending order with 25 among them", v.ServicePort, encode.Services)
	}
}
