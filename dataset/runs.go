package dataset

import (
	"context"
	"slices"
	"sync"
)

// maxFanIn is how many runs one merge reads at a time; more runs are first merged into fewer.
const maxFanIn = 64

// runStack holds the runs of a sort, those of buffers on the lowest level. When a level has more than maxFanIn runs, as many
// become one of the next, while more come: so few files are open however many rows there are, and each row is written
// once a level.
type runStack struct {
	create  func() (tempFile, error)
	orders  *hostOrders // the last of which has the hosts of every run
	buckets int

	mu     sync.Mutex // guards what follows
	levels [][]*run
}

// add takes a run, and merges where there are too many then. It may be called from several goroutines.
func (s *runStack) add(ctx context.Context, r *run, bufferBytes int) error {
	for level := 0; ; level++ {
		full := s.push(r, level)
		if full == nil {
			return nil
		}
		var err error
		if r, err = s.merge(ctx, full, bufferBytes); err != nil {
			return err
		}
	}
}

// push puts a run on a level, and takes maxFanIn runs away if these are more than it may have.
func (s *runStack) push(r *run, level int) []*run {
	s.mu.Lock()
	defer s.mu.Unlock()
	if level == len(s.levels) {
		s.levels = append(s.levels, nil)
	}
	runs := append(s.levels[level], r)
	if len(runs) <= maxFanIn {
		s.levels[level] = runs
		return nil
	}
	s.levels[level] = slices.Clone(runs[maxFanIn:])
	return runs[:maxFanIn]
}

// reduce merges the smallest runs until one merge can read them all, and returns these.
func (s *runStack) reduce(ctx context.Context, bufferBytes int) ([]*run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	runs := slices.Concat(s.levels...)
	for len(runs) > maxFanIn {
		n := min(maxFanIn, len(runs)-maxFanIn+1)
		merged, err := s.merge(ctx, runs[:n], bufferBytes)
		runs = runs[n:]
		if err != nil {
			s.levels = [][]*run{runs}
			return nil, err
		}
		runs = append(runs, merged)
	}
	s.levels = [][]*run{runs}
	return runs, nil
}

// merge merges runs into one and closes them.
func (s *runStack) merge(ctx context.Context, runs []*run, bufferBytes int) (*run, error) {
	defer closeRuns(runs)
	file, err := s.create()
	if err != nil {
		return nil, err
	}
	merged, err := mergeRuns(ctx, file, runs, s.buckets, bufferBytes, s.orders.latest())
	if err != nil {
		file.Close()
	}
	return merged, err
}

// close closes all runs.
func (s *runStack) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	closeRuns(slices.Concat(s.levels...))
	s.levels = nil
}

func closeRuns(runs []*run) {
	for _, r := range runs {
		r.close()
	}
}

// mergeRuns merges runs into one in file.
func mergeRuns(ctx context.Context, file tempFile, runs []*run, buckets, bufferBytes int,
	hosts hostOrder) (*run, error) {
	w := newRunWriter(file, buckets)
	for bucket := range buckets {
		err := mergeBucket(ctx, runs, bucket, bufferBytes, hosts, func(record []byte) error {
			w.add(bucket, record)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return w.finish()
}
