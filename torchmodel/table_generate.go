package torchmodel

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"

	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset/table"
)

// GenerateTable draws a table of o.Rows rows from a model of a table, and hands it to sink some entities at a time and in
// order. The rows are dealt evenly to o.Hosts entities, or to as many as make them as long as the training table's, and
// begin at o.Start; o.Duration and o.Internal count for flows only. progress may be nil. It returns the number of rows.
func (m *Model) GenerateTable(ctx context.Context, o GenerateOptions, sink func(*table.Table) error,
	progress func(rows, planned int64)) (int64, error) {
	s := m.Manifest.Table
	if o.Rows == 0 {
		return 0, fmt.Errorf("%w: no number of rows, want how long the table is to be", ErrConfig)
	}
	if err := o.Validate(); err != nil {
		return 0, err
	}
	entities := cmp.Or(o.Hosts, max(1, int(min(math.Round(float64(o.Rows)/s.Rows), mostHosts))))
	jobs := make([]int, 0, entities/o.Shards+1) // rows of each entity of this shard
	first := entities * (o.Shard - 1) / o.Shards
	var planned int64
	for e := first; e < entities*o.Shard/o.Shards; e++ {
		jobs = append(jobs, int(o.Rows*int64(e+1)/int64(entities)-o.Rows*int64(e)/int64(entities)))
		planned += int64(jobs[len(jobs)-1])
	}
	if planned == 0 {
		return 0, fmt.Errorf("%w: no row in shard %d/%d, want fewer shards or more rows", ErrConfig, o.Shard, o.Shards)
	}
	workers := 1
	if !o.Device.IsCUDA() {
		workers = min(cmp.Or(o.Threads, runtime.GOMAXPROCS(0)), (len(jobs)+tableLanes-1)/tableLanes)
		torch.SetNumThreads(1) // each worker computes on its own core
	}
	models := make([]tableModel, workers)
	for i := range models {
		var err error
		if models[i], err = m.openTable(o.Device); err != nil {
			return 0, err
		}
		defer models[i].free()
	}
	var done int64
	for at := 0; at < len(jobs); at += workers * tableLanes {
		tables := make([]*table.Table, workers)
		errs := make([]error, workers)
		var all sync.WaitGroup
		for i := range workers {
			from, to := min(at+i*tableLanes, len(jobs)), min(at+(i+1)*tableLanes, len(jobs))
			all.Go(func() {
				runtime.LockOSThread() // grad mode belongs to an OS thread
				defer runtime.UnlockOSThread()
				var values []float64
				failed := torch.Try(func() { values, errs[i] = models[i].sample(ctx, o.Seed, first+from, jobs[from:to]) })
				if errs[i] = cmp.Or(failed, errs[i]); errs[i] == nil {
					tables[i] = s.table(values, first+from, jobs[from:to], o.Start.UnixMicro())
				}
			})
		}
		all.Wait()
		for i, t := range tables {
			if errs[i] != nil {
				return done, fmt.Errorf("generate: %w", errs[i])
			}
			if t.Rows() == 0 {
				continue
			}
			if err := sink(t); err != nil {
				return done, err
			}
			done += int64(t.Rows())
			if progress != nil {
				progress(done, planned)
			}
		}
	}
	return done, nil
}

// table makes a table of drawn values: names, and times from start on.
func (s *TableSchema) table(values []float64, first int, rows []int, start int64) *table.Table {
	t := table.New(s.Schema())
	n := len(s.Columns)
	if len(values) == 0 {
		return t
	}
	for e, count := range rows {
		times, own := make([]int64, count), make([]float64, 0, count*len(t.Columns))
		clock := start
		for i := range times {
			row := values[:n]
			values = values[n:]
			if i > 0 && s.Step != 0 {
				clock += s.Step
			}
			if s.Step == 0 {
				if i > 0 {
					clock += int64(math.Round(row[0] * 1e6))
				}
				row = row[1:]
			}
			times[i], own = clock, append(own, row...)
		}
		t.Append(fmt.Sprintf("%s-%06d", s.Entity, first+e+1), times, own)
	}
	return t
}

// TableNLL is the likelihood of a table under a model of a table, by column in nats a row; nil where the architecture has none.
func (m *Model) TableNLL(ctx context.Context, t *table.Table, device torch.Device) (map[string]float64, error) {
	s := m.Manifest.Table
	if !t.Schema().Equal(s.Schema()) {
		return nil, fmt.Errorf("%w: columns %v, want %v as in the model", ErrData, t.Schema().Names(), s.Schema().Names())
	}
	model, err := m.openTable(device)
	if err != nil {
		return nil, err
	}
	defer model.free()
	var heads map[string]float64
	failed := torch.Try(func() { heads, err = model.nll(ctx, s.withGaps(t)) })
	return heads, cmp.Or(failed, err)
}
