package lanes_test

import (
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
	"github.com/wangkuiyi/gotorch/leaktest"
)

// From the same logits the kernels draw what the CPU draws, up to a draw that lies so near the border of two classes that the
// last digit of an exponential decides; from there on the lane's lists differ.
func TestCUDADrawsWhatTheCPUDraws(t *testing.T) {
	device := leaktest.OnCUDA(t)
	const width, blocks = 100, 25 // more lanes than a thread block has, and no multiple of it
	var machines []*machine
	for _, d := range []torch.Device{{}, device} {
		m := newMachineOn(t, d, world(), width, 4, width, 4, random(4))
		m.g.Steer(1)
		for lane := range width {
			plans := []plan{dayPlan(17_000, int32(1+lane)), dayPlan(17_001, 40)}
			m.assign(lane, lane, plans, start+1000*day, int64(1+2*lane)) // hosts end at different rows
		}
		machines = append(machines, m)
	}
	same, rows := 0, 0
	parted := make([]bool, width)
	for range blocks {
		want, got := machines[0].block(), machines[1].block()
		for lane := range width {
			if len(want[lane]) != len(got[lane]) && !parted[lane] {
				t.Fatalf("lane %d: %d rows on the device, want %d", lane, len(got[lane]), len(want[lane]))
			}
			for i := range want[lane] {
				rows++
				if parted[lane] = parted[lane] || got[lane][i] != want[lane][i]; !parted[lane] {
					same++
				}
			}
		}
		if !slices.Equal(machines[0].Active, machines[1].Active) {
			t.Fatalf("active lanes %v on the device, want %v", machines[1].Active, machines[0].Active)
		}
	}
	if rows != width*width || same*10 < rows*9 {
		t.Errorf("%d of %d rows came before a lane's first draw that differs, want 9 of 10 and all %d", same, rows, width*width)
	}
}

// The outputs that the network reads are those of the CPU after the same rows.
func TestCUDAOutputsAreThoseOfTheCPU(t *testing.T) {
	device := leaktest.OnCUDA(t)
	const width = 70
	script := []map[int]int{
		{conversation: lanes.SizesOf().Tuples, peer: lanes.SizesOf().Peers, region: 1, direction: 1, protocol: 1, label: 1},
		{conversation: 0, direction: 0},
	}
	var ints [2][][]int64
	var floats [2][][]float32
	for i, d := range []torch.Device{{}, device} {
		m := newMachineOn(t, d, world(), width, 4, width, 4, func(host, row, head int, logits, mixture []float32) {
			forced(script[row%2:row%2+1])(host, row, head, logits, mixture)
		})
		for lane := range width {
			m.assign(lane, lane, []plan{dayPlan(17_000, 1<<20)}, start+day, 1<<20)
		}
		for range block {
			m.step(func(o *lanes.Outputs) {
				for _, x := range []torch.Tensor{o.TupleBag, o.PeerBag, o.SizeBag, o.ChosenRow, o.ChosenBag, o.Input, o.Joint, o.Bag, o.Memory} {
					ints[i] = append(ints[i], x.Int64s())
				}
				for _, x := range []torch.Tensor{o.Plan, o.TupleMask, o.PeerMask, o.SizeNumeric, o.SizeMask, o.Chosen, o.Number, o.Numeric} {
					floats[i] = append(floats[i], x.Float32s())
				}
			})
		}
	}
	for k, want := range ints[0] {
		if !slices.Equal(ints[1][k], want) {
			t.Fatalf("integer output %d of step %d differs from the CPU's", k%9, k/9)
		}
	}
	for k, want := range floats[0] {
		for j, got := range floats[1][k] {
			if d := got - want[j]; d > 1e-5 || d < -1e-5 { // logarithms and sines of order 1 in float32
				t.Fatalf("output %d of step %d, number %d: %g on the device, want %g", k%8, k/8, j, got, want[j])
			}
		}
	}
}
