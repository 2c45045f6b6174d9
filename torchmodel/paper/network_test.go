package paper

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"

	"stan/dataset/table"
)

func TestShapes(t *testing.T) {
	tests := map[string]struct {
		config  Config
		columns []Column
		want    [][]int64
	}{
		"one output a class, three a Gaussian": {Full, threeColumns(), [][]int64{{5, 30}, {5, 3}, {5, 40}}},
		"without convolutions":                 {Small, threeColumns(), [][]int64{{5, 6}, {5, 3}, {5, 40}}},
		"a single column":                      {Full, threeColumns()[:1], [][]int64{{5, 30}}},
		"the paper's columns": {Small, FlowColumns(), [][]int64{
			{5, 6}, {5, 6}, {5, 3}, {5, 2}, {5, 1670}, {5, 1670}, {5, 256}, {5, 256}, {5, 256}, {5, 256}, {5, 6}, {5, 6}, {5, 6}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			n := NewNetworks(tc.config, tc.columns)
			defer n.Free()
			var weights int64
			for _, p := range n.Parameters() {
				size := int64(1)
				for _, d := range p.Shape() {
					size *= d
				}
				weights += size
			}
			if got := tc.config.weights(tc.columns); got != weights {
				t.Errorf("weights: got %d, want %d", got, weights)
			}
			torch.With(func(s *torch.Scope) {
				x := s.Adopt(torch.RandN([]int64{5, 1, window, int64(n.layout.width())}, false))
				for i, want := range tc.want {
					if got := n.Columns[i].Forward(x).Shape(); !slices.Equal(got, want) {
						t.Errorf("column %d: got shape %v, want %v", i, got, want)
					}
				}
			})
		})
	}
	if l := newLayout(FlowColumns()); l.width() != 16 {
		t.Errorf("the paper's row: got %d inputs, want 16", l.width())
	}
}

// A network sees the earlier rows and, of its own row, what was drawn before its attribute: nothing else may move its output,
// and each of these may.
func TestMask(t *testing.T) {
	for name, config := range map[string]Config{"convolutions": Full, "without": Small} {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			torch.ManualSeed(1)
			n := NewNetworks(config, threeColumns())
			defer n.Free()
			width := n.layout.width()
			torch.With(func(s *torch.Scope) {
				x := s.Adopt(torch.RandN([]int64{4, 1, window, int64(width)}, false)).SetRequiresGrad(true)
				for column, net := range n.Columns {
					gradient := net.Forward(x).Square().Sum().Gradients([]torch.Tensor{x}, false)[0].Abs().SumDim([]int64{0, 1}, false)
					for i, g := range gradient.Float32s() {
						row, input := i/width, i%width
						visible := row < earlier || input < n.layout.offsets[column]
						if visible != (g > 0) {
							t.Errorf("column %d, row %d, input %d: gradient %g, want one: %t", column, row, input, g, visible)
						}
					}
				}
			})
		})
	}
}

// The head's likelihood of a value is that of its bin of width 1/200, scripts/paper_reference.py.
func TestBinLikelihood(t *testing.T) {
	leaktest.Check(t)
	var cases []struct {
		Value        float64
		Logits, Mean []float32
		LogSD        []float32 `json:"log_sd"`
		NLL          float64
	}
	text, err := os.ReadFile("testdata/bins.json")
	if err == nil {
		err = json.Unmarshal(text, &cases)
	}
	if err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, tc := range cases {
		columns := []Column{{table.Column{Name: "x"}, -2, 2}}
		n := NewNetworks(Config{Hidden: 4, Layers: 1, Mixtures: len(tc.Mean)}, columns)
		head := n.Columns[0].Head
		torch.NoGrad(func() { head.Weight.ZeroI() })
		head.Bias.CopyFromFloat32(slices.Concat(tc.Logits, tc.Mean, tc.LogSD))
		rows := &table.Table{
			Columns: []table.Column{columns[0].Column}, Entities: []string{"a"}, Starts: []int{0, 1}, Times: []int64{0},
			Values: []float64{columns[0].value(tc.Value)},
		}
		got, err := n.NLL(t.Context(), rows)
		// float32 ends of the bin: 6e-8 of 5e-3 is 1e-5 of its width
		if d := math.Abs(got[0] - tc.NLL); err != nil || !(d < 2e-5*math.Max(1, tc.NLL)) {
			t.Errorf("value %g under %d Gaussians: got %.7f (%v), want %.7f", tc.Value, len(tc.Mean), got[0], err, tc.NLL)
		}
		n.Free()
	}
}

// The first rows of a sequence see zeros in place of the rows of another one.
func TestWindows(t *testing.T) {
	leaktest.Check(t)
	rows := simulated(1, 3, 4)
	d := newData(rows, newLayout(ranged(rows)))
	torch.With(func(s *torch.Scope) {
		got := d.batch(s, []int32{5, 11}, torch.Device{}).Float32s()
		for i, last := range []int{5, 11} {
			for w := range window {
				row := last - earlier + w
				want := []float32{0, 0}
				if first := last / 4 * 4; row >= first {
					want = d.inputs[row*2 : row*2+2]
				}
				if at := (i*window + w) * 2; !slices.Equal(got[at:at+2], want) {
					t.Errorf("window of row %d, place %d: got %v, want %v", last, w, got[at:at+2], want)
				}
			}
		}
	})
}
