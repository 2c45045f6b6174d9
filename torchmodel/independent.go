package torchmodel

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"slices"

	"stan/dataset"
	"stan/dataset/encode"
)

// The independent baseline (the paper's B1): every attribute is drawn by itself from its distribution in the training set.
// It knows the same vocabulary as the network. A value that is none of the exact ones lies in a bin of a factor of 2,
// evenly; every count has one half added.

// valueBins is the number of factors of 2 that values fall into.
const valueBins = 64

// marginal is the distribution of one attribute: a count for every class.
type marginal struct {
	counts []float64
	total  float64
}

func newMarginal(classes int64) marginal { return marginal{counts: make([]float64, classes)} }

func (m *marginal) add(class int) { m.counts[class]++; m.total++ }

const addedCount = 0.5

// nll is the negative log-likelihood of a class, in nats.
func (m *marginal) nll(class int) float64 {
	return math.Log((m.total + addedCount*float64(len(m.counts))) / (m.counts[class] + addedCount))
}

// draw draws a class in proportion to its count.
func (m *marginal) draw(r *rand.Rand) int {
	x := r.Float64() * m.total
	for c, n := range m.counts {
		if x -= n; x < 0 {
			return c
		}
	}
	return len(m.counts) - 1
}

// independentHeads are the attributes that the baseline draws; the others of a stan row follow from lists that it lacks.
var independentHeads = []Head{Gap, Place, Direction, Protocol, LocalPort, RemotePort, Flags, ToS, Duration, Packets, Bytes, Label}

// independent is the baseline's state: a marginal for each head. Values have valueBins classes beside the exact ones.
type independent struct {
	v        *encode.Vocabulary
	heads    [Heads]marginal
	profiles *Profiles
	bits     []uint8
	binPorts []uint16
	binStart []int32
}

func newIndependent(v *encode.Vocabulary) *independent {
	b := &independent{v: v, bits: v.PlaceBits()}
	b.binPorts, b.binStart = v.Bins()
	l := newLayout(v)
	for _, h := range independentHeads {
		n := l.classes[h]
		switch h {
		case Gap, Duration, Packets, Bytes:
			n += valueBins - 1
		case LocalPort, RemotePort:
			n = int64(v.PortClasses())
		}
		b.heads[h] = newMarginal(n)
	}
	return b
}

// class of a value: its index among the exact ones, or after those its factor of 2.
func valueClass(atom uint16, v int64, t *encode.Values) (class int, rest float64) {
	if int(atom) < len(t.Exact) {
		return int(atom), 0
	}
	bin := bits.Len64(uint64(v))
	return len(t.Exact) + min(bin, valueBins-1), math.Log(math.Max(1, math.Exp2(float64(bin-1))))
}

// classes are a row's classes by head, and the nats that tell each value inside its class.
func (b *independent) classes(r *encode.Row) (c [Heads]int, rest [Heads]float64) {
	v := b.v
	c[Gap], rest[Gap] = valueClass(r.GapAtom, r.Gap, &v.Gap)
	c[Duration], rest[Duration] = valueClass(r.DurationAtom, r.Duration, &v.Duration)
	c[Packets], rest[Packets] = valueClass(r.PacketsAtom, r.Packets, &v.Packets)
	c[Bytes], rest[Bytes] = valueClass(r.BytesAtom, r.Bytes, &v.Bytes)
	c[Place], rest[Place] = int(r.Place), math.Ln2*float64(128-int(b.bits[r.Place]))
	c[Direction] = int(r.Outbound)
	c[Protocol], rest[Protocol] = int(r.ProtoClass), otherByte(int(r.ProtoClass), len(v.Protos))
	c[LocalPort], rest[LocalPort] = int(r.LocalPortClass), b.portRest(int(r.LocalPortClass))
	c[RemotePort], rest[RemotePort] = int(r.RemotePortClass), b.portRest(int(r.RemotePortClass))
	c[Flags], rest[Flags] = int(r.FlagsClass), otherByte(int(r.FlagsClass), len(v.Flags))
	c[ToS], rest[ToS] = int(r.ToSClass), otherByte(int(r.ToSClass), len(v.ToS))
	c[Label] = int(r.Label)
	return c, rest
}

func otherByte(class, known int) float64 {
	if class < known {
		return 0
	}
	return math.Log(float64(256 - known))
}

func (b *independent) portRest(class int) float64 {
	if bin := class - b.v.FirstBin(); bin >= 0 && class < b.v.FirstICMP() {
		return math.Log(float64(b.binStart[bin+1] - b.binStart[bin]))
	}
	if class == b.v.PortClasses()-1 {
		return math.Log(float64(65536 - len(b.v.ICMPs)))
	}
	return 0
}

// rows encodes flows and calls f for each row.
func encodedRows(flows iter.Seq2[[]dataset.Flow, error], v *encode.Vocabulary, capture int64, f func(*encode.Row)) error {
	e := encode.NewEncoder(v, capture)
	var host netip.Addr
	var rows []encode.Row
	for batch, err := range flows {
		if err != nil {
			return err
		}
		for len(batch) > 0 {
			n := sameHost(batch)
			if batch[0].Host != host {
				host = batch[0].Host
				e.Begin(&batch[0])
			}
			rows = e.Encode(rows[:0], batch[:n])
			for i := range rows {
				f(&rows[i])
			}
			batch = batch[n:]
		}
	}
	return nil
}

// trainIndependent counts the training set, measures the validation set, and writes the model.
func trainIndependent(s *sets, dir string, o TrainOptions, obs Observer) (*Model, error) {
	b := newIndependent(s.vocabulary)
	count := func(r *encode.Row) {
		c, _ := b.classes(r)
		for _, h := range independentHeads {
			b.heads[h].add(c[h])
		}
	}
	if err := encodedRows(s.train(), s.vocabulary, s.about.First, count); err != nil {
		return nil, err
	}
	var err error
	if b.profiles, err = profilesOf(s); err != nil {
		return nil, err
	}
	nll, rows, err := b.evaluate(s.valid(), s.about.First)
	if err != nil {
		return nil, err
	}
	val := Validation{Rows: rows, Heads: nll, Best: true}
	for _, x := range nll {
		val.NLL += x
	}
	obs.Valid(val)
	about := s.about
	about.ValidNLL = nll
	arrays := b.profiles.arrays()
	for _, h := range independentHeads {
		counts := make([]float32, len(b.heads[h].counts))
		for i, n := range b.heads[h].counts {
			counts[i] = float32(n)
		}
		arrays = append(arrays, array(countsName(h), counts, int64(len(counts))))
	}
	if _, err := writeModel(dir, Manifest{Arch: ArchIndependent, Vocabulary: s.vocabulary, Training: about}, arrays); err != nil {
		return nil, err
	}
	return Load(dir)
}

func countsName(h Head) string { return "counts." + h.String() }

// evaluate is the likelihood of flows, in nats a row by attribute.
func (b *independent) evaluate(flows iter.Seq2[[]dataset.Flow, error], capture int64) (map[string]float64, int64, error) {
	var sum [Heads]float64
	var rows int64
	err := encodedRows(flows, b.v, capture, func(r *encode.Row) {
		c, rest := b.classes(r)
		rows++
		for _, h := range independentHeads {
			sum[h] += b.heads[h].nll(c[h]) + rest[h]
		}
	})
	out := map[string]float64{}
	for _, h := range independentHeads {
		out[h.String()] = sum[h] / float64(max(rows, 1))
	}
	return out, rows, err
}

// readIndependent makes the baseline of a loaded model.
func (m *Model) readIndependent() (*independent, error) {
	b := newIndependent(m.Manifest.Vocabulary)
	for _, h := range independentHeads {
		counts := bytesFloat32(m.arrays[countsName(h)].Data)
		if len(counts) != len(b.heads[h].counts) {
			return nil, fmt.Errorf("%w: %s: %d counts, want %d", ErrModel, h, len(counts), len(b.heads[h].counts))
		}
		for c, n := range counts {
			if n < 0 {
				return nil, fmt.Errorf("%w: %s: count %g, want at least 0", ErrModel, h, n)
			}
			b.heads[h].counts[c] = float64(n)
			b.heads[h].total += float64(n)
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
		r := rand.New(rand.NewPCG(g.o.Seed, uint64(j.host)+1<<40))
		clock, left := g.start, j.planned()
		var flows []dataset.Flow
		for ; left > 0 && ctx.Err() == nil; left-- {
			row := b.row(r)
			clock += row.Gap * b.v.Gap.Tick
			if clock >= g.end {
				break
			}
			row.End = clock
			flows = append(flows, b.v.Decode(&row, g.addrs[j.host]))
		}
		if err := g.deliver(flows); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// row draws every attribute by itself.
func (b *independent) row(r *rand.Rand) encode.Row {
	v := b.v
	row := encode.Row{
		Gap: b.value(r, Gap, &v.Gap), Duration: b.value(r, Duration, &v.Duration), Packets: b.value(r, Packets, &v.Packets),
		Bytes: b.value(r, Bytes, &v.Bytes), Outbound: uint8(b.heads[Direction].draw(r)), Label: uint8(b.heads[Label].draw(r)),
		Proto: b.byteOf(r, Protocol, v.Protos), Flags: b.byteOf(r, Flags, v.Flags), ToS: b.byteOf(r, ToS, v.ToS),
		LocalPort: b.port(r, LocalPort), RemotePort: b.port(r, RemotePort),
	}
	place := v.Places[b.heads[Place].draw(r)]
	copy(row.Addr[:], encode.Words([]netip.Addr{inside(place, r)}))
	return row
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
	low := int64(1) << min(bin-1, 61)
	return low + r.Int64N(low)
}

func (b *independent) byteOf(r *rand.Rand, h Head, known []int) uint8 {
	if c := b.heads[h].draw(r); c < len(known) {
		return uint8(known[c])
	}
	for {
		if x := r.IntN(256); !slices.Contains(known, x) {
			return uint8(x)
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
	return uint16(binary.LittleEndian.Uint16([]byte{byte(r.Uint32()), byte(r.Uint32())}))
}
