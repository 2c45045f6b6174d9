package lanes

import (
	"os"
	"unsafe"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/libtorch"
)

// Tables is a vocabulary on a device.
type Tables struct{ t *libtorch.Tables }

// NewTables copies a vocabulary to a device. The caller frees the result, after all that uses it.
func NewTables(v *Vocabulary, d torch.Device) (*Tables, error) {
	t, err := libtorch.NewTables(v, d.T)
	if err != nil {
		return nil, typed(err)
	}
	return &Tables{t}, nil
}

// SetReturns sets the shares of returns, those that Vocabulary.Returns lists, for what is made of the tables from now on.
func (t *Tables) SetReturns(shares []float32) { t.t.SetReturns(shares) }

// Free releases the tables.
func (t *Tables) Free() { t.t.Free() }

// Corpus holds the rows of training streams on the CPU: in memory, and in a file. What is read of it is the same in both.
type Corpus struct{ c *libtorch.Corpus }

// NewCorpus makes a corpus that holds up to memory bytes; what is more it writes to file, from its start, or holds it too if
// file is nil. t must lie on the CPU. Both must outlive the corpus, which the caller frees. An error of the file wraps its
// syscall.Errno; a corpus whose Append has failed is of no more use.
func NewCorpus(t *Tables, memory int64, file *os.File) (*Corpus, error) {
	c, err := libtorch.NewCorpus(t.t, memory, file)
	if err != nil {
		return nil, typed(err)
	}
	return &Corpus{c}, nil
}

// Free releases the corpus.
func (c *Corpus) Free() { c.c.Free() }

// Append copies rows, which have the layout of stan::Row, to the end of the last stream or, if fresh, to a new one.
func Append[Row any](c *Corpus, rows []Row, fresh bool) error {
	b := raw("corpus append", rows, SizesOf().RowBytes)
	if len(rows) == 0 {
		return nil
	}
	return typed(c.c.Append(unsafe.Pointer(&b[0]), len(rows), fresh))
}

// Bytes are those that are held and those in the file.
func (c *Corpus) Bytes() (held, written int64) { return c.c.Bytes() }

// Returns counts the rows of no recent peer whose place is a network, and those of them that came back to a remote that the
// stream had met there: [2][Met+1] each, for networks that the vocabulary knows and for any address, by the number of remotes that a
// row could come back to.
func (c *Corpus) Returns() (rows, returns [2][]int64) {
	n, back := c.c.Returns()
	half := len(n) / 2
	return [2][]int64{n[:half], n[half:]}, [2][]int64{back[:half], back[half:]}
}

// Days is the number of days of all streams.
func (c *Corpus) Days() int { return c.c.Days() }

// Plans returns what the streams did on n of their days from day from on, as stan::Plan, and the stream of each day.
func Plans[Plan any](c *Corpus, from, n int) ([]Plan, []int32, error) {
	b, streams, err := c.c.Plans(from, n)
	plans := make([]Plan, len(streams))
	copy(raw("corpus plans", plans, SizesOf().PlanBytes), b)
	return plans, streams, typed(err)
}

// Batch is what the network trains on: B windows of T positions, and S scored rows. E is the number of remembered rows
// that stand before the positions of each window. Candidate inputs index rows of the flattened [B, E+T] table.
type Batch struct {
	Bag         torch.Tensor // [B*(E+T), discrete inputs] int64
	Numeric     torch.Tensor // [B*(E+T), continuous inputs]
	Valid       torch.Tensor // [B, T, 1]
	Plan        torch.Tensor // [B, T, plan inputs], as known before the row
	Position    torch.Tensor // [S] int64 into B*T
	Row         torch.Tensor // [S] int64 into B*(E+T)
	Weight      torch.Tensor // [S], 0 for padding
	Target      torch.Tensor // [S, heads] int64, -100 where the attribute is not drawn
	Rest        torch.Tensor // [S, heads] nats of a value inside its class
	Bounds      torch.Tensor // [S, 8] bin edges of gap, duration, packets, bytes
	TupleRow    torch.Tensor // [S, tuples] int64
	TupleBag    torch.Tensor // [S, tuples, inputs of a candidate] int64
	TupleMask   torch.Tensor // [S, tuples]
	PeerRow     torch.Tensor // [S, peers] int64
	PeerBag     torch.Tensor // [S, peers, inputs of a candidate] int64
	PeerMask    torch.Tensor // [S, peers]
	SizeBag     torch.Tensor // [S, repeats, inputs of a size] int64, of those that the row may repeat
	SizeNumeric torch.Tensor // [S, repeats, continuous inputs of a size]
	SizeMask    torch.Tensor // [S, repeats]
	Joint       torch.Tensor // [S, 2] int64, kind of flow, and its packets among those of the kind
	AnsweredBag torch.Tensor // [S, answered] int64, size of the flow that the row answers
	Answered    torch.Tensor // [S, answered], where its packets and bytes lie on their axes
	LastedBag   torch.Tensor // [S, lasted] int64, durations that the row's is likely to be near to
	Lasted      torch.Tensor // [S, lasted], where they lie on the axis of durations
	ChosenRow   torch.Tensor // [S] int64
	ChosenBag   torch.Tensor // [S, inputs of a candidate] int64
	Chosen      torch.Tensor // [S, 1], 0 where nothing was chosen
	Fresh       torch.Tensor // rows of S of no recent conversation, int64, padded with the last row
	New         torch.Tensor // rows of no recent peer
	LocalPorts  torch.Tensor // rows whose local port is drawn
	RemotePorts torch.Tensor // rows whose remote port is drawn
	GapMix      torch.Tensor // rows whose gap is none of the exact values
	DurationMix torch.Tensor
	Sized       torch.Tensor // rows that repeat no size
	PacketsMix  torch.Tensor // of these, by their place in Sized
	BytesMix    torch.Tensor
}

// fields lists the tensors in the order of shim/corpus.h.
func (b *Batch) fields() []*torch.Tensor {
	return []*torch.Tensor{
		&b.Bag, &b.Numeric, &b.Valid, &b.Plan, &b.Position, &b.Row, &b.Weight, &b.Target, &b.Rest, &b.Bounds, &b.TupleRow,
		&b.TupleBag, &b.TupleMask, &b.PeerRow, &b.PeerBag, &b.PeerMask, &b.SizeBag, &b.SizeNumeric, &b.SizeMask, &b.Joint,
		&b.AnsweredBag, &b.Answered, &b.LastedBag, &b.Lasted, &b.ChosenRow, &b.ChosenBag, &b.Chosen, &b.Fresh, &b.New, &b.LocalPorts, &b.RemotePorts, &b.GapMix, &b.DurationMix, &b.Sized, &b.PacketsMix, &b.BytesMix,
	}
}

// Replay makes a batch of windows of length rows, each after context rows. Its tensors belong to scope. It may be called from
// several goroutines.
func (c *Corpus) Replay(scope *torch.Scope, chunks []Chunk, context, length int) (*Batch, error) {
	return c.replay(scope, chunks, context, length, false)
}

// ReplayEven is Replay with more padding: the shapes depend on the number of windows alone.
func (c *Corpus) ReplayEven(scope *torch.Scope, chunks []Chunk, context, length int) (*Batch, error) {
	return c.replay(scope, chunks, context, length, true)
}

func (c *Corpus) replay(scope *torch.Scope, chunks []Chunk, context, length int, even bool) (*Batch, error) {
	hs, err := c.c.Replay(scope.Pool(), chunks, context, length, even)
	if err != nil {
		return nil, typed(err)
	}
	b := &Batch{}
	for i, f := range b.fields() {
		f.T = hs[i]
	}
	return b, nil
}

// Tensors lists the batch's tensors.
func (b *Batch) Tensors() []torch.Tensor {
	var ts []torch.Tensor
	for _, f := range b.fields() {
		ts = append(ts, *f)
	}
	return ts
}

// Each is the batch of what f makes of every tensor.
func (b *Batch) Each(f func(torch.Tensor) torch.Tensor) *Batch {
	out := &Batch{}
	from := b.fields()
	for i, t := range out.fields() {
		*t = f(*from[i])
	}
	return out
}
