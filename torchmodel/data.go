package torchmodel

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"

	"stan/dataset"
	"stan/dataset/encode"
)

// Flows is what training reads: a set of flows in stream order, as dataset.Set.
type Flows interface {
	Batches(ctx context.Context) iter.Seq2[[]dataset.Flow, error]
	Flows() int64
	Hosts() int
	Span() (first, last int64)
}

// selected are the flows of hosts that keep holds for.
func selected(flows iter.Seq2[[]dataset.Flow, error], keep func(netip.Addr) bool) iter.Seq2[[]dataset.Flow, error] {
	return func(yield func([]dataset.Flow, error) bool) {
		for batch, err := range flows {
			if err != nil {
				yield(nil, err)
				return
			}
			for len(batch) > 0 {
				n := sameHost(batch)
				if keep(batch[0].Host) && !yield(batch[:n], nil) {
					return
				}
				batch = batch[n:]
			}
		}
	}
}

// sameHost is how many flows at the start of batch belong to one host.
func sameHost(batch []dataset.Flow) int {
	n := 1
	for n < len(batch) && batch[n].Host == batch[0].Host {
		n++
	}
	return n
}

// heldOut picks the hosts that are kept for validation where no validation set is given: one in eight, at least one.
func heldOut(flows iter.Seq2[[]dataset.Flow, error], seed int64) (map[netip.Addr]bool, error) {
	var hosts []netip.Addr
	for batch, err := range flows {
		if err != nil {
			return nil, err
		}
		for len(batch) > 0 {
			if n := len(hosts); n == 0 || hosts[n-1] != batch[0].Host {
				hosts = append(hosts, batch[0].Host)
			}
			batch = batch[sameHost(batch):]
		}
	}
	slices.SortFunc(hosts, netip.Addr.Compare)
	r := rand.New(rand.NewPCG(uint64(seed), 2))
	r.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	out := map[netip.Addr]bool{}
	for _, a := range hosts[:max(1, len(hosts)/8)] {
		out[a] = true
	}
	return out, nil
}

// stream is one host's rows in a corpus.
type stream struct{ begin, end int64 }

// corpus is a set of encoded streams that windows are cut from.
type corpus struct {
	*lanes.Corpus
	room    room
	file    *os.File // nil in a room without
	streams []stream
	rows    int64
}

// newCorpus encodes flows into a room. capture is the start of the capture, µs.
func newCorpus(t *lanes.Tables, v *encode.Vocabulary, flows iter.Seq2[[]dataset.Flow, error], capture int64, in room) (*corpus, error) {
	c := &corpus{room: in}
	var err error
	if in.dir != "" {
		if c.file, err = openScratch(in.dir); err != nil {
			return nil, err
		}
	}
	if c.Corpus, err = lanes.NewCorpus(t, in.memory, c.file); err == nil {
		err = c.fill(encode.NewEncoder(v, capture), flows)
	}
	if err != nil {
		c.Free()
		return nil, err
	}
	return c, nil
}

// fill appends the rows of flows.
func (c *corpus) fill(e *encode.Encoder, flows iter.Seq2[[]dataset.Flow, error]) error {
	var host netip.Addr
	var rows []encode.Row
	for batch, err := range flows {
		if err != nil {
			return err
		}
		for len(batch) > 0 {
			n := sameHost(batch)
			fresh := batch[0].Host != host
			if fresh {
				host = batch[0].Host
				e.Begin(&batch[0])
				c.streams = append(c.streams, stream{c.rows, c.rows})
			}
			rows = e.Encode(rows[:0], batch[:n])
			if err := lanes.Append(c.Corpus, rows, fresh); err != nil {
				return c.fileError(err)
			}
			c.rows += int64(n)
			c.streams[len(c.streams)-1].end = c.rows
			batch = batch[n:]
		}
	}
	if c.file == nil {
		return nil
	}
	// A page that the system fails to write later would read as zeros.
	return c.fileError(c.file.Sync())
}

// coldShare is the share of training windows that forget all before them, as generated hosts do at their start;
// foreignShare that of windows whose last rows before them, up to foreignRows, are those of another host.
const (
	coldShare    = 0.25
	foreignShare = 0.25
	foreignRows  = 64
)

// planBlur is how far a training window's plan is off, in standard deviations of a row: a host of the training set must not be
// known by the exact means of its day.
const planBlur = 0.08

// epochChunks cuts the streams into windows of length rows, in an order and with offsets that depend on seed and epoch alone.
func (c *corpus) epochChunks(seed int64, epoch, length int) []lanes.Chunk {
	r := rand.New(rand.NewPCG(uint64(seed), uint64(epoch)))
	var chunks []lanes.Chunk
	typical := c.typicalRows()
	for _, s := range c.streams {
		keep := s.keep(typical)
		// The first window starts with the stream, the others at a random phase: borders differ from epoch to epoch.
		for at := s.begin - r.Int64N(int64(length)); at < s.end; at += int64(length) {
			if r.Float64() >= keep {
				continue
			}
			chunk := lanes.Chunk{Row: max(at, s.begin), Blur: planBlur, NoiseSeed: r.Uint64()}
			switch x := r.Float64(); {
			case x < coldShare:
				chunk.Cold = true
			case x < coldShare+foreignShare:
				chunk.Foreign, chunk.ForeignRows = c.foreign(r)
			}
			chunks = append(chunks, chunk)
		}
	}
	r.Shuffle(len(chunks), func(i, j int) { chunks[i], chunks[j] = chunks[j], chunks[i] })
	return chunks
}

// keep is the share of a stream's windows in an epoch: hosts with more rows than typical give windows by the square root of
// their rows, or the network would learn little of the many small ones.
func (s stream) keep(typical float64) float64 {
	return min(1, math.Sqrt(typical/float64(s.end-s.begin)))
}

// epochRows is about the number of rows in an epoch.
func (c *corpus) epochRows() float64 {
	typical, rows := c.typicalRows(), 0.0
	for _, s := range c.streams {
		rows += float64(s.end-s.begin) * s.keep(typical)
	}
	return rows
}

// typicalRows is the lower quartile of the rows of a host.
func (c *corpus) typicalRows() float64 {
	rows := make([]int64, len(c.streams))
	for i, s := range c.streams {
		rows[i] = s.end - s.begin
	}
	slices.Sort(rows)
	return float64(rows[len(rows)/4])
}

// foreign picks some rows of a stream: every stream counts the same.
func (c *corpus) foreign(r *rand.Rand) (from int64, rows int) {
	s := c.streams[r.IntN(len(c.streams))]
	n := min(1+r.Int64N(foreignRows), s.end-s.begin)
	return s.begin + r.Int64N(s.end-s.begin-n+1), int(n)
}

// allChunks cuts the streams into windows of length rows, each with all that went before.
func (c *corpus) allChunks(length int) []lanes.Chunk {
	var chunks []lanes.Chunk
	for _, s := range c.streams {
		for at := s.begin; at < s.end; at += int64(length) {
			chunks = append(chunks, lanes.Chunk{Row: at})
		}
	}
	return chunks
}

// returnsOf lists a vocabulary's shares of returns.
func returnsOf(v *encode.Vocabulary) (out []float32) {
	for _, shares := range v.Returns {
		for _, x := range shares {
			out = append(out, float32(x))
		}
	}
	return out
}

// newTables copies a vocabulary, and what a network of it is trained without, to a device.
func newTables(v *encode.Vocabulary, l layout, without Without, device torch.Device) (*lanes.Tables, error) {
	binPorts, binStart := v.Bins()
	bucket, _ := v.PlaceBuckets()
	places := make([]netip.Addr, len(v.Places))
	for i, p := range v.Places {
		places[i] = p.Addr()
	}
	service := make([]uint8, 65536)
	for i := range service {
		service[i] = 255
	}
	for i, p := range v.ServicePort {
		service[p] = uint8(i)
	}
	values := func(t encode.Values) lanes.Values {
		return lanes.Values{Exact: t.Exact, Centre: float32(t.Centre), Scale: float32(t.Scale), Most: t.Most}
	}
	return lanes.NewTables(&lanes.Vocabulary{
		Without: without.lanes(),
		Gap:     values(v.Gap), Duration: values(v.Duration), Packets: values(v.Packets), Bytes: values(v.Bytes),
		GapTick: v.Gap.Tick, DurationTick: v.Duration.Tick,
		Protos: convert[uint8](v.Protos), Flags: convert[uint8](v.Flags), ToS: convert[uint8](v.ToS),
		FlagsProtos: convert[uint8](v.FlagsProtos), Labels: len(v.Labels),
		PortClass: v.PortClass(), Ports: convert[uint16](v.Ports),
		PortProtos: append([]uint8{0}, convert[uint8](v.PortProtos)...),
		BinPorts:   binPorts, BinStart: binStart, ICMPs: convert[uint16](v.ICMPs), PortService: service,
		PlaceAddr: encode.Words(places), PlaceBits: v.PlaceBits(), PlaceBucket: bucket, BagOffset: l.offsets, MTU: v.MTU, ShorterReplies: float32(v.ShorterReplies),
		Returns: returnsOf(v),
	}, device)
}

func convert[T uint8 | uint16](s []int) []T {
	out := make([]T, len(s))
	for i, x := range s {
		out[i] = T(x)
	}
	return out
}

// profilesOf fits host profiles to the training set.
func profilesOf(s *sets, in room) (*Profiles, error) {
	tables, err := newTables(s.vocabulary, newLayout(s.vocabulary), Without{}, torch.Device{})
	if err != nil {
		return nil, err
	}
	defer tables.Free()
	c, err := newCorpus(tables, s.vocabulary, s.train(), s.about.First, in)
	if err != nil {
		return nil, err
	}
	defer c.Free()
	return c.profiles(mostDays)
}
