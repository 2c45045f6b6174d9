package paper

import (
	"fmt"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/nn"
	"github.com/wangkuiyi/gotorch/safetensors"
)

// Arrays are the networks' weights.
func (n *Networks) Arrays() []safetensors.Tensor { return weights(&n.Module) }

// Arrays are the weights of generator and critic.
func (g *GAN) Arrays() []safetensors.Tensor { return weights(&g.Module) }

func weights(m *nn.Module) []safetensors.Tensor {
	var out []safetensors.Tensor
	for _, p := range m.OrderedParameters() {
		out = append(out, safetensors.Float32Tensor(p.Name, p.Tensor.Float32s(), p.Tensor.Shape()...))
	}
	return out
}

// Arrays are the counts of each link, [n, 4]: cell, condition in the row, condition in the row before, count; -1 for none.
func (m *Chain) Arrays() []safetensors.Tensor {
	var out []safetensors.Tensor
	for i := range m.links {
		triples := m.links[i].triples()
		flat := make([]float32, 0, 4*len(triples))
		for _, t := range triples {
			flat = append(flat, t[:]...)
		}
		out = append(out, safetensors.Float32Tensor(m.countsName(i), flat, int64(len(triples)), 4))
	}
	return out
}

func (m *Chain) countsName(i int) string { return "counts." + m.layout.columns[i].Name }

// ReadNetworks makes the networks that have such arrays.
func ReadNetworks(c Config, columns []Column, arrays map[string]safetensors.Tensor) (*Networks, error) {
	if err := holds(arrays, c.weights(columns)); err != nil {
		return nil, err
	}
	n := NewNetworks(c, columns)
	return n, load(&n.Module, arrays)
}

// ReadGAN makes the GAN that has such arrays.
func ReadGAN(columns []Column, arrays map[string]safetensors.Tensor) (*GAN, error) {
	if err := holds(arrays, ganWeights(columns)); err != nil {
		return nil, err
	}
	g := NewGAN(columns)
	return g, load(&g.Module, arrays)
}

// holds tells whether arrays have so many numbers, before anything is made in the size that columns claim.
func holds(arrays map[string]safetensors.Tensor, want int64) error {
	var got int64
	for _, a := range arrays {
		got += int64(len(a.Data)) / 4
	}
	if got != want {
		return fmt.Errorf("%d numbers, want %d for these columns", got, want)
	}
	return nil
}

// load gives m the values of arrays, and frees it if they are not its own.
func load(m *nn.Module, arrays map[string]safetensors.Tensor) error {
	state := map[string]torch.Tensor{}
	for name, a := range arrays {
		state[name] = torch.FromFloat32(a.Float32s(), a.Shape...)
	}
	err := m.SetStateDict(state)
	for _, t := range state {
		t.Free()
	}
	if err != nil {
		m.Free()
	}
	return err
}

// ReadChain makes the chain that has such arrays.
func ReadChain(columns []Column, arrays map[string]safetensors.Tensor) (*Chain, error) {
	m := newChain(columns)
	if len(arrays) != len(columns) {
		return nil, fmt.Errorf("%d tensors, want %d", len(arrays), len(columns))
	}
	for i := range columns {
		a, ok := arrays[m.countsName(i)]
		if !ok || len(a.Shape) != 2 || a.Shape[1] != 4 || a.Shape[0] == 0 {
			return nil, fmt.Errorf("%s: shape %v, want [n, 4]", m.countsName(i), a.Shape)
		}
		v := a.Float32s()
		for ; len(v) > 0; v = v[4:] {
			l, before := &m.links[i], 0
			if i > 0 {
				before = m.links[i-1].cells
			}
			if !cellOf(v[0], 0, l.cells) || !cellOf(v[1], none, before) || !cellOf(v[2], none, l.cells) || !(v[3] > 0) {
				return nil, fmt.Errorf("%s: cells %g, %g, %g with count %g: not of this column", m.countsName(i), v[0], v[1], v[2], v[3])
			}
			l.add(int32(v[0]), int32(v[1]), int32(v[2]), float64(v[3]))
		}
	}
	return m, nil
}

// cellOf tells whether v is a whole number from least below cells.
func cellOf(v float32, least, cells int) bool {
	return v >= float32(least) && v < float32(cells) && v == float32(int(v))
}
