package paper

import (
	"context"
	"math/rand/v2"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/safetensors"

	"stan/dataset/table"
)

// Model is one of the package's generators, trained.
type Model interface {
	// Arrays are the model's numbers, for a file.
	Arrays() []safetensors.Tensor
	// NLL is the negative log-likelihood of a table's rows by column, in nats a row: of a value's class, or of its bin of a
	// continuous column. It is nil for a model that has none.
	NLL(ctx context.Context, t *table.Table) ([]float64, error)
	Free()

	columns() []Column
	// lanes is the number of sequences that are drawn in lock-step. It is fixed, and unused lanes are computed along, so
	// that no shape, and with it no rounding, depends on how many sequences there are.
	lanes() int
	// draw fills the row of every lane.
	draw(all []lane)
}

// The numbers of lanes: convolutions take time by the lane, and few hosts should not leave most of it idle; what is small takes
// time by the call.
const (
	fewLanes  = 4
	manyLanes = 32
)

// lane is a sequence that is being drawn.
type lane struct {
	r        *rand.Rand
	sequence int
	on       bool
	past     []float32 // [earlier, C] inputs of the rows before, the last one last
	last     []float64 // values of the row before; empty at the start
	row      []float64 // values of the row that is drawn
}

// Sample draws sequences, many in lock-step, until take has no more. emit gets each row and says whether its sequence goes
// on; it may keep nothing of the row. A sequence's rows depend on the model, the seed and the sequence's number alone.
func Sample(ctx context.Context, m Model, seed uint64, take func() (sequence int, ok bool),
	emit func(sequence int, row []float64) (more bool, err error)) (err error) {
	torch.NoGrad(func() { err = sample(ctx, m, seed, take, emit) })
	return err
}

func sample(ctx context.Context, m Model, seed uint64, take func() (int, bool), emit func(int, []float64) (bool, error)) error {
	l := newLayout(m.columns())
	all := make([]lane, m.lanes())
	for i := range all {
		all[i] = lane{r: rand.New(rand.NewPCG(0, 0)), past: make([]float32, earlier*l.width()), row: make([]float64, len(l.columns))}
	}
	for {
		busy := false
		for i := range all {
			a := &all[i]
			if !a.on {
				if a.sequence, a.on = take(); !a.on {
					continue
				}
				a.r = rand.New(rand.NewPCG(seed, uint64(a.sequence)+3<<40))
				clear(a.past)
				a.last = a.last[:0]
			}
			busy = true
		}
		if !busy {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		m.draw(all)
		for i := range all {
			a := &all[i]
			if !a.on {
				continue
			}
			var err error
			if a.on, err = emit(a.sequence, a.row); err != nil {
				return err
			}
			a.remember(&l)
		}
	}
}

// remember makes the row the last of those before.
func (a *lane) remember(l *layout) {
	copy(a.past, a.past[l.width():])
	newest := a.past[(earlier-1)*l.width():]
	clear(newest)
	for c, v := range a.row {
		l.put(newest, c, v)
	}
	a.last = append(a.last[:0], a.row...)
}
