package paper

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset/table"
)

// The paper's training: Adam, and every 10 epochs a learning rate 0.9 times as large.
const (
	batchRows = 512
	bodyRate  = 1e-3 // of everything but softmax heads
	classRate = 1e-2 // of softmax heads
	decayRate = 0.9
	decayEach = 10 // epochs
)

// ErrDiverged is returned when a loss is not a finite number.
var ErrDiverged = errors.New("training diverged")

// FitOptions say how networks are trained.
type FitOptions struct {
	Seed     int64
	Epochs   int           // most passes over the rows of each network; 0 for no bound but MaxTime's
	MaxTime  time.Duration // of all networks together, 0 for no bound
	Patience int           // validations without a better one that end a network's training; 0 for never
	Threads  int           // networks that are trained side by side on the CPU
	Device   torch.Device

	// Step is told how far the training is, from one goroutine at a time.
	Step func(Progress)
}

// Progress is how far a training is.
type Progress struct {
	Column string
	Steps  int     // of all networks
	Rows   int64   // learned from, mean over the networks
	Loss   float64 // of the last batch, nats a row of this column
	Share  float64 // of the training that is done, 0 to 1
}

// validRows is the most rows that a validation looks at, spread evenly.
const validRows = 4096

// Fit learns the attributes of train. A network's weights are those after an epoch or their average over its last steps,
// whichever do best on valid. It returns the negative log-likelihood of valid's rows by column, in nats a row, and the number of
// steps of all networks. Networks do not depend on each other, so their weights depend on the seed alone unless MaxTime ends the
// training. When ctx ends, so does the training, with its cause.
func (n *Networks) Fit(ctx context.Context, train, valid *table.Table, o FitOptions) (nll []float64, steps int, err error) {
	t := &training{n: n, o: o, train: newData(train, n.layout), valid: newData(valid, n.layout)}
	t.nll = make([]float64, len(n.Columns))
	t.rows = spread(valid.Rows(), validRows)
	workers := min(o.Threads, len(n.Columns))
	if o.Device.IsCUDA() {
		workers = 1
	}
	// Each network has its share of the time, so that the last ones have as much as the first.
	rounds := (len(n.Columns) + workers - 1) / workers
	t.each = o.MaxTime / time.Duration(rounds)
	n.To(o.Device)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			torch.WithNumThreads(1, func() {
				for column := t.take(); column >= 0; column = t.take() {
					var err error
					if e := torch.Try(func() { err = t.column(ctx, column) }); e != nil {
						err = e
					}
					if err != nil {
						cancel(err)
						return
					}
				}
			})
		})
	}
	all.Wait()
	n.To(torch.Device{})
	return t.nll, t.steps, context.Cause(ctx)
}

// spread are at most n of rows, evenly.
func spread(rows, n int) []int32 {
	out := make([]int32, min(rows, n))
	for i := range out {
		out[i] = int32(i * rows / len(out))
	}
	return out
}

// training is what the workers share.
type training struct {
	n            *Networks
	o            FitOptions
	train, valid *data
	rows         []int32 // of valid
	each         time.Duration
	nll          []float64

	mu      sync.Mutex
	next    int
	steps   int
	learned int64
	shares  float64 // sum over the columns
}

// take hands out the next column, -1 after the last one.
func (t *training) take() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == len(t.n.Columns) {
		return -1
	}
	t.next++
	return t.next - 1
}

// column trains one network.
func (t *training) column(ctx context.Context, column int) error {
	net := t.n.Columns[column]
	net.Train(true)
	defer net.Train(false)
	body, head := torch.Adam(bodyRate, 0.9, 0.999, 0), torch.Adam(classRate, 0.9, 0.999, 0)
	defer body.Close()
	defer head.Close()
	parameters := net.Parameters()
	if net.mixtures > 0 {
		body.AddParameters(parameters)
	} else {
		own := net.Head.Parameters()
		body.AddParameters(parameters[:len(parameters)-len(own)]) // the head's are the last
		head.AddParameters(own)
	}
	average, steps := torch.NewAverage(parameters), 0
	defer average.Free()
	r := rand.New(rand.NewPCG(uint64(t.o.Seed), uint64(column)))
	order := spread(t.train.t.Rows(), t.train.t.Rows())
	started, share := time.Now(), 0.0
	best, since := math.Inf(1), 0
	var weights [][]float32
	for epoch := 0; share < 1 && (t.o.Patience == 0 || since <= t.o.Patience); epoch++ {
		rate := math.Pow(decayRate, float64(epoch/decayEach))
		body.SetLR(bodyRate * rate)
		head.SetLR(classRate * rate)
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for at := 0; at < len(order) && share < 1; at += batchRows {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			rows := order[at:min(at+batchRows, len(order))]
			loss := t.step(net, column, rows, body, head)
			steps++
			average.Add(steps)
			if math.IsNaN(loss) || math.IsInf(loss, 0) {
				return fmt.Errorf("column %q: epoch %d: %w: loss is %g", t.name(column), epoch, ErrDiverged, loss)
			}
			before := share
			share = t.share(epoch, float64(at+len(rows))/float64(len(order)), time.Since(started))
			t.report(column, len(rows), loss, share-before)
		}
		since++
		for range 2 { // the last weights, and then their average
			nll, err := t.n.score(ctx, t.valid, column, t.rows, t.o.Device)
			if err != nil {
				return err
			}
			if math.IsNaN(nll) || math.IsInf(nll, 0) {
				return fmt.Errorf("column %q: validation after epoch %d: %w: loss is %g", t.name(column), epoch, ErrDiverged, nll)
			}
			if nll < best {
				best, since = nll, 0
				weights = copyOf(parameters)
			}
			average.Swap()
		}
	}
	t.report(column, 0, best, 1-min(share, 1))
	for i, p := range parameters {
		p.CopyFromFloat32(weights[i])
	}
	t.nll[column] = best
	return nil
}

func (t *training) name(column int) string { return t.n.layout.columns[column].Name }

// share is how much of a network's training is done.
func (t *training) share(epoch int, part float64, passed time.Duration) float64 {
	share := 0.0
	if t.o.Epochs > 0 {
		share = (float64(epoch) + part) / float64(t.o.Epochs)
	}
	if t.each > 0 {
		share = max(share, passed.Seconds()/t.each.Seconds())
	}
	return share
}

func (t *training) report(column, rows int, loss, share float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if rows > 0 {
		t.steps++
	}
	t.learned += int64(rows)
	t.shares += share
	n := len(t.nll)
	t.o.Step(Progress{
		Column: t.name(column), Steps: t.steps, Rows: t.learned / int64(n), Loss: loss, Share: min(t.shares/float64(n), 1),
	})
}

func (t *training) step(net *Network, column int, rows []int32, optimizers ...torch.Optimizer) (loss float64) {
	torch.With(func(s *torch.Scope) {
		x := t.train.batch(s, rows, t.o.Device)
		l := net.nll(x, t.train.target(s, column, rows, t.o.Device)).Mean()
		torch.ZeroGrads(net.Parameters())
		l.Backward()
		for _, o := range optimizers {
			o.Step()
		}
		loss = l.Float64()
	})
	return loss
}

// score is the mean negative log-likelihood of a column of rows.
func (n *Networks) score(ctx context.Context, d *data, column int, rows []int32, device torch.Device) (nll float64, err error) {
	torch.NoGrad(func() {
		for at := 0; at < len(rows); at += batchRows {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
				return
			}
			part := rows[at:min(at+batchRows, len(rows))]
			torch.With(func(s *torch.Scope) {
				x := d.batch(s, part, device)
				nll += n.Columns[column].nll(x, d.target(s, column, part, device)).Sum().Float64()
			})
		}
	})
	return nll / float64(max(len(rows), 1)), err
}

// NLL is the negative log-likelihood of a table's rows by column, in nats a row.
func (n *Networks) NLL(ctx context.Context, t *table.Table) ([]float64, error) {
	d, out := newData(t, n.layout), make([]float64, len(n.Columns))
	rows := spread(t.Rows(), t.Rows())
	for column := range out {
		var err error
		if out[column], err = n.score(ctx, d, column, rows, torch.Device{}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func copyOf(parameters []torch.Tensor) [][]float32 {
	out := make([][]float32, len(parameters))
	for i, p := range parameters {
		out[i] = p.Float32s()
	}
	return out
}
