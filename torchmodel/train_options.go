package torchmodel

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"runtime"
	"time"

	torch "github.com/wangkuiyi/gotorch"
)

// TrainOptions say how a model is trained.
type TrainOptions struct {
	Arch     string
	Config   Config
	Internal []netip.Prefix // networks of the hosts
	MinHosts int            // hosts at which a value must be seen to be stored in the model
	Device   torch.Device
	Threads  int   // parts of a batch that are computed side by side on the CPU, and what makes batches for CUDA, at least two; 0 for all cores
	Memory   int64 // bytes of the rows of flows that are held; the others lie in a scratch file in the model's folder
	Seed     int64

	Epochs   int           // most passes over the data; 0 for no bound but MaxTime's
	MaxTime  time.Duration // of training, 0 for no bound. With it the learning rate follows the clock
	Resume   bool          // go on from the last checkpoint; nothing is left to do where the model is finished
	Force    bool          // replace a model that stands in the folder
	Patience int           // validations without a better one that end the training

	Batch        int     // windows of a step
	Length       int     // rows of a window
	LearningRate float64 // at its peak
	WeightDecay  float64
	ClipNorm     float64       // largest norm of a step's gradient
	Checkpoint   time.Duration // between two checkpoints
}

// TableWeightDecay is that of tables, which have few columns to learn by heart: their slopes come out too small with more.
const TableWeightDecay = 0.02

// DefaultTrainOptions are the options that the README's figures speak of, on flows.
func DefaultTrainOptions() TrainOptions {
	return TrainOptions{
		Arch: ArchStan, Config: DefaultConfig(), MinHosts: 2, Memory: 1 << 30, Seed: 1, Epochs: 20, Patience: 8,
		Batch: 8, Length: 256, LearningRate: 2e-3, WeightDecay: 0.1, ClipNorm: 1, Checkpoint: time.Minute,
	}
}

// Validate tells the first option that is out of range.
func (o *TrainOptions) Validate() error {
	if _, err := findArch(o.Arch); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	switch {
	case o.Arch != ArchStan && o.Config.Without != Without{}:
		return fmt.Errorf("%w: without %v, want arch %s, got %s", ErrConfig, o.Config.Without, ArchStan, o.Arch)
	case o.MinHosts < 1:
		return fmt.Errorf("%w: min-hosts %d, want at least 1", ErrConfig, o.MinHosts)
	case o.Epochs < 0 || (o.Epochs == 0 && o.MaxTime <= 0):
		return fmt.Errorf("%w: epochs %d, want at least 1, or a max-time", ErrConfig, o.Epochs)
	case o.MaxTime < 0:
		return fmt.Errorf("%w: max-time %v, want more than 0", ErrConfig, o.MaxTime)
	case o.Batch < 1 || o.Length < 1 || o.Batch > (1<<22)/o.Length:
		return fmt.Errorf("%w: batch %d of length %d, want at least 1 of each and at most 4194304 rows", ErrConfig, o.Batch, o.Length)
	case !positive(o.LearningRate) || !(o.WeightDecay >= 0) || !positive(o.ClipNorm):
		return fmt.Errorf("%w: learning-rate %g, weight-decay %g, clip-norm %g, want positive numbers", ErrConfig, o.LearningRate,
			o.WeightDecay, o.ClipNorm)
	case o.Patience < 0:
		return fmt.Errorf("%w: patience %d, want at least 1, or 0 for never", ErrConfig, o.Patience)
	case o.Checkpoint < 0:
		return fmt.Errorf("%w: checkpoint %v, want at least 0s", ErrConfig, o.Checkpoint)
	case o.Threads < 0 || o.Threads > mostThreads:
		return fmt.Errorf("%w: threads %d, want 1 to %d, or 0 for one a core", ErrConfig, o.Threads, mostThreads)
	case o.Memory < 0:
		return fmt.Errorf("%w: memory %d, want at least 0 bytes", ErrConfig, o.Memory)
	}
	return o.Config.Validate()
}

// threads are those that compute on the CPU.
func (o *TrainOptions) threads() int { return cmp.Or(o.Threads, runtime.GOMAXPROCS(0)) }

// parts is the number of parts of a batch, of whole windows, that are computed side by side. A GPU computes a batch at once.
func (o *TrainOptions) parts() int {
	if o.Device.IsCUDA() {
		return 1
	}
	return min(o.threads(), o.Batch)
}

// mostThreads bounds the threads of one process: thousands of them do nothing but wait for each other.
const mostThreads = 256

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

// Observer learns how a training goes. Its methods are called from one goroutine.
type Observer interface {
	// Step is called after each step.
	Step(s Step)
	// Valid is called after each validation.
	Valid(v Validation)
	// Note is called for what the user should know.
	Note(message string, attrs ...any)
}

// Step is a step of training.
type Step struct {
	Step, Epoch  int
	Rows         int64   // rows trained since the start, of this run
	Loss         float64 // nats a row
	LearningRate float64
	GradNorm     float64
	Progress     float64 // share of the training that is done, 0 to 1
	Before       float64 // share of it that earlier runs had done
	Seconds      float64 // since the start, earlier runs included
}

// Validation is the likelihood of the validation set.
type Validation struct {
	Step  int
	Rows  int64
	NLL   float64            // nats a row
	Heads map[string]float64 // nats a row by attribute
	Best  bool               // the lowest so far
}
