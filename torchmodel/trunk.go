package torchmodel

import (
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/nn"
)

// Trunk is a stack of gated causal convolutions of two taps, the second 1, 2, 4 ... rows back (van den Oord et al., WaveNet,
// arXiv 1609.03499), with gated linear units (Dauphin et al., arXiv 1612.08083), each added to its input. Output t depends
// on inputs t, t-1 ... t-2^layers+1.
type Trunk struct {
	nn.Module
	Taps []*nn.LinearModule // [2D] of both taps to [2D] of signal and gate
}

func newTrunk(width int64, layers int) *Trunk {
	t := &Trunk{}
	for range layers {
		t.Taps = append(t.Taps, nn.Linear(2*width, 2*width, true))
	}
	t.Init(t)
	return t
}

func (t *Trunk) dilation(layer int) int64 { return 1 << layer }

// layer maps a layer's input now and dilation rows ago, both [.., D], to its output.
func (t *Trunk) layer(i int, past, now torch.Tensor) torch.Tensor {
	return torch.Add(now, t.Taps[i].Forward(torch.Cat([]torch.Tensor{past, now}, -1)).Glu(-1), 1)
}

// Forward runs chunks x [B, T, D]. Positions where valid [B, T, 1] is 0 hold no row: the network sees nothing there, and
// gives 0.
func (t *Trunk) Forward(x, valid torch.Tensor) torch.Tensor {
	shape := x.Shape()
	x = torch.Mul(x, valid)
	for i := range t.Taps {
		d := min(t.dilation(i), shape[1])
		none := x.Narrow(1, 0, d).MulScalar(0)
		past := torch.Cat([]torch.Tensor{none, x.Narrow(1, 0, shape[1]-d)}, 1)
		x = torch.Mul(t.layer(i, past, x), valid)
	}
	return x
}

// trunkState is what Step remembers: for each layer its last inputs, in a ring.
type trunkState struct {
	rows  torch.Tensor     // [R, W, D] of all rings
	rings [][]torch.Tensor // [layer][dilation] of [W, D], which share the memory of rows
}

func (t *Trunk) newState(lanes, width int64, device torch.Device) *trunkState {
	s := &trunkState{rows: torch.Zeros([]int64{t.dilation(len(t.Taps)) - 1, lanes, width}, torch.Float, device)}
	for i := range t.Taps {
		ring := make([]torch.Tensor, t.dilation(i))
		for j := range ring {
			ring[j] = s.rows.Select(0, t.dilation(i)-1+int64(j))
		}
		s.rings = append(s.rings, ring)
	}
	return s
}

// forget clears the rings of the lanes that index [n] names.
func (s *trunkState) forget(index torch.Tensor) { s.rows.IndexFillI(1, index, 0) }

func (s *trunkState) free() {
	s.rows.Free()
	for _, ring := range s.rings {
		for _, x := range ring {
			x.Free()
		}
	}
}

// Step is Forward for one row of each lane, x [W, D], the step-th since the state was new, counted modulo any multiple of
// the longest dilation.
func (t *Trunk) Step(s *trunkState, step int, x torch.Tensor) torch.Tensor {
	for i := range t.Taps {
		slot := s.rings[i][step%len(s.rings[i])]
		y := t.layer(i, slot, x) // x comes with a scope, which the result joins through the sum
		slot.CopyI(x)
		x = y
	}
	return x
}
