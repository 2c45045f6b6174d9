package torchmodel

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"

	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset"
	"stan/dataset/encode"
)

// lane counts: wide enough that weights are read once for many rows, narrow enough that few hosts do not leave most idle.
const (
	cpuLanes                       = 32
	fewestCUDALanes, mostCUDALanes = 256, 4096
)

// width is the number of lanes. It follows from the hosts of all shards, as rounding depends on it.
func (g *generation) width() int {
	if !g.o.Device.IsCUDA() {
		return cpuLanes
	}
	width := fewestCUDALanes
	for width < min(len(g.addrs), mostCUDALanes) {
		width *= 2
	}
	return width
}

// networkWorker runs one sampler until no host is left.
func (g *generation) networkWorker(ctx context.Context) (err error) {
	net, err := g.m.newNetwork(g.o.Device)
	if err != nil {
		return err
	}
	defer net.Free()
	v := g.m.Manifest.Vocabulary
	tables, err := newTables(v, newLayout(v), g.m.Manifest.Config.Without, g.o.Device)
	if err != nil {
		return err
	}
	defer tables.Free()
	days := 1
	for i := range g.jobs {
		days = max(days, len(g.jobs[i].plans))
	}
	s, err := newSampler(net, tables, g.o.Device, g.width(), days, encode.Words(g.addrs), g.o.Seed)
	if err != nil {
		return err
	}
	defer s.free()
	defer torch.AllowTF32(torch.AllowTF32(g.o.Device.IsCUDA()))
	torch.NoGrad(func() { err = g.drive(ctx, s) })
	return err
}

// drive keeps the lanes of a sampler busy: a lane whose host is done takes the next one. The rows of a block are delivered
// while the device draws the next.
func (g *generation) drive(ctx context.Context, s *sampler) error {
	streams := make([]*hostStream, s.gen.Width)
	var drawn []*hostStream // of the block that is collected and not yet delivered
	for ctx.Err() == nil {
		busy, err := g.refill(s, streams)
		if err != nil {
			return err
		}
		if len(busy) == 0 {
			return g.deliverBlock(s, drawn)
		}
		s.begin()
		if err := g.deliverBlock(s, drawn); err != nil {
			return err
		}
		if err := s.collect(); err != nil {
			return err
		}
		for _, x := range busy {
			x.ended = s.active[x.lane] == 0
		}
		drawn = busy
	}
	return ctx.Err()
}

// refill gives hosts to idle lanes, and returns the streams of the lanes that have one.
func (g *generation) refill(s *sampler, streams []*hostStream) (busy []*hostStream, err error) {
	var list []assignment
	for lane, active := range s.active[:min(len(s.active), g.each)] {
		if active == 0 {
			j := g.take()
			if j == nil {
				continue
			}
			streams[lane] = g.newHostStream(j, lane)
			list = append(list, j.in(lane, g.start, g.end))
		}
		busy = append(busy, streams[lane])
	}
	return busy, s.assign(list)
}

// deliverBlock delivers what a sampler has collected of some hosts; what the lanes of others hold is of an earlier block. Hosts are
// decoded side by side, the rows of each in order.
func (g *generation) deliverBlock(s *sampler, streams []*hostStream) error {
	v := g.m.Manifest.Vocabulary
	var next atomic.Int64
	deliver := func() error {
		var flows []dataset.Flow
		for {
			i := next.Add(1) - 1
			if i >= int64(len(streams)) {
				return nil
			}
			flows = flows[:0]
			x := streams[i]
			for at := x.lane; at < len(s.rows); at += s.gen.Width {
				if h := s.hosts[at]; h >= 0 {
					flows = append(flows, v.Decode(&s.rows[at], g.addrs[h]))
				}
			}
			if err := g.deliver(x.merge(flows)); err != nil {
				next.Store(int64(len(streams))) // the others end too
				return err
			}
		}
	}
	errs := make([]error, min(g.decoders, len(streams)))
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = deliver() })
	}
	all.Wait()
	return cmp.Or(errs...)
}
