package torchmodel

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Hosts come in kinds: servers of one service or another, clients, scanners, idle ones. A profile is drawn from one kind;
// a draw from all at once would be a little of each.
const (
	mostKinds     = 32
	hostsPerKind  = 6 // of the training set, on average
	leastHosts    = 4 // of a kind, so that none is a portrait of one host
	mostClustered = 4096
	kindRestarts  = 16
	kindRounds    = 100
)

// role is what tells kinds apart: the square roots of a host's shares of each protocol, size, service and so on, whose
// distance is that of Hellinger. A share's normal score would weigh rare traits as much as what a host is there for.
type role [lowPorts]float64

func roleOf(variables *[profileSize]float64) (r role) {
	for m := range r {
		r[m] = math.Sqrt(max(variables[m], 0))
	}
	return r
}

// fitKinds groups hosts by their roles and fits a Gaussian to the scores of each group.
func (p *Profiles) fitKinds(scores [][profileSize]float64, roles []role) error {
	kind, kinds := cluster(roles)
	p.weights = make([]float32, kinds)
	p.means = make([]float32, kinds*profileSize)
	p.factors = make([]float32, kinds*profileSize*profileSize)
	p.bounds = make([]float32, kinds*profileSize*2)
	groups := make([][]*[profileSize]float64, kinds)
	for i, k := range kind {
		groups[k] = append(groups[k], &scores[i])
	}
	centres := make([][profileSize]float64, kinds)
	var variance [profileSize]float64 // within kinds, of all
	for k, group := range groups {
		centres[k] = centre(group)
		for _, x := range group {
			for v := range x {
				variance[v] += square(x[v]-centres[k][v]) / float64(len(scores))
			}
		}
	}
	for k, group := range groups {
		p.weights[k] = float32(len(group)) / float32(len(scores))
		covariance := mat.NewSymDense(profileSize, nil)
		for _, x := range group {
			var d mat.VecDense
			d.SubVec(mat.NewVecDense(profileSize, x[:]), mat.NewVecDense(profileSize, centres[k][:]))
			covariance.SymRankOne(covariance, (1-shrinkage)/float64(len(group)), &d)
		}
		for v := range profileSize {
			p.means[k*profileSize+v] = float32(centres[k][v])
			low, high := group[0][v], group[0][v]
			for _, x := range group {
				low, high = min(low, x[v]), max(high, x[v])
			}
			at := 2 * (k*profileSize + v)
			p.bounds[at], p.bounds[at+1] = float32(low), float32(high)
			covariance.SetSym(v, v, covariance.At(v, v)+shrinkage*variance[v]+1e-6) // some variables are constant
		}
		var factor mat.Cholesky
		if !factor.Factorize(covariance) {
			return errors.New("covariances of profiles are not positive definite")
		}
		var lower mat.TriDense
		factor.LTo(&lower)
		for a := range profileSize {
			for b := range a + 1 {
				p.factors[(k*profileSize+a)*profileSize+b] = float32(lower.At(a, b))
			}
		}
	}
	return nil
}

// checkKinds refuses what a damaged file may hold, as no number or a size that cannot vary.
func (p *Profiles) checkKinds() error {
	for _, part := range [][]float32{p.weights, p.means, p.factors, p.bounds} {
		for _, x := range part {
			if !(math.Abs(float64(x)) <= markLimit) {
				return fmt.Errorf("profile has a number %g among its kinds, want at most %g", x, markLimit)
			}
		}
	}
	for k := range p.weights {
		if at := (k*profileSize+marks)*profileSize + marks; !(p.factors[at] > 0) {
			return fmt.Errorf("profile has a spread %g of the size of kind %d, want above 0", p.factors[at], k)
		}
	}
	return nil
}

// drawScores draws the normal scores of a host of the kind and size that at stands for.
func (p *Profiles) drawScores(r *rand.Rand, at hostPoint) (z [profileSize]float64) {
	k, left := 0, at.kind
	for k < len(p.weights)-1 && left >= float64(p.weights[k]) {
		left -= float64(p.weights[k])
		k++
	}
	var e [profileSize]float64
	for i := range e {
		e[i] = r.NormFloat64()
	}
	factor := func(variable int) []float32 { return p.factors[(k*profileSize+variable)*profileSize:][:variable+1] }
	// Moved along the factor of the size, e is as normal as before and gives the size wanted.
	size, length := factor(marks), 0.0
	off := 0.0
	for b, f := range size {
		length += square(float64(f))
		off -= float64(f) * e[b]
	}
	off += math.Sqrt(length) * distuv.UnitNormal.Quantile(at.size)
	for b, f := range size {
		e[b] += float64(f) * off / length
	}
	for a := range z {
		z[a] = float64(p.means[k*profileSize+a])
		for b, f := range factor(a) {
			z[a] += float64(f) * e[b]
		}
		bounds := p.bounds[2*(k*profileSize+a):]
		z[a] = min(max(z[a], float64(bounds[0])), float64(bounds[1]))
	}
	return z
}

func square(x float64) float64 { return x * x }

func distance(a, b *role) (d float64) {
	for i := range a {
		d += square(a[i] - b[i])
	}
	return d
}

func centre(group []*[profileSize]float64) (c [profileSize]float64) {
	for _, x := range group {
		for v := range c {
			c[v] += x[v] / float64(len(group))
		}
	}
	return c
}

// cluster deals points to kinds by k-means (Lloyd 1982, k-means++ of Arthur and Vassilvitskii 2007), the best of some
// starts; a kind of too few points joins its neighbours.
func cluster(points []role) (kind []int, kinds int) {
	r := rand.New(rand.NewPCG(uint64(len(points)), 3))
	sample := points
	if len(points) > mostClustered {
		sample = make([]role, mostClustered)
		for i, from := range r.Perm(len(points))[:mostClustered] {
			sample[i] = points[from]
		}
	}
	k := min(max(len(points)/hostsPerKind, 1), mostKinds)
	var best []role
	least := math.Inf(1)
	for range kindRestarts {
		centres := seeds(sample, k, r)
		if spread := lloyd(sample, &centres); spread < least {
			best, least = centres, spread
		}
	}
	for {
		var sizes []int
		kind, sizes, _ = assign(points, best)
		small := smallest(sizes)
		if len(best) == 1 || sizes[small] >= leastHosts {
			return kind, len(best)
		}
		best = append(best[:small], best[small+1:]...)
	}
}

func smallest(sizes []int) (at int) {
	for i, n := range sizes {
		if n < sizes[at] {
			at = i
		}
	}
	return at
}

// seeds draws k of the points, those far from the ones before more likely.
func seeds(points []role, k int, r *rand.Rand) []role {
	centres := []role{points[r.IntN(len(points))]}
	far := make([]float64, len(points))
	for len(centres) < k {
		sum := 0.0
		for i := range points {
			_, far[i] = nearest(&points[i], centres)
			sum += far[i]
		}
		at, left := 0, r.Float64()*sum
		for at < len(points)-1 && left >= far[at] {
			left -= far[at]
			at++
		}
		centres = append(centres, points[at])
	}
	return centres
}

func nearest(x *role, centres []role) (at int, d float64) {
	d = math.Inf(1)
	for k := range centres {
		if e := distance(x, &centres[k]); e < d {
			at, d = k, e
		}
	}
	return at, d
}

// assign deals each point to its nearest centre. It returns the points of each and the sum of squared distances.
func assign(points, centres []role) (kind, sizes []int, spread float64) {
	kind, sizes = make([]int, len(points)), make([]int, len(centres))
	for i := range points {
		k, d := nearest(&points[i], centres)
		kind[i] = k
		sizes[k]++
		spread += d
	}
	return kind, sizes, spread
}

// lloyd moves centres to the middle of their points until none moves on. It returns the sum of squared distances.
func lloyd(points []role, centres *[]role) float64 {
	before := math.Inf(1)
	for range kindRounds {
		kind, sizes, spread := assign(points, *centres)
		if spread >= before {
			break
		}
		before = spread
		moved := make([]role, len(*centres))
		for i, k := range kind {
			for v := range moved[k] {
				moved[k][v] += points[i][v] / float64(sizes[k])
			}
		}
		for k, n := range sizes {
			if n > 0 {
				(*centres)[k] = moved[k]
			}
		}
	}
	return before
}
