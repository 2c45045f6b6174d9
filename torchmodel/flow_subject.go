package torchmodel

import (
	"context"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
	"github.com/wangkuiyi/gotorch/safetensors"
)

// flowSubject is the stan network on flows.
type flowSubject struct {
	o        TrainOptions
	sets     *sets
	net      *Network
	tables   *lanes.Tables
	train    *corpus
	valid    *corpus
	profiles *Profiles
}

// newFlowSubject encodes the flows into a room. The caller frees the result, also that of a failure.
func newFlowSubject(s *sets, o TrainOptions, in room) (f *flowSubject, err error) {
	f = &flowSubject{o: o, sets: s}
	if f.tables, err = newTables(s.vocabulary, newLayout(s.vocabulary), o.Config.Without, torch.Device{}); err != nil {
		return f, err
	}
	if f.train, err = newCorpus(f.tables, s.vocabulary, s.train(), s.about.First, in); err != nil {
		return f, err
	}
	s.vocabulary.CountReturns(f.train.Returns())
	f.tables.SetReturns(returnsOf(s.vocabulary))
	held, _ := f.train.Bytes()
	in.memory -= held
	if f.valid, err = newCorpus(f.tables, s.vocabulary, s.valid(), s.about.First, in); err != nil {
		return f, err
	}
	if f.profiles, err = f.train.profiles(mostDays); err != nil {
		return f, err
	}
	torch.ManualSeed(o.Seed)
	f.net = newNetwork(o.Config, s.vocabulary)
	return f, nil
}

func (f *flowSubject) network() network             { return f.net }
func (f *flowSubject) heads() []string              { return headNames[:] }
func (f *flowSubject) rows() (epoch, all int64)     { return int64(f.train.epochRows()), f.train.rows }
func (f *flowSubject) validRows() int64             { return f.valid.rows }
func (f *flowSubject) beside() []safetensors.Tensor { return f.profiles.arrays() }

func (f *flowSubject) cut(epoch int) batches {
	chunks := f.train.epochChunks(f.o.Seed, epoch, f.o.Length)
	context := f.net.config.ReceptiveField()
	replay := f.train.Replay
	if f.o.Device.IsCUDA() {
		replay = f.train.ReplayEven // what one step has recorded fits the next
	}
	return cutBatches(chunks, &f.o, func(scope *torch.Scope, part []lanes.Chunk) (batch, error) {
		b, err := replay(scope, part, context, f.o.Length)
		return flowBatch{b, f.net}, err
	})
}

func (f *flowSubject) evaluate(ctx context.Context) ([]float64, int64, error) {
	heads, rows, err := evaluateNLL(ctx, f.net, f.valid, f.o.Device)
	return heads[:], rows, err
}

func (f *flowSubject) manifest() Manifest {
	c := f.o.Config
	return Manifest{Arch: ArchStan, Config: &c, Vocabulary: f.sets.vocabulary, Sweeps: f.sets.sweeps, Training: f.sets.about}
}

// written is how many bytes of the rows lie in scratch files.
func (f *flowSubject) written() int64 {
	_, train := f.train.Bytes()
	_, valid := f.valid.Bytes()
	return train + valid
}

func (f *flowSubject) free() {
	if f.net != nil {
		f.net.Free()
	}
	for _, c := range []*corpus{f.train, f.valid} {
		if c != nil {
			c.Free()
		}
	}
	if f.tables != nil {
		f.tables.Free()
	}
}

// flowBatch is windows of flows.
type flowBatch struct {
	*lanes.Batch
	net *Network
}

func (b flowBatch) tensors() []torch.Tensor                      { return b.Tensors() }
func (b flowBatch) each(f func(torch.Tensor) torch.Tensor) batch { return flowBatch{b.Each(f), b.net} }
func (b flowBatch) rows() torch.Tensor                           { return torch.Sum(b.Weight) }
func (b flowBatch) score(rng *torch.RNG) likelihood              { return b.net.Forward(b.Batch, rng) }
