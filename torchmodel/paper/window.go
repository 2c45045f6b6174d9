package paper

import (
	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset/table"
)

// earlier is the number of rows before the current one that a network sees; window is both.
const (
	earlier = 5
	window  = earlier + 1
)

// data is a table as networks read it.
type data struct {
	layout
	t      *table.Table
	inputs []float32 // [rows, C]
	before []uint8   // rows of the same entity before each, at most earlier
}

func newData(t *table.Table, l layout) *data {
	d := &data{layout: l, t: t, inputs: make([]float32, t.Rows()*l.width()), before: make([]uint8, t.Rows())}
	for e := range t.Entities {
		for i := t.Starts[e]; i < t.Starts[e+1]; i++ {
			d.before[i] = uint8(min(i-t.Starts[e], earlier))
			for c, v := range t.Row(i) {
				l.put(d.inputs[i*l.width():], c, v)
			}
		}
	}
	return d
}

// batch is the windows [B, 1, W, C] of rows: the earlier rows, zeros where there are none, and the row itself, which the
// networks mask.
func (d *data) batch(s *torch.Scope, rows []int32, device torch.Device) torch.Tensor {
	width := d.width()
	x := make([]float32, len(rows)*window*width)
	for i, row := range rows {
		n := int(d.before[row]) + 1
		copy(x[((i+1)*window-n)*width:(i+1)*window*width], d.inputs[(int(row)+1-n)*width:])
	}
	return upload(s, torch.FromFloat32(x, int64(len(rows)), 1, window, int64(width)), device)
}

// upload makes s the owner of t's copy on device.
func upload(s *torch.Scope, t torch.Tensor, device torch.Device) torch.Tensor {
	s.Adopt(t)
	if device.IsCUDA() {
		t = t.CopyTo(device)
	}
	return t
}

// target is what rows have in one column: classes [B], or the ends [B] of a bin of width 1/Bins around the scaled value.
type target struct{ class, low, high torch.Tensor }

func (d *data) target(s *torch.Scope, column int, rows []int32, device torch.Device) target {
	c := &d.columns[column]
	if c.Discrete() {
		class := make([]int64, len(rows))
		for i, row := range rows {
			class[i] = int64(d.t.Row(int(row))[column])
		}
		return target{class: upload(s, torch.FromInt64(class), device)}
	}
	low, high := make([]float32, len(rows)), make([]float32, len(rows))
	for i, row := range rows {
		u := c.scaled(d.t.Row(int(row))[column])
		low[i], high[i] = float32(u-0.5/Bins), float32(u+0.5/Bins)
	}
	return target{low: upload(s, torch.FromFloat32(low), device), high: upload(s, torch.FromFloat32(high), device)}
}
