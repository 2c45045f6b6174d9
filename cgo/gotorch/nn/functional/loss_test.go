package functional

import (
	"errors"
	"math"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

func TestCrossEntropy(t *testing.T) {
	logits := []float32{1, 2, 0.5, -1, 3, 0, 0, 0, 0, 2, -2, 1}
	target := []int64{1, 0, 2, 9}
	weight := []float64{1, 2, 0.5}
	var each, weighted []float64
	sum, total := 0.0, 0.0
	for i, class := range target {
		if class == 9 { // ignored
			each, weighted = append(each, 0), append(weighted, 0)
			continue
		}
		row := logits[3*i : 3*i+3]
		z := 0.0
		for _, v := range row {
			z += math.Exp(float64(v))
		}
		nll := math.Log(z) - float64(row[class])
		each, weighted = append(each, nll), append(weighted, weight[class]*nll)
		sum += nll
		total += weight[class]
	}
	weightedSum := weighted[0] + weighted[1] + weighted[2]
	tests := map[string]struct {
		weight    bool
		reduction string
		want      []float64
	}{
		"each row":             {false, "none", each},
		"sum":                  {false, "sum", []float64{sum}},
		"mean of rows counted": {false, "mean", []float64{sum / 3}},
		"each row, weighted":   {true, "none", weighted},
		"weighted sum":         {true, "sum", []float64{weightedSum}},
		"weighted mean":        {true, "mean", []float64{weightedSum / total}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			torch.With(func(s *torch.Scope) {
				x, y, w := s.Adopt(torch.FromFloat32(logits, 4, 3)), s.Adopt(torch.FromInt64(target)), torch.Tensor{}
				if tc.weight {
					w = s.Adopt(torch.FromFloat32([]float32{1, 2, 0.5}))
				}
				near(t, "cross entropy", CrossEntropy(x, y, w, 9, tc.reduction).Float32s(), tc.want, 1e-6)
				near(t, "nll of log softmax", NllLoss(LogSoftmax(x, 1), y, w, 9, tc.reduction).Float32s(), tc.want, 1e-6)
			})
		})
	}
}

func TestCrossEntropyRefusesAClassOutOfRange(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		x, y := s.Adopt(torch.Ones([]int64{2, 3}, false)), s.Adopt(torch.FromInt64([]int64{0, 3}))
		if err := torch.Try(func() { CrossEntropy(x, y, torch.Tensor{}, -100, "mean") }); !errors.Is(err, torch.ErrShape) {
			t.Errorf("class 3 of 3: got error %v, want ErrShape", err)
		}
	})
}

func TestBinaryCrossEntropy(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		p := s.Adopt(torch.FromFloat32([]float32{0.9, 0.2, 0, 0.5}))
		y := s.Adopt(torch.FromFloat32([]float32{1, 0, 1, 0.25}))
		w := s.Adopt(torch.FromFloat32([]float32{1, 2, 0.01, 4}))
		each := []float64{-math.Log(0.9), -math.Log(0.8), 100, math.Ln2}
		near(t, "each", BinaryCrossEntropy(p, y, torch.Tensor{}, "none").Float32s(), each, 1e-6)
		near(t, "mean", BinaryCrossEntropy(p, y, torch.Tensor{}, "mean").Float32s(), []float64{(each[0] + each[1] + each[2] + each[3]) / 4}, 1e-6)
		near(t, "weighted sum", BinaryCrossEntropy(p, y, w, "sum").Float32s(), []float64{each[0] + 2*each[1] + 1 + 4*each[3]}, 1e-6)
	})
}
