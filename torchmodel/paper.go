package torchmodel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"strings"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/safetensors"

	"stan/dataset"
	"stan/dataset/table"
	"stan/torchmodel/paper"
)

// The paper's networks and baselines, package paper, as architectures. Flows become tables of the paper's columns; how many
// rows a new host has is drawn from the profiles, as for the others.

// The architectures of package paper.
const (
	ArchPaper      = "paper"
	ArchPaperSmall = "paper-small"
	ArchChain      = "chain"
	ArchWPGAN      = "wpgan"
)

// paperArch is how one of them is trained and read.
type paperArch struct {
	fit  func(ctx context.Context, s paperSets, o paper.FitOptions) (paperFitted, error)
	read func(columns []paper.Column, arrays map[string]safetensors.Tensor) (paper.Model, error)
}

// paperSets are what one of them learns from.
type paperSets struct {
	columns      []paper.Column
	train, valid *table.Table
}

// paperFitted is what it has learned.
type paperFitted struct {
	model paper.Model // to be freed, also after an error
	nll   []float64   // of valid by column; nil where there is none
	steps int
}

// architecture is a as an entry of architectures.
func (a paperArch) architecture(name, about string) architecture {
	return architecture{name: name, about: about,
		flows: &flowArch{
			train: func(ctx context.Context, s *sets, _ *independent, dir string, o TrainOptions, obs Observer) (*Model, error) {
				return a.trainFlows(ctx, s, dir, o, obs)
			},
			check: func(m *Model, _ int64) error {
				p, err := a.read(paper.FlowColumns(), m.ownArrays())
				if err == nil {
					p.Free()
				}
				return err
			},
			work: func(g *generation) func(context.Context) error {
				return func(ctx context.Context) error { return a.work(ctx, g) }
			},
			parallel: true,
		},
		table: &tableArch{
			train: a.trainTable,
			open: func(m *Model, _ torch.Device) (tableModel, error) {
				p, err := a.read(m.Manifest.Table.paperColumns(), m.arrays)
				return paperTable{p, m.Manifest.Table}, err
			},
		},
	}
}

func paperNetworks(c paper.Config) paperArch {
	return paperArch{
		fit: func(ctx context.Context, s paperSets, o paper.FitOptions) (paperFitted, error) {
			n := paper.NewNetworks(c, s.columns)
			nll, steps, err := n.Fit(ctx, s.train, s.valid, o)
			return paperFitted{n, nll, steps}, err
		},
		read: func(columns []paper.Column, arrays map[string]safetensors.Tensor) (paper.Model, error) {
			return paper.ReadNetworks(c, columns, arrays)
		},
	}
}

var paperChain = paperArch{
	fit: func(ctx context.Context, s paperSets, _ paper.FitOptions) (paperFitted, error) {
		m, err := paper.FitChain(ctx, s.columns, s.train)
		if err != nil {
			return paperFitted{model: m}, err
		}
		nll, err := m.NLL(ctx, s.valid)
		return paperFitted{m, nll, 0}, err
	},
	read: func(columns []paper.Column, arrays map[string]safetensors.Tensor) (paper.Model, error) {
		return paper.ReadChain(columns, arrays)
	},
}

var paperGAN = paperArch{
	fit: func(ctx context.Context, s paperSets, o paper.FitOptions) (paperFitted, error) {
		g := paper.NewGAN(s.columns)
		steps, err := g.Fit(ctx, s.train, o)
		return paperFitted{g, nil, steps}, err
	},
	read: func(columns []paper.Column, arrays map[string]safetensors.Tensor) (paper.Model, error) {
		return paper.ReadGAN(columns, arrays)
	},
}

// Columns are the columns of a model whose rows are a table's, in their order: of a table, or of flows that package paper cut
// into the paper's columns. It is nil for other models of flows.
func (m *Manifest) Columns() (names []string) {
	if m.Table != nil {
		for _, c := range m.Table.Columns {
			names = append(names, c.Name)
		}
	} else if m.Arch != ArchStan && m.Arch != ArchIndependent {
		for _, c := range paper.FlowColumns() {
			names = append(names, c.Name)
		}
	}
	return names
}

// ownArrays are the model's arrays but the profiles.
func (m *Model) ownArrays() map[string]safetensors.Tensor {
	own := map[string]safetensors.Tensor{}
	for name, a := range m.arrays {
		if !strings.HasPrefix(name, profilePrefix) {
			own[name] = a
		}
	}
	return own
}

// train learns s and returns the numbers for a file. What it tells of the training goes to about; offsets are added to the
// likelihood of each column.
func (a paperArch) train(ctx context.Context, s paperSets, offsets []float64, about *Training, o TrainOptions,
	obs Observer) ([]safetensors.Tensor, error) {
	if o.Resume {
		obs.Note("this architecture writes no checkpoints: starting anew")
	}
	torch.ManualSeed(o.Seed)
	torch.SetNumThreads(1) // networks are trained side by side
	fitted, err := a.fit(ctx, s, paper.FitOptions{
		Seed: o.Seed, Epochs: o.Epochs, MaxTime: o.MaxTime, Patience: o.Patience,
		Threads: cmp.Or(o.Threads, runtime.GOMAXPROCS(0)), Device: o.Device,
		Step: func(p paper.Progress) {
			obs.Step(Step{Step: p.Steps, Rows: p.Rows, Loss: p.Loss, Progress: p.Share})
		},
	})
	defer fitted.model.Free()
	if err != nil {
		return nil, err
	}
	about.Steps = fitted.steps
	if fitted.nll != nil {
		about.ValidNLL = byColumn(s.columns, fitted.nll, offsets)
		obs.Valid(validation(fitted.steps, int64(s.valid.Rows()), about.ValidNLL))
	}
	return fitted.model.Arrays(), nil
}

func byColumn(columns []paper.Column, nll, offsets []float64) map[string]float64 {
	out := map[string]float64{}
	for i, x := range nll {
		out[columns[i].Name] = x + offsets[i]
	}
	return out
}

// trainFlows learns flows as a table of the paper's columns. The likelihood is that of the paper's classes and bins.
func (a paperArch) trainFlows(ctx context.Context, s *sets, dir string, o TrainOptions, obs Observer) (*Model, error) {
	profiles, err := profilesOf(s, room{o.Memory, dir})
	if err != nil {
		return nil, err
	}
	t, about := paperSets{columns: paper.FlowColumns()}, s.about
	if t.train, err = paperFlows(s.train(), s.about.First); err != nil {
		return nil, err
	}
	if t.valid, err = paperFlows(s.valid(), s.about.First); err != nil {
		return nil, err
	}
	none := make([]float64, len(t.columns))
	about.BaselineNLL = byColumn(t.columns, paper.MarginalNLL(t.columns, t.train, t.valid), none)
	arrays, err := a.train(ctx, t, none, &about, o, obs)
	if err != nil {
		return nil, err
	}
	m := Manifest{Arch: o.Arch, Vocabulary: s.vocabulary, Training: about}
	return saveModel(dir, m, append(arrays, profiles.arrays()...))
}

// paperFlows cuts flows into the paper's columns.
func paperFlows(flows iter.Seq2[[]dataset.Flow, error], capture int64) (*table.Table, error) {
	t, err := paper.FromFlows(flows, capture)
	if errors.Is(err, paper.ErrFlow) {
		err = fmt.Errorf("%w: %w", ErrData, err)
	}
	return t, err
}

// paperHost is a host under way.
type paperHost struct {
	r     *rand.Rand // of ports inside their bins
	clock int64      // µs
	left  int64      // planned rows that are not drawn
	flows []dataset.Flow
}

// work draws hosts in lock-step until none is left. A host ends when its planned rows are drawn or the span is over.
func (a paperArch) work(ctx context.Context, g *generation) error {
	m, err := a.read(paper.FlowColumns(), g.m.ownArrays())
	if err != nil {
		return err
	}
	defer m.Free()
	hosts := map[int]*paperHost{}
	take := func() (int, bool) {
		if len(hosts) == g.each {
			return 0, false
		}
		j := g.take()
		if j == nil {
			return 0, false
		}
		r := rand.New(rand.NewPCG(g.o.Seed, uint64(j.host)+1<<41))
		hosts[j.host] = &paperHost{r: r, clock: g.start, left: j.planned()}
		return j.host, true
	}
	return paper.Sample(ctx, m, g.o.Seed, take, func(host int, row []float64) (bool, error) {
		h := hosts[host]
		gap := paper.Gap(row)
		over := gap > g.end-1-h.clock
		if !over {
			h.clock += gap
			h.left--
			h.flows = append(h.flows, paper.Flow(row, g.addrs[host], h.clock, h.r))
		}
		more := !over && h.left > 0
		if !more {
			delete(hosts, host)
		}
		if !more || len(h.flows) == deliveredRows {
			err := g.deliver(h.flows)
			h.flows = h.flows[:0]
			return more, err
		}
		return true, nil
	})
}
