package torchmodel

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/wangkuiyi/gotorch/safetensors"

	"stan/dataset"
	"stan/dataset/encode"
)

// The independent baseline (the paper's B1): every attribute is drawn by itself from its distribution in the training set.
// It knows the same vocabulary as the network. A value that is none of the exact ones lies in a bin of a factor of 2,
// evenly; a class of several values has them evenly; every count has one half added.

// valueBins is the number of factors of 2 that values fall into.
const valueBins = 64

// marginal is the distribution of one attribute: a count for every class, and how many values the class has.
type marginal struct {
	counts, values []float64
	total, classes float64 // classes that have a value
}

func newMarginal(values []float64) marginal {
	m := marginal{counts: make([]float64, len(values)), values: values}
	for _, n := range values {
		if n > 0 {
			m.classes++
		}
	}
	return m
}

func (m *marginal) add(class int) { m.counts[class]++; m.total++ }

const addedCount = 0.5

// nll is the negative log-likelihood of one value of a class, in nats.
func (m *marginal) nll(class int) float64 {
	return math.Log((m.total+addedCount*m.classes)/(m.counts[class]+addedCount)) + math.Log(m.values[class])
}

// draw draws a class in proportion to its count.
func (m *marginal) draw(r *rand.Rand) int {
	x := r.Float64() * m.total
	last := len(m.counts) - 1
	for c, n := range m.counts {
		if n == 0 {
			continue
		}
		if x -= n; x < 0 {
			return c
		}
		last = c
	}
	return last
}

// array are the counts as an array of a file.
func (m *marginal) array(name string) safetensors.Tensor {
	counts := make([]float32, len(m.counts))
	for i, n := range m.counts {
		counts[i] = float32(n)
	}
	return safetensors.Float32Tensor(name, counts, int64(len(counts)))
}

// setCounts takes the counts of a file.
func (m *marginal) setCounts(counts []float32) error {
	if len(counts) != len(m.counts) {
		return fmt.Errorf("%d counts, want %d", len(counts), len(m.counts))
	}
	for c, n := range counts {
		if n < 0 || n > 0 && m.values[c] <= 0 {
			return fmt.Errorf("count %g of class %d, want at least 0, and 0 of a class without values", n, c)
		}
		m.counts[c] = float64(n)
		m.total += float64(n)
	}
	return nil
}

// independentHeads are the attributes that the baseline draws; the others of a stan row follow from lists that it lacks.
var independentHeads = []Head{Gap, Place, Direction, Protocol, LocalPort, RemotePort, Flags, ToS, Duration, Packets, Bytes, Label}

// independent is the baseline's state: a marginal for each head.
type independent struct {
	v        *encode.Vocabulary
	heads    [Heads]marginal
	profiles *Profiles
	binPorts []uint16
	binStart []int32
	sum      rowSum // of the rows that were counted
}

func newIndependent(v *encode.Vocabulary) *independent {
	b := &independent{v: v}
	b.binPorts, b.binStart = v.Bins()
	places := make([]float64, len(v.Places))
	for i, bits := range v.PlaceBits() {
		places[i] = math.Exp2(float64(128 - int(bits)))
	}
	ports := slices.Repeat([]float64{1}, v.PortClasses())
	for bin := range len(b.binStart) - 1 {
		ports[v.FirstBin()+bin] = float64(b.binStart[bin+1] - b.binStart[bin])
	}
	ports[len(ports)-1] = float64(65536 - len(v.ICMPs))
	for h, values := range map[Head][]float64{
		Gap: valuesOf(&v.Gap), Duration: valuesOf(&v.Duration), Packets: valuesOf(&v.Packets), Bytes: valuesOf(&v.Bytes),
		Place: places, Direction: {1, 1}, Protocol: bytesBeside(v.Protos), LocalPort: ports, RemotePort: ports,
		Flags: bytesBeside(v.Flags), ToS: bytesBeside(v.ToS), Label: slices.Repeat([]float64{1}, len(v.Labels)),
	} {
		b.heads[h] = newMarginal(values)
	}
	return b
}

// valuesOf counts the values of each class of a continuous attribute: the exact ones, and then for each factor of 2 those
// that are none of them.
func valuesOf(t *encode.Values) []float64 {
	out := slices.Repeat([]float64{1}, len(t.Exact)+valueBins)
	for bin := 1; bin < valueBins; bin++ {
		out[len(t.Exact)+bin] = math.Exp2(float64(bin - 1))
	}
	for _, x := range t.Exact {
		out[len(t.Exact)+valueBin(x)]--
	}
	return out
}

// bytesBeside counts the values of each class of a byte: the known ones, and all others.
func bytesBeside(known []int) []float64 {
	return append(slices.Repeat([]float64{1}, len(known)), float64(256-len(known)))
}

// valueBin is a value's factor of 2: 0 for 0, n for 2^(n-1) to 2^n-1.
func valueBin(v int64) int { return bits.Len64(uint64(v)) }

// valueClass is a value's index among the exact ones, or after those its factor of 2.
func valueClass(atom uint16, v int64, t *encode.Values) int {
	if int(atom) < len(t.Exact) {
		return int(atom)
	}
	return len(t.Exact) + valueBin(v)
}

// classes are a row's classes by head.
func (b *independent) classes(r *encode.Row) (c [Heads]int) {
	v := b.v
	c[Gap], c[Duration] = valueClass(r.GapAtom, r.Gap, &v.Gap), valueClass(r.DurationAtom, r.Duration, &v.Duration)
	c[Packets], c[Bytes] = valueClass(r.PacketsAtom, r.Packets, &v.Packets), valueClass(r.BytesAtom, r.Bytes, &v.Bytes)
	c[Place], c[Direction], c[Protocol] = int(r.Place), int(r.Outbound), int(r.ProtoClass)
	c[LocalPort], c[RemotePort] = int(r.LocalPortClass), int(r.RemotePortClass)
	c[Flags], c[ToS], c[Label] = int(r.FlagsClass), int(r.ToSClass), int(r.Label)
	return c
}

// encodedRows encodes flows, calls f for each row, and returns the rows' digest.
func encodedRows(flows iter.Seq2[[]dataset.Flow, error], v *encode.Vocabulary, capture int64, f func(*encode.Row)) (sum rowSum, err error) {
	e := encode.NewEncoder(v, capture)
	var host netip.Addr
	var rows []encode.Row
	for batch, err := range flows {
		if err != nil {
			return 0, err
		}
		for len(batch) > 0 {
			n := sameHost(batch)
			if batch[0].Host != host {
				host = batch[0].Host
				e.Begin(&batch[0])
			}
			rows = e.Encode(rows[:0], batch[:n])
			for i := range rows {
				sum.add(&rows[i])
				f(&rows[i])
			}
			batch = batch[n:]
		}
	}
	return sum, nil
}

// countIndependent counts the training set.
func countIndependent(s *sets) (*independent, error) {
	b := newIndependent(s.vocabulary)
	var err error
	b.sum, err = encodedRows(s.train(), s.vocabulary, s.about.First, func(r *encode.Row) {
		c := b.classes(r)
		for _, h := range independentHeads {
			b.heads[h].add(c[h])
		}
	})
	return b, err
}

// trainIndependent writes the baseline as a model.
func trainIndependent(_ context.Context, s *sets, b *independent, dir string, o TrainOptions, obs Observer) (*Model, error) {
	var err error
	if b.profiles, err = profilesOf(s, room{o.Memory, dir}); err != nil {
		return nil, err
	}
	about := s.about
	about.ValidNLL = about.BaselineNLL
	obs.Valid(validation(0, 0, about.ValidNLL))
	arrays := b.profiles.arrays()
	for _, h := range independentHeads {
		arrays = append(arrays, b.heads[h].array(countsName(h)))
	}
	return saveModel(dir, Manifest{Arch: ArchIndependent, Vocabulary: s.vocabulary, Training: about}, arrays)
}

// validation is the likelihood of a model that is trained in one go.
func validation(step int, rows int64, heads map[string]float64) Validation {
	v := Validation{Step: step, Rows: rows, Heads: heads, Best: true}
	for _, x := range heads {
		v.NLL += x
	}
	return v
}

func countsName(h Head) string { return "counts." + h.String() }

// flowsNLL is the likelihood of flows.
type flowsNLL struct {
	heads map[string]float64 // nats a row by attribute
	rows  int64
	sum   rowSum
}

func (b *independent) evaluate(flows iter.Seq2[[]dataset.Flow, error], capture int64) (flowsNLL, error) {
	var nats [Heads]float64
	out := flowsNLL{heads: map[string]float64{}}
	var err error
	out.sum, err = encodedRows(flows, b.v, capture, func(r *encode.Row) {
		c := b.classes(r)
		out.rows++
		for _, h := range independentHeads {
			nats[h] += b.heads[h].nll(c[h])
		}
	})
	for _, h := range independentHeads {
		out.heads[h.String()] = nats[h] / float64(max(out.rows, 1))
	}
	return out, err
}

// checkIndependent checks that the arrays are those of the baseline.
func (m *Model) checkIndependent(int64) error {
	_, err := m.readIndependent()
	return err
}

// readIndependent makes the baseline of a loaded model.
func (m *Model) readIndependent() (*independent, error) {
	b := newIndependent(m.Manifest.Vocabulary)
	if got, want := len(m.arrays), len(independentHeads)+len(m.profiles.arrays()); got != want {
		return nil, fmt.Errorf("%d tensors, want %d", got, want)
	}
	for _, h := range independentHeads {
		if err := b.heads[h].setCounts(m.arrays[countsName(h)].Float32s()); err != nil {
			return nil, fmt.Errorf("%s: %w", h, err)
		}
	}
	return b, nil
}

// independentWorker generates hosts one after the other.
func (g *generation) independentWorker(ctx context.Context) error {
	b, err := g.m.readIndependent()
	if err != nil {
		return err
	}
	for j := g.take(); j != nil; j = g.take() {
		if err := g.independentHost(ctx, b, j); err != nil {
			return err
		}
	}
	return nil
}

func (g *generation) independentHost(ctx context.Context, b *independent, j *job) error {
	r := rand.New(rand.NewPCG(g.o.Seed, uint64(j.host)+1<<40))
	clock := g.start
	var flows []dataset.Flow
	for left := j.planned(); left > 0; left-- {
		row := b.row(r, g.addrs[j.host])
		if row.Gap > (g.end-1-clock)/b.v.Gap.Tick {
			break
		}
		clock += row.Gap * b.v.Gap.Tick
		row.End = clock
		flows = append(flows, b.v.Decode(&row, g.addrs[j.host]))
		if len(flows) == deliveredRows {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := g.deliver(flows); err != nil {
				return err
			}
			flows = flows[:0]
		}
	}
	return g.deliver(flows)
}

// deliveredRows is the number of rows that a sink takes at once.
const deliveredRows = 1 << 12

// row draws every attribute of a host's row by itself.
func (b *independent) row(r *rand.Rand, host netip.Addr) encode.Row {
	v := b.v
	row := encode.Row{
		Gap: b.value(r, Gap, &v.Gap), Duration: b.value(r, Duration, &v.Duration), Packets: b.value(r, Packets, &v.Packets),
		Bytes: b.value(r, Bytes, &v.Bytes), Outbound: uint8(b.heads[Direction].draw(r)), Label: uint8(b.heads[Label].draw(r)),
		Proto: b.byteOf(r, Protocol, v.Protos), Flags: b.byteOf(r, Flags, v.Flags), ToS: b.byteOf(r, ToS, v.ToS),
		LocalPort: b.port(r, LocalPort), RemotePort: b.port(r, RemotePort),
	}
	copy(row.Addr[:], encode.Words([]netip.Addr{b.remote(r, host)}))
	return row
}

// remote draws an address of the host's IP version.
func (b *independent) remote(r *rand.Rand, host netip.Addr) netip.Addr {
	const attempts = 1000
	for range attempts {
		c := b.heads[Place].draw(r)
		networks := b.v.Places[c : c+1]
		if c == 0 {
			networks = b.v.Internal
		}
		if networks = ofVersion(networks, host.Is6()); len(networks) > 0 {
			return inside(networks[r.IntN(len(networks))], r)
		}
	}
	any := ofVersion(b.v.Places, host.Is6())
	return inside(any[len(any)-1], r)
}

func (b *independent) value(r *rand.Rand, h Head, t *encode.Values) int64 {
	c := b.heads[h].draw(r)
	if c < len(t.Exact) {
		return t.Exact[c]
	}
	bin := c - len(t.Exact)
	if bin == 0 {
		return 0
	}
	low := int64(1) << (bin - 1)
	for {
		x := low + r.Int64N(low)
		if _, exact := slices.BinarySearch(t.Exact, x); !exact {
			return x
		}
	}
}

func (b *independent) byteOf(r *rand.Rand, h Head, known []int) uint8 {
	if c := b.heads[h].draw(r); c < len(known) {
		return uint8(known[c])
	}
	return uint8(unknown(r, 256, known))
}

// unknown draws a number below n that is none of known.
func unknown(r *rand.Rand, n int, known []int) int {
	for {
		if x := r.IntN(n); !slices.Contains(known, x) {
			return x
		}
	}
}

func (b *independent) port(r *rand.Rand, h Head) uint16 {
	v := b.v
	switch c := b.heads[h].draw(r); {
	case c == 0:
		return 0
	case c < v.FirstBin():
		return uint16(v.Ports[c-1])
	case c < v.FirstICMP():
		bin := c - v.FirstBin()
		return b.binPorts[b.binStart[bin]+r.Int32N(b.binStart[bin+1]-b.binStart[bin])]
	case c < v.PortClasses()-1:
		return uint16(v.ICMPs[c-v.FirstICMP()])
	}
	return uint16(unknown(r, 65536, v.ICMPs))
}
