package torchmodel

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/wangkuiyi/gotorch/safetensors"

	"stan/dataset"
	"stan/dataset/encode"
)

// independentModel trains the baseline.
func independentModel(t *testing.T, flows Flows) *Model {
	t.Helper()
	o := tinyOptions()
	o.Arch = ArchIndependent
	return train(t, flows, t.TempDir(), o)
}

// counted is the baseline fitted to the reference flows' training hosts.
func counted(t *testing.T) (*independent, *sets) {
	t.Helper()
	o := tinyOptions()
	o.Arch = ArchIndependent
	s, err := splitSets(context.Background(), referenceFlows(t), nil, o, &watcher{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := countIndependent(s)
	if err != nil {
		t.Fatal(err)
	}
	return b, s
}

// flowSeq are batches of flows.
type flowSeq = iter.Seq2[[]dataset.Flow, error]

// class is what the baseline knows of a value: its class, as text, and how many values that has.
type class struct {
	name   string
	values float64
}

// valueOf is the class of a number, and the number of classes that have a value.
func valueOf(v int64, t *encode.Values) (class, int) {
	classes := len(t.Exact)
	var found class
	for bin := range valueBins {
		low, size := int64(0), 1.0
		if bin > 0 {
			low, size = int64(1)<<(bin-1), math.Exp2(float64(bin-1))
		}
		in := func(x int64) bool { return x >= low && float64(x-low) < size }
		left := size
		for _, x := range t.Exact {
			if in(x) {
				left--
			}
		}
		if left > 0 {
			classes++
		}
		if in(v) {
			found = class{fmt.Sprint("bin ", bin), left}
		}
	}
	if slices.Contains(t.Exact, v) {
		found = class{fmt.Sprint("exact ", v), 1}
	}
	return found, classes
}

func byteOf(x int, known []int) (class, int) {
	if slices.Contains(known, x) {
		return class{fmt.Sprint(x), 1}, len(known) + 1
	}
	return class{"other", float64(256 - len(known))}, len(known) + 1
}

func portOf(port int, proto uint8, v *encode.Vocabulary) (class, int) {
	classes := 1 + len(v.Ports) + 65536/512 + len(v.ICMPs) + 1
	switch {
	case proto == 1 && slices.Contains(v.ICMPs, port):
		return class{fmt.Sprint("icmp ", port), 1}, classes
	case proto == 1:
		return class{"other icmp", float64(65536 - len(v.ICMPs))}, classes
	case proto != 6 && proto != 17:
		return class{"none", 1}, classes
	case slices.Contains(v.Ports, port):
		return class{fmt.Sprint("port ", port), 1}, classes
	}
	left := 512.0
	for _, p := range v.Ports {
		if p/512 == port/512 {
			left--
		}
	}
	return class{fmt.Sprint("ports ", port/512), left}, classes
}

func placeOf(a netip.Addr, v *encode.Vocabulary) (class, int) {
	best := v.Internal[0] // one network
	if !best.Contains(a) {
		best = netip.Prefix{}
		for _, p := range v.Places[1:] {
			if p.Contains(a) && (!best.IsValid() || p.Bits() > best.Bits()) {
				best = p
			}
		}
	}
	return class{best.String(), math.Exp2(float64(a.BitLen() - best.Bits()))}, len(v.Places)
}

// classesOf are a flow's classes by head, and how many classes each head has.
func classesOf(f *dataset.Flow, gap int64, v *encode.Vocabulary) (c [Heads]class, n [Heads]int) {
	local, remote, out := int(f.DstPort), int(f.SrcPort), "in"
	if f.Outbound() {
		local, remote, out = int(f.SrcPort), int(f.DstPort), "out"
	}
	if f.Proto == 1 {
		remote = int(f.DstPort)
		c[LocalPort], n[LocalPort] = portOf(0, 0, v)
	} else {
		c[LocalPort], n[LocalPort] = portOf(local, f.Proto, v)
	}
	c[RemotePort], n[RemotePort] = portOf(remote, f.Proto, v)
	c[Gap], n[Gap] = valueOf(gap/v.Gap.Tick, &v.Gap)
	c[Duration], n[Duration] = valueOf((f.End-f.Start)/v.Duration.Tick, &v.Duration)
	c[Packets], n[Packets] = valueOf(int64(f.Packets), &v.Packets)
	c[Bytes], n[Bytes] = valueOf(int64(f.Bytes), &v.Bytes)
	c[Protocol], n[Protocol] = byteOf(int(f.Proto), v.Protos)
	c[Flags], n[Flags] = byteOf(int(f.TCPFlags), v.Flags)
	c[ToS], n[ToS] = byteOf(int(f.ToS), v.ToS)
	c[Place], n[Place] = placeOf(f.Remote(), v)
	label := f.Label
	if !slices.Contains(v.Labels, label) {
		label = v.Labels[0]
	}
	c[Direction], n[Direction] = class{out, 1}, 2
	c[Label], n[Label] = class{label, 1}, len(v.Labels)
	return c, n
}

// The baseline's likelihood is what counting in the plainest way gives.
func TestBaselineLikelihoodIsThatOfCounting(t *testing.T) {
	b, s := counted(t)
	first := s.about.First
	each := func(flows func() flowSeq, do func(c [Heads]class, n [Heads]int)) {
		var host netip.Addr
		var previous int64
		for batch, err := range flows() {
			if err != nil {
				t.Fatal(err)
			}
			for i := range batch {
				f := &batch[i]
				if f.Host != host {
					host, previous = f.Host, encode.StreamStart(f.End, first)
				}
				do(classesOf(f, f.End-previous, s.vocabulary))
				previous = f.End
			}
		}
	}
	counts, total := map[string]float64{}, 0.0
	each(s.train, func(c [Heads]class, _ [Heads]int) {
		total++
		for _, h := range independentHeads {
			counts[h.String()+c[h].name]++
		}
	})
	var want [Heads]float64
	var rows int64
	each(s.valid, func(c [Heads]class, n [Heads]int) {
		rows++
		for _, h := range independentHeads {
			want[h] += math.Log((total+addedCount*float64(n[h]))/(counts[h.String()+c[h].name]+addedCount)) + math.Log(c[h].values)
		}
	})
	got, err := b.evaluate(s.valid(), first)
	if err != nil || got.rows != rows {
		t.Fatalf("%d rows and error %v, want %d", got.rows, err, rows)
	}
	for _, h := range independentHeads {
		if d := math.Abs(got.heads[h.String()] - want[h]/float64(rows)); d > 1e-9 { // sums of some hundred terms in float64
			t.Errorf("%v: %.6f nats a row, want %.6f", h, got.heads[h.String()], want[h]/float64(rows))
		}
	}
}

// Over all values that an attribute can take, probabilities sum to 1.
func TestBaselineProbabilitiesSumToOne(t *testing.T) {
	b, s := counted(t)
	v := s.vocabulary
	sum := func(h Head, values int, of func(x int) int) (total float64) {
		for x := range values {
			total += math.Exp(-b.heads[h].nll(of(x)))
		}
		return total
	}
	known := func(list []int) func(int) int {
		return func(x int) int {
			if i := slices.Index(list, x); i >= 0 {
				return i
			}
			return len(list)
		}
	}
	itself := func(x int) int { return x }
	port := v.PortClass()
	ports := func(h Head) float64 { // none, TCP and UDP, ICMP
		return math.Exp(-b.heads[h].nll(0)) + sum(h, 65536, func(x int) int { return int(port[x]) }) +
			sum(h, 65536, func(x int) int { return v.FirstICMP() + known(v.ICMPs)(x) })
	}
	// numbers are summed one by one up to 2^16, and by their bins above.
	numbers := func(h Head, t *encode.Values) float64 {
		total := sum(h, 1<<16, func(x int) int {
			atom, _ := slices.BinarySearch(t.Exact, int64(x))
			if !slices.Contains(t.Exact, int64(x)) {
				atom = len(t.Exact)
			}
			return valueClass(uint16(atom), int64(x), t)
		})
		for c, n := range b.heads[h].values {
			if c < len(t.Exact) && t.Exact[c] < 1<<16 || c >= len(t.Exact) && c <= len(t.Exact)+16 || n == 0 {
				continue
			}
			total += n * math.Exp(-b.heads[h].nll(c))
		}
		return total
	}
	places := 0.0 // a place's probability is spread over its addresses
	for c, n := range b.heads[Place].values {
		places += n * math.Exp(-b.heads[Place].nll(c))
	}
	for name, got := range map[string]float64{
		"protocol": sum(Protocol, 256, known(v.Protos)), "flags": sum(Flags, 256, known(v.Flags)),
		"tos": sum(ToS, 256, known(v.ToS)), "direction": sum(Direction, 2, itself), "label": sum(Label, len(v.Labels), itself),
		"local port": ports(LocalPort), "remote port": ports(RemotePort), "gap": numbers(Gap, &v.Gap),
		"duration": numbers(Duration, &v.Duration), "packets": numbers(Packets, &v.Packets), "bytes": numbers(Bytes, &v.Bytes),
		"place": places,
	} {
		if math.Abs(got-1) > 1e-9 {
			t.Errorf("%s: probabilities sum to %.12f, want 1", name, got)
		}
	}
}

// What the baseline draws is distributed as what it counted.
func TestBaselineDrawsWhatItCounted(t *testing.T) {
	const draws = 30000
	b, s := counted(t)
	v := s.vocabulary
	drawn := map[string]float64{}
	r := rand.New(rand.NewPCG(3, 4))
	number := func(h Head, x int64, t *encode.Values) {
		atom, exact := slices.BinarySearch(t.Exact, x)
		if !exact {
			atom = len(t.Exact)
		}
		drawn[fmt.Sprint(h, valueClass(uint16(atom), x, t))]++
	}
	octet := func(h Head, x uint8, known []int) {
		c := slices.Index(known, int(x))
		if c < 0 {
			c = len(known)
		}
		drawn[fmt.Sprint(h, c)]++
	}
	for range draws {
		row := b.row(r, networks[0].Addr())
		number(Gap, row.Gap, &v.Gap)
		number(Duration, row.Duration, &v.Duration)
		number(Packets, row.Packets, &v.Packets)
		number(Bytes, row.Bytes, &v.Bytes)
		octet(Protocol, row.Proto, v.Protos)
		octet(Flags, row.Flags, v.Flags)
		octet(ToS, row.ToS, v.ToS)
		drawn[fmt.Sprint(Direction, row.Outbound)]++
		drawn[fmt.Sprint(Label, row.Label)]++
	}
	for _, h := range []Head{Gap, Duration, Packets, Bytes, Protocol, Flags, ToS, Direction, Label} {
		for c, n := range b.heads[h].counts {
			p := n / b.heads[h].total
			got := drawn[fmt.Sprint(h, c)] / draws
			// Five standard errors: there are some thousand classes. A class that was not counted is never drawn.
			if bound := 5*math.Sqrt(p*(1-p)/draws) + 2/draws*math.Ceil(p); math.Abs(got-p) > bound {
				t.Errorf("%v: class %d is %.4f of the draws, want %.4f within %.4f", h, c, got, p, bound)
			}
		}
	}
}

func TestBaselineIsReadAsItWasWritten(t *testing.T) {
	m := independentModel(t, referenceFlows(t))
	b, _ := counted(t)
	got, err := m.readIndependent()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range independentHeads {
		if !slices.Equal(got.heads[h].counts, b.heads[h].counts) || got.heads[h].total != b.heads[h].total {
			t.Errorf("%v: the counts of the model differ from those of training", h)
		}
	}
	for name, change := range map[string]func(*contents){
		"a count below 0": func(c *contents) { c.array(countsName(Flags)).Data[3] |= 0x80 },
		"too few counts": func(c *contents) {
			*c.array(countsName(Bytes)) = safetensors.Float32Tensor(countsName(Bytes), []float32{1, 2}, 2)
		},
		"a missing head": func(c *contents) { c.array(countsName(ToS)).Name = "counts.colour" },
		"weights of a net": func(c *contents) {
			c.arrays = append(c.arrays, safetensors.Float32Tensor("Network.Context.Bias", []float32{1}, 1))
		},
	} {
		t.Run(name, func(t *testing.T) { refused(t, rewritten(t, m, change), weightsFile) })
	}
}
