package torchmodel

import (
	"context"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/safetensors"
)

// tableSubject is the stan network on a table.
type tableSubject struct {
	o            TrainOptions
	sets         *tableSets
	net          *TableNetwork
	train, valid *tableRows
}

// trainTableNetwork trains the network on a table.
func trainTableNetwork(ctx context.Context, s *tableSets, dir string, o TrainOptions, obs Observer) (*Model, error) {
	torch.ManualSeed(o.Seed)
	t := &trainer{o: o, obs: obs, dir: dir, subject: &tableSubject{
		o: o, sets: s, net: newTableNetwork(o.Config, s.schema), train: newTableRows(s.train), valid: newTableRows(s.valid),
	}}
	defer t.free()
	t.begin()
	return t.run(ctx)
}

func (t *tableSubject) network() network             { return t.net }
func (t *tableSubject) rows() (epoch, all int64)     { return int64(t.train.Rows()), int64(t.train.Rows()) }
func (t *tableSubject) validRows() int64             { return int64(t.valid.Rows()) }
func (t *tableSubject) beside() []safetensors.Tensor { return nil }
func (t *tableSubject) free()                        { t.net.Free() }

func (t *tableSubject) heads() []string {
	var names []string
	for _, c := range t.sets.schema.Columns {
		names = append(names, c.Name)
	}
	return names
}

func (t *tableSubject) cut(epoch int) batches {
	windows := t.train.windows(t.o.Seed, epoch, t.o.Length)
	return cutBatches(windows, &t.o, func(scope *torch.Scope, part []tableWindow) (b batch, err error) {
		err = torch.Try(func() { b = t.train.batch(scope, t.net, part, t.o.Length) })
		return b, err
	})
}

func (t *tableSubject) evaluate(ctx context.Context) ([]float64, int64, error) {
	return tableNLL(ctx, t.net, t.valid, t.o.Device)
}

func (t *tableSubject) manifest() Manifest {
	c := t.o.Config
	return Manifest{Arch: ArchStan, Config: &c, Table: t.sets.schema, Training: t.sets.about}
}

// tableNLL is the likelihood of every row of a table, by column in nats a row.
func tableNLL(ctx context.Context, n *TableNetwork, t *tableRows, device torch.Device) (heads []float64, rows int64, err error) {
	const size, length = 16, 256
	n.Train(false)
	defer n.Train(true)
	heads = make([]float64, len(n.layout.columns))
	windows := t.allWindows(length)
	torch.NoGrad(func() {
		for at := 0; at < len(windows) && ctx.Err() == nil; at += size {
			torch.With(func(scope *torch.Scope) {
				b := t.batch(scope, n, windows[at:min(at+size, len(windows))], length)
				scored := batch(b)
				if device.IsCUDA() {
					scored = on(device, b)
				}
				l := scored.score(nil)
				for i := range heads {
					heads[i] += l.heads[i].Float64()
				}
				rows += int64(l.rows.Float64())
			})
		}
	})
	for i := range heads {
		heads[i] /= float64(max(rows, 1))
	}
	return heads, rows, nil
}
