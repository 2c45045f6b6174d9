package torchmodel

import (
	"context"
	"fmt"
	"iter"
	"runtime"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"

	"stan/dataset"
)

// scoreLength is the number of rows of a window that is scored, scoreBatch the number of windows at once.
const (
	scoreLength = 256
	scoreBatch  = 16
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
	field := n.config.ReceptiveField()
	torch.NoGrad(func() {
		for at := 0; at < len(chunks) && err == nil && ctx.Err() == nil; at += scoreBatch {
			torch.With(func(scope *torch.Scope) {
				var b *lanes.Batch
				if b, err = c.Replay(scope, chunks[at:min(at+scoreBatch, len(chunks))], field, scoreLength); err != nil {
					return
				}
				if device.IsCUDA() {
					b = b.To(device)
				}
				l := n.Forward(b)
				rest := b.Rest.SumDim([]int64{0}, false).Float32s()
				for h := range heads {
					heads[h] += l.heads[h].Float64() + float64(rest[h])
				}
				rows += int64(l.rows.Float64())
			})
		}
	})
	return heads, rows, err
}

// Scorer tells how likely flows are under a model. It is not safe for concurrent use.
type Scorer struct {
	m      *Model
	device torch.Device
	heads  []Head
	base   *independent // of arch independent, else
	net    *Network
	tables *lanes.Tables
}

// NewScorer prepares a model for scoring on a device. The caller closes the result. It sets the number of threads of an
// operation on the CPU to one a core.
func (m *Model) NewScorer(device torch.Device) (*Scorer, error) {
	s := &Scorer{m: m, device: device}
	var err error
	if m.Manifest.Arch == ArchIndependent {
		s.heads = independentHeads
		s.base, err = m.readIndependent()
		return s, err
	}
	for h := range Heads {
		s.heads = append(s.heads, h)
	}
	torch.SetNumThreads(int32(runtime.NumCPU()))
	if s.net, err = m.newNetwork(device); err != nil {
		return nil, err
	}
	v := m.Manifest.Vocabulary
	if s.tables, err = newTables(v, newLayout(v), torch.Device{}); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close releases what the scorer holds.
func (s *Scorer) Close() {
	if s.net != nil {
		s.net.Free()
	}
	if s.tables != nil {
		s.tables.Free()
	}
}

// Attributes names the attributes that make up the likelihood of a row, in the order of drawing.
func (s *Scorer) Attributes() []string {
	names := make([]string, len(s.heads))
	for i, h := range s.heads {
		names[i] = h.String()
	}
	return names
}

// Score returns the negative log-likelihood of a host's flows, given in stream order, in nats by attribute, summed over so
// many rows. About limit rows are scored, in windows spread evenly over the stream, each given all that went before it and
// the host's profile. The capture starts at first, in µs since 1970.
func (s *Scorer) Score(host []dataset.Flow, first int64, limit int) (nats []float64, rows int64, err error) {
	nats = make([]float64, len(s.heads))
	flows := iter.Seq2[[]dataset.Flow, error](func(yield func([]dataset.Flow, error) bool) { yield(host, nil) })
	if s.base != nil {
		means, rows, err := s.base.evaluate(flows, first)
		for i, h := range s.heads {
			nats[i] = means[h.String()] * float64(rows)
		}
		return nats, rows, err
	}
	c, err := newCorpus(s.tables, s.m.Manifest.Vocabulary, flows, first)
	if err != nil {
		return nil, 0, err
	}
	defer c.Free()
	var heads [Heads]float64
	chunks := spread(c.allChunks(scoreLength), (limit+scoreLength-1)/scoreLength)
	failed := torch.Try(func() { heads, rows, err = scoreChunks(context.Background(), s.net, c, chunks, s.device) })
	if failed != nil {
		return nil, 0, fmt.Errorf("score: %w", failed)
	}
	copy(nats, heads[:])
	return nats, rows, err
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
