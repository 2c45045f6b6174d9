package torchmodel

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/safetensors"
	"gonum.org/v1/gonum/floats"
)

// trainer is a training under way.
type trainer struct {
	o       TrainOptions
	obs     Observer
	dir     string
	subject subject
	opt     torch.Optimizer
	average *torch.Average       // of the weights over the last steps
	best    []safetensors.Tensor // weights of the best validation
	state   loopState
	started time.Time // of this run, less the time of earlier ones
	before  float64   // share of the training that these have done
	metrics *metricsFile

	warm     int        // steps on CUDA that ran as they are
	recorded *stepGraph // nil before they are recorded

	crew *crew // nil where a batch has one part
}

// newTrainer prepares a training on flows. The caller frees the result, also that of a failure.
func newTrainer(s *sets, dir string, o TrainOptions, obs Observer) (*trainer, error) {
	f, err := newFlowSubject(s, o, room{o.Memory, dir})
	t := &trainer{o: o, obs: obs, dir: dir, subject: f}
	if err != nil {
		return t, err
	}
	if n := f.written(); n > 0 {
		obs.Note("rows beyond memory lie in a scratch file", "bytes", n, "folder", dir)
	}
	t.begin()
	return t, nil
}

// begin prepares the loop's own state.
func (t *trainer) begin() {
	t.state.Version, t.state.NextValid, t.state.Setup = stateVersion, t.validEvery(), t.subject.manifest().Training.Setup
	t.subject.network().To(t.o.Device)
	t.opt = torch.AdamW(t.o.LearningRate, 0.9, 0.99, 1e-8, t.o.WeightDecay)
	t.opt.AddParameters(t.subject.network().Parameters())
	t.average = torch.NewAverage(t.subject.network().Parameters())
	if n := t.o.parts(); n > 1 {
		t.crew = newCrew(n, t.o.threads()/n)
	}
}

func (t *trainer) free() {
	t.recorded.free()
	if t.crew != nil {
		t.crew.free()
	}
	if t.opt.Opt != nil {
		t.opt.Close()
	}
	if t.average != nil {
		t.average.Free()
	}
	t.subject.free()
}

// trainNetwork trains the network on flows.
func trainNetwork(ctx context.Context, s *sets, _ *independent, dir string, o TrainOptions, obs Observer) (*Model, error) {
	t, err := newTrainer(s, dir, o, obs)
	defer t.free()
	if err != nil {
		return nil, err
	}
	return t.run(ctx)
}

// fewRows is the part of all rows of which an epoch that has less is worth a word.
const fewRows = 4

// run trains, from the last checkpoint if the options say so, and writes the model.
func (t *trainer) run(ctx context.Context) (*Model, error) {
	// Products of TF32 are as good here as those of float32. Those of bfloat16 are not faster: layers are narrow, and converting
	// weights and inputs takes as many kernels as computing.
	defer torch.AllowTF32(torch.AllowTF32(t.o.Device.IsCUDA()))
	if t.o.Resume {
		found, err := t.readCheckpoint()
		if err != nil {
			return nil, err
		}
		if !found {
			t.obs.Note("no checkpoint to resume from: starting anew", "folder", t.dir)
		}
	}
	var err error
	if t.metrics, err = openMetrics(filepath.Join(t.dir, metricsName), t.state.Step, t.state.NextValid-t.validEvery()); err != nil {
		return nil, err
	}
	defer t.metrics.close()
	rows, all := t.subject.rows()
	t.obs.Note("training", "weights", countWeights(t.subject.network()), "rows", rows, "of", all, "device", t.o.Device.String())
	if rows < all/fewRows {
		t.obs.Note("an epoch is a small part of the flows, as most hosts have few: --epochs and --max-time say how long to train",
			"rows", rows, "of", all)
	}
	if err := t.loop(ctx); err != nil {
		return nil, err
	}
	return t.finish()
}

func (t *trainer) manifest() Manifest {
	m := t.subject.manifest()
	m.Training.Steps, m.Training.ValidNLL = t.state.Step, t.state.BestValid
	return m
}

// finish writes the weights of the best validation as the model.
func (t *trainer) finish() (*Model, error) {
	m := t.manifest()
	m.Training.Steps = t.state.BestStep
	saved, err := saveModel(t.dir, m, t.best)
	if err != nil {
		return nil, err
	}
	removeCheckpoints(t.dir)
	return saved, nil
}

// stepsOf is the number of steps in an epoch; windows at the start of streams make it vary little.
func (t *trainer) stepsOf() int {
	rows, _ := t.subject.rows()
	return max(1, int((rows+int64(t.o.Batch*t.o.Length)-1)/int64(t.o.Batch*t.o.Length)))
}

// validEvery is the number of steps between validations: half an epoch, but not so few that they cost much, nor so many that
// the best weights are missed.
func (t *trainer) validEvery() int {
	cheap := 10 * int(t.subject.validRows()) / (t.o.Batch * t.o.Length) // each looks at the last weights and the average
	return min(max(t.stepsOf()/2, cheap, 100), 1000)
}

func (t *trainer) seconds() float64 { return time.Since(t.started).Seconds() }

// progress is the share of the training that is done.
func (t *trainer) progress() float64 {
	p := 0.0
	if t.o.Epochs > 0 {
		p = float64(t.state.Step) / float64(t.o.Epochs*t.stepsOf())
	}
	if t.o.MaxTime > 0 {
		p = max(p, t.seconds()/t.o.MaxTime.Seconds())
	}
	return min(p, 1)
}

// warmup is the number of steps in which the learning rate rises.
const warmup = 100

// learningRate falls along half a cosine to a fiftieth of its peak.
func (t *trainer) learningRate(progress float64) float64 {
	rise := min(1, float64(t.state.Step+1)/warmup)
	return t.o.LearningRate * rise * (0.02 + 0.98*0.5*(1+math.Cos(math.Pi*progress)))
}

// loop runs steps until the training's end. On a stop it writes a checkpoint and returns ErrStopped.
func (t *trainer) loop(ctx context.Context) error {
	t.started = time.Now().Add(-time.Duration(t.state.Seconds * float64(time.Second)))
	t.before = t.progress()
	saved := time.Now()
	feed := newFeed(t)
	defer feed.close()
	var rows int64
	for t.progress() < 1 {
		if ctx.Err() != nil {
			return t.stop(ctx)
		}
		if t.state.Step >= t.state.NextValid {
			if done, err := t.validate(ctx); err != nil || done {
				return err
			}
		}
		item, _ := feed.take() // epochs do not end
		step, err := t.step(item)
		if err != nil {
			return err
		}
		rows += step.Rows
		step.Rows = rows
		t.obs.Step(step)
		if err := t.metrics.step(step); err != nil {
			return err
		}
		if time.Since(saved) >= t.o.Checkpoint {
			t.state.Seconds = t.seconds()
			if err := t.writeCheckpoint(); err != nil {
				return err
			}
			saved = time.Now()
		}
	}
	if t.state.Step == 0 {
		return fmt.Errorf("%w: max-time %v, want enough for one step", ErrConfig, t.o.MaxTime)
	}
	_, err := t.validate(ctx)
	return err
}

// stop ends a run whose training is to go on from here in another one.
func (t *trainer) stop(ctx context.Context) error {
	t.state.Seconds = t.seconds()
	if err := t.writeCheckpoint(); err != nil {
		return err
	}
	return fmt.Errorf("step %d: %w: %w", t.state.Step, ErrStopped, context.Cause(ctx))
}

// step trains on one batch.
func (t *trainer) step(f feedItem) (Step, error) {
	defer f.scope.Close()
	if f.err != nil {
		return Step{}, f.err
	}
	torch.ManualSeed(t.draws())
	progress := t.progress()
	s := Step{Epoch: f.after.epoch, LearningRate: t.learningRate(progress)}
	t.opt.SetLR(s.LearningRate)
	l, stats := t.compute(f.parts)
	s.Loss, s.GradNorm = stats[0], stats[1]
	if math.IsNaN(s.Loss) || math.IsInf(s.Loss, 0) {
		return s, t.diverged(l, s)
	}
	if math.IsNaN(s.GradNorm) || math.IsInf(s.GradNorm, 0) {
		return s, fmt.Errorf("epoch %d, step %d: %w: gradient norm is %g, learning rate %g", s.Epoch+1, t.state.Step+1,
			ErrDiverged, s.GradNorm, s.LearningRate)
	}
	t.state.Step++
	t.average.Add(t.state.Step)
	t.state.Epoch, t.state.Batch = f.after.epoch, f.after.batch
	s.Step, s.Progress, s.Before, s.Seconds = t.state.Step, t.progress(), t.before, t.seconds()
	s.Rows = int64(stats[2])
	return s, nil
}

// draws seeds what dropout draws. It depends on the seed and the step alone, so that a resumed training is the same.
func (t *trainer) draws() int64 { return t.o.Seed<<32 + int64(t.state.Step) }

// compute learns from the parts of a batch in the host's memory. It returns the likelihood of its attributes, and loss, norm of
// the gradient and number of rows.
func (t *trainer) compute(parts []batch) (likelihood, []float64) {
	if len(parts) > 1 {
		l, stats := t.learnParts(parts)
		return l, stats.Float64s()
	}
	b := parts[0]
	if !t.o.Device.IsCUDA() {
		l, stats := t.learn(b, true)
		return l, stats.Float64s()
	}
	even, ok := b.(evenBatch)
	switch {
	case ok && t.recorded.fits(even):
		t.recorded.replay(even)
		return t.recorded.likelihood, t.recorded.stats.Float64s()
	case ok && t.recorded.below(even) && t.warm >= warmSteps:
		t.recorded.free()
		t.recorded = nil
		t.recorded = record(even, t.o.Device, t.learn)
		t.recorded.replay(even)
		return t.recorded.likelihood, t.recorded.stats.Float64s()
	}
	t.warm++
	l, stats := t.learn(on(t.o.Device, b), true)
	return l, stats.Float64s()
}

// learn changes the weights by one step of the optimiser. stats [3] are loss, norm of the gradient and rows. With look it waits
// for the first two, and changes nothing where one is no finite number; what is recorded cannot.
func (t *trainer) learn(b batch, look bool) (l likelihood, stats torch.Tensor) {
	t.opt.ZeroGrad()
	l = b.score(nil)
	loss := l.perRow(l.rows)
	norm := loss.Detach()
	if !look || finite(loss) {
		loss.Backward()
		norm = t.change(look).Join(loss)
	}
	return l, torch.Stack([]torch.Tensor{loss.Detach(), norm, l.rows}, 0)
}

// learnParts is learn, with look, of the parts of a batch.
func (t *trainer) learnParts(parts []batch) (l likelihood, stats torch.Tensor) {
	rows := parts[0].rows()
	for _, b := range parts[1:] {
		rows = torch.Add(rows, b.rows(), 1)
	}
	weights := t.subject.network().Parameters()
	scored, gradients := make([]likelihood, len(parts)), make([][]torch.Tensor, len(parts))
	t.crew.each(len(parts), uint64(t.draws()), func(i int, rng *torch.RNG) {
		scored[i] = parts[i].score(rng)
		gradients[i] = scored[i].perRow(rows).Gradients(weights, false)
	})
	l = together(scored, rows)
	loss := l.perRow(rows)
	norm := loss
	if finite(loss) {
		torch.SumGradients(weights, gradients)
		norm = t.change(true).Join(loss)
	}
	return l, torch.Stack([]torch.Tensor{loss, norm, rows}, 0)
}

// change changes the weights by their gradients, whose norm it returns. With look it does so only where that is a finite number.
func (t *trainer) change(look bool) torch.Tensor {
	norm := torch.ClipGradNormTensor(t.subject.network().Parameters(), t.o.ClipNorm)
	if !look || finite(norm) {
		t.opt.Step()
	}
	return norm
}

func finite(x torch.Tensor) bool {
	v := x.Float64()
	return !math.IsNaN(v) && !math.IsInf(v, 0)
}

// diverged names the attribute whose loss is no number.
func (t *trainer) diverged(l likelihood, s Step) error {
	for h, x := range l.heads {
		if v := x.Float64(); math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("epoch %d, step %d: attribute %q: %w: loss is %g, learning rate %g", s.Epoch+1, t.state.Step+1,
				t.subject.heads()[h], ErrDiverged, v, s.LearningRate)
		}
	}
	return fmt.Errorf("epoch %d, step %d: %w: loss is %g", s.Epoch+1, t.state.Step+1, ErrDiverged, s.Loss)
}

// averaged calls f while the network has its averaged weights.
func (t *trainer) averaged(f func()) {
	t.average.Swap()
	defer t.average.Swap()
	f()
}

// validate measures the validation set, keeps the best weights, and tells whether the training has ended early. A stop
// before its end leaves it to the run that resumes.
func (t *trainer) validate(ctx context.Context) (bool, error) {
	heads, rows, err := t.subject.evaluate(ctx)
	if err != nil {
		return false, err
	}
	with := func(f func()) { f() } // the weights that heads are of
	t.averaged(func() {
		var mean []float64
		if mean, _, err = t.subject.evaluate(ctx); err == nil && floats.Sum(mean) < floats.Sum(heads) {
			heads, with = mean, t.averaged
		}
	})
	if err != nil {
		return false, err
	}
	if ctx.Err() != nil {
		return false, t.stop(ctx)
	}
	v := Validation{Step: t.state.Step, Rows: rows, Heads: map[string]float64{}}
	names := t.subject.heads()
	for h, nats := range heads {
		if math.IsNaN(nats) || math.IsInf(nats, 0) {
			return false, fmt.Errorf("validation after step %d: attribute %q: %w: loss is %g", v.Step, names[h], ErrDiverged, nats)
		}
		v.Heads[names[h]] = nats
		v.NLL += nats
	}
	t.state.NextValid = t.state.Step + t.validEvery()
	t.state.Since++
	if t.best == nil || v.NLL < t.state.BestNLL {
		v.Best = true
		t.state.BestNLL, t.state.BestStep, t.state.BestValid, t.state.Since = v.NLL, t.state.Step, v.Heads, 0
		with(func() { t.best = append(parameters(t.subject.network()), t.subject.beside()...) })
	}
	t.obs.Valid(v)
	return t.o.Patience > 0 && t.state.Since > t.o.Patience, t.metrics.valid(v)
}
