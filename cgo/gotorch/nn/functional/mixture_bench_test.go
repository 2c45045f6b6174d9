package functional

import (
	"math/rand/v2"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

// BenchmarkMixtureBinNLL is one continuous attribute of a training step: forward and backward of 2048 rows, 8 normals.
func BenchmarkMixtureBinNLL(b *testing.B) {
	const B, K = 2048, 8
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, scale, shift float32) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.NormFloat64())*scale + shift
		}
		return v
	}
	s := torch.NewScope()
	defer s.Close()
	param := func(v []float32) torch.Tensor {
		return s.Adopt(torch.FromFloat32(v, B, K)).SetRequiresGrad(true)
	}
	logits, mean, logSD := param(draw(B*K, 1, 0)), param(draw(B*K, 1, 0)), param(draw(B*K, 1, -1))
	from := draw(B, 1, 0)
	to := make([]float32, B)
	for i := range to {
		to[i] = from[i] + 0.01
	}
	lo, hi := s.Adopt(torch.FromFloat32(from)), s.Adopt(torch.FromFloat32(to))
	for b.Loop() {
		step := torch.NewScope()
		loss := step.Adopt(MixtureBinNLL(logits, mean, logSD, lo, hi)).Mean()
		step.Adopt(loss)
		loss.Backward()
		torch.ZeroGrads([]torch.Tensor{logits, mean, logSD})
		step.Close()
	}
	b.ReportMetric(B*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
