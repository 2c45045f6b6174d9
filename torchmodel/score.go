package torchmodel

import (
	"context"
	"fmt"
	"iter"
	"runtime"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"

	"stan/dataset"
	"stan/dataset/encode"
	"stan/dataset/sweeps"
)

// scoreLength is the number of rows of a window that is scored, scoreBatch the number of windows that a core scores at once; a GPU
// takes more, and several batches wait for it.
const (
	scoreLength    = 256
	scoreBatch     = 4
	cudaScoreBatch = 64
	cudaScoreAhead = 6
)

// evaluateNLL is the likelihood of every row of a corpus, by attribute in nats a row: of the exact row, the place of a
// value inside its class included.
func evaluateNLL(ctx context.Context, n *Network, c *corpus, device torch.Device) (heads [Heads]float64, rows int64, err error) {
	heads, rows, err = scoreChunks(ctx, n, c, c.allChunks(scoreLength), device)
	for h := range heads {
		heads[h] /= float64(max(rows, 1))
	}
	return heads, rows, err
}

// scoreChunks is the same of windows of scoreLength rows, summed over their rows.
func scoreChunks(ctx context.Context, n *Network, c *corpus, chunks []lanes.Chunk, device torch.Device) (heads [Heads]float64,
	rows int64, err error) {
	n.Train(false)
	defer n.Train(true)
	size, ahead := scoreBatch, int(torch.NumThreads())-1
	if device.IsCUDA() {
		size, ahead = cudaScoreBatch, cudaScoreAhead
	}
	at := 0
	batches := newLine(ahead, func() func() *scored {
		if at >= len(chunks) || ctx.Err() != nil {
			return nil
		}
		part := chunks[at:min(at+size, len(chunks))]
		at += len(part)
		return func() *scored {
			s := &scored{scope: torch.NewScope()}
			b, err := c.Replay(s.scope, part, n.config.ReceptiveField(), scoreLength)
			s.batch, s.err = flowBatch{b, n}, err
			if !device.IsCUDA() {
				s.alone()
			}
			return s
		}
	}, func(s *scored) { s.scope.Close() })
	defer batches.close()
	for s, ok := batches.take(); ok; s, ok = batches.take() {
		if device.IsCUDA() {
			s.on(device)
		}
		s.scope.Close()
		if s.err != nil {
			return heads, rows, s.err
		}
		for h := range heads {
			heads[h] += s.heads[h]
		}
		rows += s.rows
	}
	return heads, rows, nil
}

// scored is a batch and its likelihood, summed over its rows.
type scored struct {
	scope *torch.Scope
	batch flowBatch
	heads [Heads]float64
	rows  int64
	err   error
}

// on scores the batch on a device.
func (s *scored) on(device torch.Device) {
	if s.err != nil {
		return
	}
	s.err = torch.Try(func() {
		torch.NoGrad(func() {
			b := s.batch
			rest := b.Rest.SumDim([]int64{0}, false).Float32s()
			if device.IsCUDA() {
				b = on(device, b).(flowBatch)
			}
			l := b.score(nil)
			nats := torch.Stack(append(l.heads, l.rows), 0).Float64s()
			for h := range s.heads {
				s.heads[h] = nats[h] + float64(rest[h])
			}
			s.rows = int64(nats[Heads])
		})
	})
}

// alone scores the batch on the CPU, on one core.
func (s *scored) alone() {
	torch.WithNumThreads(1, func() { s.on(torch.Device{}) })
}

// Scorer tells how likely flows are under a model. It is not safe for concurrent use; its owner closes it.
type Scorer interface {
	// Attributes names the attributes that make up the likelihood of a row, in the order of drawing.
	Attributes() []string

	// Score returns the negative log-likelihood of a host's flows, given in stream order, in nats by attribute, summed over so
	// many rows. About limit rows are scored, spread evenly over the stream, each given all that went before it and the
	// host's profile. The capture starts at first, in µs since 1970.
	Score(host []dataset.Flow, first int64, limit int) (nats []float64, rows int64, err error)

	Close()
}

// NewScorer prepares a model of flows for scoring on a device. The caller closes the result. The network sets the number of
// threads of an operation on the CPU to one a core. ErrModel is returned for an architecture without a likelihood of exact
// rows.
func (m *Model) NewScorer(device torch.Device) (Scorer, error) {
	arch, err := findArch(m.Manifest.Arch)
	switch {
	case err != nil:
		return nil, err
	case m.Manifest.Vocabulary == nil || arch.flows == nil || arch.flows.scorer == nil:
		return nil, fmt.Errorf("%w: arch %s: it has no likelihood of a flow", ErrModel, m.Manifest.Arch)
	}
	return arch.flows.scorer(m, device)
}

// networkScorer is the Scorer of the network.
type networkScorer struct {
	vocabulary *encode.Vocabulary
	sweeps     *sweeps.List
	net        *Network
	tables     *lanes.Tables
	device     torch.Device
}

func newNetworkScorer(m *Model, device torch.Device) (Scorer, error) {
	torch.SetNumThreads(int32(runtime.GOMAXPROCS(0)))
	net, err := m.newNetwork(device)
	if err != nil {
		return nil, err
	}
	v := m.Manifest.Vocabulary
	tables, err := newTables(v, newLayout(v), m.Manifest.Config.Without, torch.Device{})
	if err != nil {
		net.Free()
		return nil, err
	}
	return &networkScorer{v, m.Manifest.Sweeps, net, tables, device}, nil
}

func (s *networkScorer) Close() {
	s.net.Free()
	s.tables.Free()
}

func (s *networkScorer) Attributes() []string { return headNames[:] }

func (s *networkScorer) Score(host []dataset.Flow, first int64, limit int) (nats []float64, rows int64, err error) {
	c, err := newCorpus(s.tables, s.vocabulary, s.sweeps.Others(allAtOnce(host)), first, room{})
	if err != nil {
		return nil, 0, err
	}
	defer c.Free()
	chunks := spread(c.allChunks(scoreLength), (limit+scoreLength-1)/scoreLength)
	heads, rows, err := scoreChunks(context.Background(), s.net, c, chunks, s.device)
	if err != nil {
		return nil, 0, fmt.Errorf("score: %w", err)
	}
	return heads[:], rows, nil
}

// independentScorer is the Scorer of the baseline. It costs so little that it scores all rows.
type independentScorer struct{ *independent }

func newIndependentScorer(m *Model, _ torch.Device) (Scorer, error) {
	base, err := m.readIndependent()
	return independentScorer{base}, err
}

func (independentScorer) Close() {}

func (independentScorer) Attributes() []string {
	names := make([]string, len(independentHeads))
	for i, h := range independentHeads {
		names[i] = h.String()
	}
	return names
}

func (s independentScorer) Score(host []dataset.Flow, first int64, _ int) (nats []float64, rows int64, err error) {
	l, err := s.evaluate(allAtOnce(host), first)
	for _, h := range independentHeads {
		nats = append(nats, l.heads[h.String()]*float64(l.rows))
	}
	return nats, l.rows, err
}

func allAtOnce(flows []dataset.Flow) iter.Seq2[[]dataset.Flow, error] {
	return func(yield func([]dataset.Flow, error) bool) { yield(flows, nil) }
}

// spread keeps at most n chunks, evenly spaced.
func spread(chunks []lanes.Chunk, n int) []lanes.Chunk {
	if len(chunks) <= n {
		return chunks
	}
	kept := make([]lanes.Chunk, n)
	for i := range kept {
		kept[i] = chunks[i*len(chunks)/n]
	}
	return kept
}
