package gotorch_test

import (
	"fmt"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

// steps resets s every 64 iterations, as the end of a training step would.
type steps struct {
	s *S
	x T
	n int
}

func (st *steps) next() T {
	if st.n%64 == 0 {
		st.s.Reset()
		st.x = st.s.Adopt(torch.Ones([]int64{8}, false))
	}
	st.n++
	return st.x
}

// BenchmarkCrossing is a call into C++ that does nothing but read a counter.
func BenchmarkCrossing(b *testing.B) {
	for b.Loop() {
		torch.LiveHandles()
	}
}

func BenchmarkSmallOps(b *testing.B) {
	for name, f := range map[string]func(x T){
		"add":    func(x T) { torch.Add(x, x, 1) },
		"exp":    func(x T) { x.Exp() },
		"narrow": func(x T) { x.Narrow(0, 1, 4) },
		"shape":  func(x T) { x.Shape() },
	} {
		b.Run(name, func(b *testing.B) {
			st := &steps{s: torch.NewScope()}
			defer st.s.Close()
			torch.NoGrad(func() {
				for b.Loop() {
					f(st.next())
				}
			})
		})
	}
	x := torch.Ones([]int64{8}, false)
	defer x.Free()
	b.Run("add without a scope", func(b *testing.B) {
		for b.Loop() {
			torch.Add(x, x, 1).Free()
		}
	})
	b.Run("add forgotten", func(b *testing.B) {
		for b.Loop() {
			torch.Add(x, x, 1)
		}
		torch.FinishGC()
	})
}

// BenchmarkTrainStep is a step of 96-128-128-10 with AdamW, about 30 calls into C++.
func BenchmarkTrainStep(b *testing.B) {
	for _, batch := range []int64{1, 512} {
		b.Run(fmt.Sprintf("batch %d", batch), func(b *testing.B) {
			p := torch.NewScope()
			defer p.Close()
			var params []T
			for _, shape := range [][]int64{{128, 96}, {128}, {128, 128}, {128}, {10, 128}, {10}} {
				params = append(params, torch.RandN(shape, true).Keep())
			}
			opt := torch.AdamW(1e-3, 0.9, 0.99, 1e-8, 0.01)
			defer opt.Close()
			opt.AddParameters(params)
			x := torch.RandN([]int64{batch, 96}, false)
			y := torch.Randint(0, 10, []int64{batch, 1}, torch.Device{})
			s := torch.NewScope()
			defer s.Close()
			for b.Loop() {
				h := s.Adopt(torch.Linear(x, params[0], params[1])).Relu()
				h = torch.Linear(h, params[2], params[3]).Relu()
				loss := torch.Linear(h, params[4], params[5]).LogSoftmax(1).Gather(1, y).Mean().Neg()
				opt.ZeroGrad()
				loss.Backward()
				torch.ClipGradNormTensor(params, 1).Free()
				opt.Step()
				s.Reset()
			}
			b.ReportMetric(float64(batch)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			for _, t := range append(params, x, y) {
				t.Free()
			}
		})
	}
}

// BenchmarkEmbeddingBag is the sum of n rows for each of r rows, forward and backward.
func BenchmarkEmbeddingBag(b *testing.B) {
	for _, c := range []struct{ r, n, d int64 }{{2048, 8, 32}, {2048, 12, 128}, {80000, 8, 32}, {80000, 12, 128}} {
		weight := torch.RandN([]int64{5000, c.d}, true)
		index := torch.Randint(0, 5000, []int64{c.r, c.n}, torch.Device{})
		grad := torch.RandN([]int64{c.r, c.d}, false)
		s := torch.NewScope()
		for name, bag := range map[string]func() T{
			"own": func() T { return s.Adopt(torch.EmbeddingBagSum(weight, index)) },
			"select and sum": func() T {
				rows := s.Adopt(weight.IndexSelect(0, index.Reshape(-1)))
				return rows.View(c.r, c.n, c.d).SumDim([]int64{1}, false)
			},
		} {
			b.Run(fmt.Sprintf("%s %dx%dx%d", name, c.r, c.n, c.d), func(b *testing.B) {
				for b.Loop() {
					bag().BackwardWith(grad)
					torch.ZeroGrads([]T{weight})
					s.Reset()
				}
				b.ReportMetric(float64(c.r)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
		for _, t := range []T{weight, index, grad} {
			t.Free()
		}
		s.Close()
	}
}
