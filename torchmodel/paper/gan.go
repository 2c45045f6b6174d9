package paper

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/nn"

	"stan/dataset/table"
)

// GAN is a Wasserstein GAN with gradient penalty on rows, as Ring et al. (2019) trained on flows: rows are drawn one by one
// and know nothing of each other. A continuous column is a number; a column of few classes has a number for each; one of
// many is written in binary, as their B-WGAN-GP writes addresses and ports. Nothing tells how likely a row is.
//
// Training is that of Gulrajani et al. (arXiv 1704.00028): five steps of the critic for one of the generator, penalty 10,
// Adam with betas 0 and 0.9. Like Ring et al., the critic learns faster (Heusel et al., arXiv 1706.08500).
type GAN struct {
	nn.Module
	Generator *MLP
	Critic    *MLP

	codes  codes
	layout layout
}

const (
	noise         = 32 // inputs of the generator
	units         = 128
	criticSteps   = 5
	ganRows       = 128 // of a batch: many steps matter more than their size
	penalty       = 10
	generatorRate = 1e-4
	criticRate    = 3e-4
)

// MLP is three fully connected layers.
type MLP struct {
	nn.Module
	Layers []*nn.LinearModule
}

func newMLP(in, out int64) *MLP {
	m := &MLP{Layers: []*nn.LinearModule{nn.Linear(in, units, true), nn.Linear(units, units, true), nn.Linear(units, out, true)}}
	m.Init(m)
	return m
}

// Forward maps [B, in] to [B, out].
func (m *MLP) Forward(x torch.Tensor) torch.Tensor {
	last := len(m.Layers) - 1
	for _, l := range m.Layers[:last] {
		x = l.Forward(x).LeakyRelu(0.2)
	}
	return m.Layers[last].Forward(x)
}

// NewGAN makes a GAN with fresh weights. The caller frees it.
func NewGAN(columns []Column) *GAN {
	g := &GAN{codes: newCodes(columns), layout: newLayout(columns)}
	g.Generator, g.Critic = newMLP(noise, int64(g.codes.width)), newMLP(int64(g.codes.width), 1)
	g.Init(g)
	g.Train(false)
	return g
}

// ganWeights is how many numbers the GAN of columns has.
func ganWeights(columns []Column) int64 {
	mlp := func(in, out int64) int64 { return units*(in+1) + units*(units+1) + out*(units+1) }
	width := int64(newCodes(columns).width)
	return mlp(noise, width) + mlp(width, 1)
}

// rows maps noise [B, noise] to rows in code [B, width].
func (g *GAN) rows(z torch.Tensor) torch.Tensor {
	x := g.Generator.Forward(z)
	var parts []torch.Tensor
	for _, c := range g.codes.list {
		part := x.Narrow(1, int64(c.at), int64(c.width))
		if c.kind == oneOf {
			part = part.Softmax(1)
		} else {
			part = part.Sigmoid()
		}
		parts = append(parts, part)
	}
	return torch.Cat(parts, 1)
}

// gradientPenalty is the mean over rows of (|gradient of the critic| - 1)^2 at mix of real and fake rows, [B, width] each;
// mix [B, 1] is the share of the real ones. It can be differentiated by the critic's parameters.
func gradientPenalty(critic func(torch.Tensor) torch.Tensor, real, fake, mix torch.Tensor) torch.Tensor {
	between := torch.Add(torch.Mul(real, mix), torch.Mul(fake, mix.Neg().AddScalar(1)), 1)
	between = between.Detach().SetRequiresGrad(true)
	gradient := critic(between).Sum().Gradients([]torch.Tensor{between}, true)[0]
	// A norm of 0 has no derivative.
	length := gradient.Square().SumDim([]int64{1}, false).AddScalar(1e-12).Sqrt()
	return length.AddScalar(-1).Square().Mean()
}

// Fit trains the GAN and returns the number of the generator's steps. When ctx ends, so does the training, with its cause.
func (g *GAN) Fit(ctx context.Context, t *table.Table, o FitOptions) (steps int, err error) {
	g.To(o.Device)
	g.Train(true)
	defer func() {
		g.Train(false)
		g.To(torch.Device{})
	}()
	critic, generator := torch.Adam(criticRate, 0, 0.9, 0), torch.Adam(generatorRate, 0, 0.9, 0)
	defer critic.Close()
	defer generator.Close()
	critic.AddParameters(g.Critic.Parameters())
	generator.AddParameters(g.Generator.Parameters())
	r := rand.New(rand.NewPCG(uint64(o.Seed), 1<<32))
	each := criticSteps * ganRows // rows of a step of the generator
	started := time.Now()
	for share := 0.0; share < 1; {
		if ctx.Err() != nil {
			return steps, context.Cause(ctx)
		}
		var distance float64
		torch.With(func(s *torch.Scope) { distance = g.step(s, t, r, critic, generator, o.Device) })
		if math.IsNaN(distance) || math.IsInf(distance, 0) {
			return steps, fmt.Errorf("step %d: %w: distance is %g", steps, ErrDiverged, distance)
		}
		steps++
		learned := int64(steps) * int64(each)
		if o.Epochs > 0 {
			share = float64(learned) / (float64(o.Epochs) * float64(t.Rows()))
		}
		if o.MaxTime > 0 {
			share = max(share, time.Since(started).Seconds()/o.MaxTime.Seconds())
		}
		o.Step(Progress{Column: "distance", Steps: steps, Rows: learned, Loss: distance, Share: min(share, 1)})
	}
	return steps, nil
}

// step trains the critic and then the generator, and returns the critic's estimate of the distance.
func (g *GAN) step(s *torch.Scope, t *table.Table, r *rand.Rand, critic, generator torch.Optimizer,
	device torch.Device) (distance float64) {
	fake := func() torch.Tensor {
		return g.rows(upload(s, torch.FromFloat32(normals(r, ganRows*noise), ganRows, noise), device))
	}
	for range criticSteps {
		real, mix := make([]float32, ganRows*g.codes.width), make([]float32, ganRows)
		for i := range mix {
			g.codes.encode(real[i*g.codes.width:(i+1)*g.codes.width], t.Row(r.IntN(t.Rows())))
			mix[i] = r.Float32()
		}
		x := upload(s, torch.FromFloat32(real, ganRows, int64(g.codes.width)), device)
		var y torch.Tensor
		torch.NoGrad(func() { y = fake() })
		apart := torch.Sub(g.Critic.Forward(y).Mean(), g.Critic.Forward(x).Mean(), 1)
		bent := gradientPenalty(g.Critic.Forward, x, y, upload(s, torch.FromFloat32(mix, ganRows, 1), device))
		critic.ZeroGrad()
		torch.Add(apart, bent, penalty).Backward()
		critic.Step()
		distance = -apart.Float64()
	}
	generator.ZeroGrad()
	g.Critic.Forward(fake()).Mean().Neg().Backward()
	generator.Step()
	return distance
}

func normals(r *rand.Rand, n int) []float32 {
	z := make([]float32, n)
	for i := range z {
		z[i] = float32(r.NormFloat64())
	}
	return z
}

// NLL is nil: a GAN does not tell how likely a row is.
func (g *GAN) NLL(context.Context, *table.Table) ([]float64, error) { return nil, nil }

func (g *GAN) columns() []Column { return g.layout.columns }

func (g *GAN) lanes() int { return manyLanes }

func (g *GAN) draw(all []lane) {
	z := make([]float32, len(all)*noise)
	for i := range all {
		copy(z[i*noise:], normals(all[i].r, noise))
	}
	torch.With(func(s *torch.Scope) {
		x := g.rows(s.Adopt(torch.FromFloat32(z, int64(len(all)), noise))).Float32s()
		for i := range all {
			g.codes.decode(all[i].row, x[i*g.codes.width:(i+1)*g.codes.width])
		}
	})
}
