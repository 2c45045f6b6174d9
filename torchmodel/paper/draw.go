package paper

import (
	"math"
	"math/rand/v2"

	torch "github.com/wangkuiyi/gotorch"
)

func (n *Networks) columns() []Column { return n.layout.columns }

func (n *Networks) lanes() int {
	if len(n.Columns[0].Convolutions) > 0 {
		return fewLanes
	}
	return manyLanes
}

// draw draws a row in every lane, attribute by attribute.
func (n *Networks) draw(all []lane) {
	width := n.layout.width()
	x := make([]float32, len(all)*window*width)
	current := func(i int) []float32 { return x[((i+1)*window-1)*width : (i+1)*window*width] }
	for i := range all {
		copy(x[i*window*width:], all[i].past)
	}
	for column, net := range n.Columns {
		c := &n.layout.columns[column]
		torch.With(func(s *torch.Scope) {
			out := net.Forward(s.Adopt(torch.FromFloat32(x, int64(len(all)), 1, window, int64(width))))
			if net.mixtures == 0 {
				p := out.Softmax(1).Float32s()
				for i := range all {
					all[i].row[column] = float64(class(p[i*c.Classes:(i+1)*c.Classes], all[i].r))
				}
				return
			}
			logits, mean, logSD := net.mixture(out)
			p, mu, sd := logits.Softmax(1).Float32s(), mean.Float32s(), logSD.Exp().Float32s()
			for i := range all {
				from, to := i*net.mixtures, (i+1)*net.mixtures
				all[i].row[column] = c.value(mixture(p[from:to], mu[from:to], sd[from:to], all[i].r))
			}
		})
		for i := range all {
			n.layout.put(current(i), column, all[i].row[column])
		}
	}
}

// class draws a class by its probability.
func class(p []float32, r *rand.Rand) int {
	u := r.Float64()
	for i, q := range p {
		if u -= float64(q); u < 0 {
			return i
		}
	}
	return len(p) - 1 // the probabilities' rounding
}

// redraws is how often a draw outside 0 to 1 is drawn again.
const redraws = 10

// mixture draws from a mixture of Gaussians, inside 0 to 1.
func mixture(p, mean, sd []float32, r *rand.Rand) float64 {
	var u float64
	for range 1 + redraws {
		k := class(p, r)
		u = float64(mean[k]) + float64(sd[k])*r.NormFloat64()
		if u >= 0 && u <= 1 {
			break
		}
	}
	return math.Min(math.Max(u, 0), 1)
}
