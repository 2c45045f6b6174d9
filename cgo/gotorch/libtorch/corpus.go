package libtorch

// #include "corpus.h"
import "C"

import (
	"os"
	"runtime"
	"unsafe"
)

// LaneSizes are the sizes that shim/lanes fixes.
type LaneSizes struct {
	RowBytes, PlanBytes, Marks, Tuples, Peers, Bag, Numeric, PlanInputs, Clock, CandidateBag, CandidateRows, Copies, Services,
	Heads, Region, DurationCopies, BytesCopies, Repeats, SizeNumeric, SizeRows, Met, KindRows, JointRows, Answered, Lasted int
}

// SizesOfLanes returns the sizes that shim/lanes fixes.
func SizesOfLanes() LaneSizes {
	var s C.st_sizes_of
	C.st_lane_sizes(&s)
	return LaneSizes{
		int(s.row_bytes), int(s.plan_bytes), int(s.marks), int(s.tuples), int(s.peers), int(s.bag), int(s.numeric),
		int(s.plan_inputs), int(s.clock), int(s.candidate_bag), int(s.candidate_rows), int(s.copies), int(s.services),
		int(s.heads), int(s.region), int(s.duration_copies), int(s.bytes_copies), int(s.repeats),
		int(s.size_numeric), int(s.size_rows), int(s.met),
		int(s.kind_rows), int(s.joint_rows), int(s.answered), int(s.lasted),
	}
}

// Corpus holds encoded rows, stream by stream.
type Corpus struct {
	p      *C.st_corpus
	tables *Tables
	file   *os.File
}

// NewCorpus makes an empty corpus that holds up to memory bytes; what is more it writes to file, from its start, or holds it
// too if file is nil. It borrows t and file. The caller frees the result.
func NewCorpus(t *Tables, memory int64, file *os.File) (*Corpus, error) {
	c, fd := &Corpus{tables: t, file: file}, -1
	if file != nil {
		fd = int(file.Fd())
	}
	if err := check("corpus", C.st_corpus_new(&c.p, t.p, C.int64_t(memory), C.int32_t(fd))); err != nil {
		return nil, err
	}
	return c, nil
}

// Free releases the corpus.
func (c *Corpus) Free() {
	C.st_corpus_free(c.p)
	c.p = nil
}

// Append copies n rows at rows, of RowBytes each.
func (c *Corpus) Append(rows unsafe.Pointer, n int, newStream bool) error {
	msg := C.st_corpus_append(c.p, rows, C.int64_t(n), C.bool(newStream))
	runtime.KeepAlive(c)
	return check("corpus append", msg)
}

// Bytes are those that are held and those in the file.
func (c *Corpus) Bytes() (held, written int64) {
	C.st_corpus_bytes(c.p, (*C.int64_t)(&held), (*C.int64_t)(&written))
	return held, written
}

// Returns counts rows from networks and those of them that came back to a remote, [2, Met+1] each as in shim/corpus.h.
func (c *Corpus) Returns() (rows, returns []int64) {
	n := 2 * (SizesOfLanes().Met + 1)
	rows, returns = make([]int64, n), make([]int64, n)
	C.st_corpus_returns(c.p, (*C.int64_t)(&rows[0]), (*C.int64_t)(&returns[0]))
	runtime.KeepAlive(c)
	return rows, returns
}

// Days is the number of days of all streams.
func (c *Corpus) Days() int { return int(C.st_corpus_days(c.p)) }

// Plans returns n days from day from on, PlanBytes each, and the stream of each.
func (c *Corpus) Plans(from, n int) ([]byte, []int32, error) {
	plans, streams := make([]byte, n*SizesOfLanes().PlanBytes), make([]int32, n)
	if n == 0 {
		return plans, streams, nil
	}
	msg := C.st_corpus_plans(c.p, C.int64_t(from), C.int64_t(n), unsafe.Pointer(&plans[0]), (*C.int32_t)(&streams[0]))
	runtime.KeepAlive(c)
	return plans, streams, check("corpus plans", msg)
}

// Chunk is a training window: where it starts, whether it forgets all before it, and which rows stand in for the last ones
// before it.
type Chunk struct {
	Row         int64
	Cold        bool
	Foreign     int64
	ForeignRows int
	Blur        float32 // of the plan
	NoiseSeed   uint64
}

// BatchTensors is how many tensors Replay returns, in the order in which shim/corpus.h lists them.
const BatchTensors = int(C.ST_BATCH_COUNT)

// Replay makes a batch of windows of length rows, each after context rows; the shapes of an even one depend on the number of
// windows alone. The tensors go to pool.
func (c *Corpus) Replay(pool *Pool, chunks []Chunk, context, length int, even bool) ([]*Handle, error) {
	cs := make([]C.st_chunk, len(chunks))
	for i, k := range chunks {
		cs[i].row, cs[i].foreign, cs[i].foreign_rows = C.int64_t(k.Row), C.int64_t(k.Foreign), C.int32_t(k.ForeignRows)
		cs[i].blur, cs[i].noise_seed = C.float(k.Blur), C.uint64_t(k.NoiseSeed)
		if k.Cold {
			cs[i].cold = 1
		}
	}
	var out [BatchTensors]*C.st_tensor
	msg := C.st_corpus_replay(&out[0], c.p, first(cs), C.int64_t(len(cs)), C.int32_t(context), C.int32_t(length), C.bool(even))
	runtime.KeepAlive(c)
	if err := check("replay", msg); err != nil {
		return nil, err
	}
	return adopt(pool, out[:]), nil
}

// adopt gives new handles to a pool.
func adopt(pool *Pool, ps []*C.st_tensor) []*Handle {
	hs := make([]*Handle, len(ps))
	for i, p := range ps {
		hs[i] = &Handle{p: p, pool: pool}
		pool.add(hs[i])
	}
	return hs
}
