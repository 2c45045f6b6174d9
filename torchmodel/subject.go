package torchmodel

import (
	"context"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/nn"
	"github.com/wangkuiyi/gotorch/safetensors"
)

// subject is what the training loop trains: a network, the data that it learns from, and what its model says beside the
// weights.
type subject interface {
	network() network
	// heads names the attributes of a likelihood.
	heads() []string
	// rows is the number of rows of an epoch, of so many that there are.
	rows() (epoch, all int64)
	// validRows is the number of rows of the validation set.
	validRows() int64
	// cut deals an epoch's rows to batches, by the seed and the epoch alone.
	cut(epoch int) batches
	// evaluate is the likelihood of the validation set by attribute in nats a row: of the exact row, the place of a value
	// inside its class or bin included.
	evaluate(ctx context.Context) (heads []float64, rows int64, err error)
	// manifest is that of the model, without what the loop knows.
	manifest() Manifest
	// beside are the model's numbers that are not the network's.
	beside() []safetensors.Tensor
	free()
}

// network is a module with its weights.
type network interface {
	nn.IModule
	Parameters() []torch.Tensor
	OrderedParameters() []nn.NamedTensor
	Free()
}

// batches are those of an epoch.
type batches struct {
	n int
	// make makes the parts of the i-th one, that many which are computed side by side; their tensors belong to scope.
	make func(scope *torch.Scope, i int) ([]batch, error)
}

// batch is some rows to learn from, or a part of them.
type batch interface {
	// each is the batch of what f makes of every tensor.
	each(f func(torch.Tensor) torch.Tensor) batch
	// rows is the number of its rows, [].
	rows() torch.Tensor
	// score is the likelihood of its rows under the network, which draws what it drops from rng, or from libtorch's generator.
	score(rng *torch.RNG) likelihood
}

// evenBatch is a batch that is nothing but its tensors, whose shapes are those of every batch of as many windows.
type evenBatch interface {
	batch
	tensors() []torch.Tensor
}

// pinned copies a batch to memory that a GPU reads by itself, in the same scope.
func pinned(b batch) batch { return b.each(torch.Tensor.PinMemory) }

// on copies a batch to a device, in the same scope; from pinned memory the copy runs beside the host.
func on(device torch.Device, b batch) batch {
	return b.each(func(t torch.Tensor) torch.Tensor { return t.Move(device, true) })
}
