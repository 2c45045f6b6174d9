package torchmodel

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"

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
	// fit learns train, and returns the likelihood of valid by column, nil where there is none, and the number of steps.
	fit  func(ctx context.Context, columns []paper.Column, train, valid *table.Table, o paper.FitOptions) (paper.Model, []float64, int, error)
	read func(columns []paper.Column, arrays map[string]safetensors.Tensor) (paper.Model, error)
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
				columns := m.Manifest.Table.paperColumns()
				p, err := a.read(columns, m.arrays)
				return paperTable{p, m.Manifest.Table}, err
			},
		},
	}
}

func paperNetworks(c paper.Config) paperArch {
	return paperArch{
		fit: func(ctx context.Context, columns []paper.Column, train, valid *table.Table, o paper.FitOptions) (paper.Model, []float64, int, error) {
			n := paper.NewNetworks(c, columns)
			nll, steps, err := n.Fit(ctx, train, valid, o)
			return n, nll, steps, err
		},
		read: func(columns []paper.Column, arrays map[string]safetensors.Tensor) (paper.Model, error) {
			return paper.ReadNetworks(c, columns, arrays)
		},
	}
}

var paperChain = paperArch{
	fit: func(ctx context.Context, columns []paper.Column, train, valid *table.Table, _ paper.FitOptions) (paper.Model, []float64, int, error) {
		m, err := paper.FitChain(ctx, columns, train)
		if err != nil {
			return m, nil, 0, err
		}
		nll, err := m.NLL(ctx, valid)
		return m, nll, 0, err
	},
	read: func(columns []paper.Column, arrays map[string]safetensors.Tensor) (paper.Model, error) {
		return paper.ReadChain(columns, arrays)
	},
}

var paperGAN = paperArch{
	fit: func(ctx context.Context, columns []paper.Column, train, _ *table.Table, o paper.FitOptions) (paper.Model, []float64, int, error) {
		g := paper.NewGAN(columns)
		steps, err := g.Fit(ctx, train, o)
		return g, nil, steps, err
	},
	read: func(columns []paper.Column, arrays map[string]safetensors.Tensor) (paper.Model, error) {
		return paper.ReadGAN(columns, arrays)
	},
}

// ownArrays are the model's arrays but the profiles.
func (m *Model) ownArrays() map[string]safetensors.Tensor {
	own := map[string]safetensors.Tensor{}
	for name, a := range m.arrays {
		if name != quantilesName && name != correlationName {
			own[name] = a
		}
	}
	return own
}

// trained is what a training of package paper gives a manifest and a file.
type trained struct {
	arrays []safetensors.Tensor
	about  Training
}

// train fits the architecture to a table. offsets are added to the likelihood of each column.
func (a paperArch) train(ctx context.Context, columns []paper.Column, train, valid *table.Table, offsets []float64, about Training,
	o TrainOptions, obs Observer) (trained, error) {
	if o.Resume {
		obs.Note("this architecture writes no checkpoints: starting anew")
	}
	torch.ManualSeed(o.Seed)
	torch.SetNumThreads(1) // networks are trained side by side
	m, nll, steps, err := a.fit(ctx, columns, train, valid, paper.FitOptions{
		Seed: o.Seed, Epochs: o.Epochs, MaxTime: o.MaxTime, Patience: o.Patience,
		Threads: cmpOr(o.Threads, runtime.NumCPU()), Device: o.Device,
		Step: func(p paper.Progress) {
			obs.Step(Step{Step: p.Steps, Rows: p.Rows, Loss: p.Loss, Progress: p.Share})
		},
	})
	if m != nil {
		defer m.Free()
	}
	if err != nil {
		return trained{}, err
	}
	about.Steps = steps
	about.ValidNLL, about.BaselineNLL = nil, byColumn(columns, paper.MarginalNLL(columns, train, valid), offsets)
	if nll != nil {
		about.ValidNLL = byColumn(columns, nll, offsets)
		v := Validation{Step: steps, Rows: int64(valid.Rows()), Heads: about.ValidNLL, Best: true}
		for _, x := range about.ValidNLL {
			v.NLL += x
		}
		obs.Valid(v)
	}
	return trained{m.Arrays(), about}, nil
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
	profiles, err := profilesOf(s)
	if err != nil {
		return nil, err
	}
	train, err := paper.FromFlows(s.train(), s.about.First)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrData, err)
	}
	valid, err := paper.FromFlows(s.valid(), s.about.First)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrData, err)
	}
	columns := paper.FlowColumns()
	t, err := a.train(ctx, columns, train, valid, make([]float64, len(columns)), s.about, o, obs)
	if err != nil {
		return nil, err
	}
	m := Manifest{Arch: o.Arch, Vocabulary: s.vocabulary, Training: t.about}
	if err := writeModel(dir, m, append(t.arrays, profiles.arrays()...)); err != nil {
		return nil, err
	}
	return Load(dir)
}

// paperHost is a host under way.
type paperHost struct {
	j     *job
	r     *rand.Rand
	clock int64
	left  int64
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
		hosts[j.host] = &paperHost{j: j, r: rand.New(rand.NewPCG(g.o.Seed, uint64(j.host)+1<<41)), clock: g.start, left: j.planned()}
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

// paperColumns are a table's columns as package paper has them.
func (s *TableSchema) paperColumns() []paper.Column {
	out := make([]paper.Column, len(s.Columns))
	for i, c := range s.Columns {
		out[i] = paper.Column{Column: c.Column, Low: c.Low, High: c.High}
	}
	return out
}

// paperOffsets turn the likelihood of a bin into that of a value, even inside the bin: of a multiple of the column's tick, or
// where it has none the density in the column's unit.
func (s *TableSchema) paperOffsets() []float64 {
	out := make([]float64, len(s.Columns))
	for i, c := range s.paperColumns() {
		if tick := s.Columns[i].Tick; tick > 0 {
			out[i] = math.Log(max(c.BinWidth(), tick) / tick)
		} else if !c.Discrete() {
			out[i] = math.Log(c.BinWidth())
		}
	}
	return out
}

func (a paperArch) trainTable(ctx context.Context, s *tableSets, dir string, o TrainOptions, obs Observer) (*Model, error) {
	t, err := a.train(ctx, s.schema.paperColumns(), s.train, s.valid, s.schema.paperOffsets(), s.about, o, obs)
	if err != nil {
		return nil, err
	}
	if err := writeModel(dir, Manifest{Arch: o.Arch, Table: s.schema, Training: t.about}, t.arrays); err != nil {
		return nil, err
	}
	return Load(dir)
}

// paperTable draws tables.
type paperTable struct {
	m      paper.Model
	schema *TableSchema
}

func (t paperTable) sample(ctx context.Context, seed uint64, first int, rows []int) ([]float64, error) {
	n := len(t.schema.Columns)
	values := make([][]float64, len(rows))
	next := 0
	take := func() (int, bool) {
		for next < len(rows) && rows[next] == 0 {
			next++
		}
		next++
		return first + next - 1, next <= len(rows)
	}
	err := paper.Sample(ctx, t.m, seed, take, func(entity int, row []float64) (bool, error) {
		i := entity - first
		values[i] = append(values[i], row...)
		return len(values[i]) < rows[i]*n, nil
	})
	var all []float64
	for _, v := range values {
		all = append(all, v...)
	}
	return all, err
}

func (t paperTable) nll(ctx context.Context, rows *table.Table) (map[string]float64, error) {
	nll, err := t.m.NLL(ctx, rows)
	if nll == nil || err != nil {
		return nil, err
	}
	return byColumn(t.schema.paperColumns(), nll, t.schema.paperOffsets()), nil
}

func (t paperTable) free() { t.m.Free() }
