package evaluate

// acfLags is the number of lags at which autocorrelation is measured: 1 to acfLags.
const acfLags = 20

// acfRows is the least number of values of a host for its autocorrelation to count; with fewer the estimate is mostly
// noise.
const acfRows = 64

// acf computes the autocorrelation of a series in one pass: with mean m over all n values,
//
//	r(k) = sum of (x[t]-m)(x[t-k]-m) for t = k .. n-1, over sum of (x[t]-m)^2
//
// the usual estimate (statsmodels.tsa.stattools.acf with adjusted=False). The zero value is ready.
type acf struct {
	n     int
	shift float64              // the first value; taken off all others against cancellation
	head  [acfLags]float64     // the first values
	tail  [2 * acfLags]float64 // the last values twice over, so that any acfLags of them stand in a row
	sum   float64
	sumSq float64
	cross [acfLags]float64 // sum of x[t]*x[t-k-1]
}

func (a *acf) add(x float64) {
	if a.n == 0 {
		a.shift = x
	}
	x -= a.shift
	if a.n < acfLags {
		a.head[a.n] = x
	}
	// Values not yet seen are zeros in tail and add nothing.
	last := a.tail[a.n%acfLags:][:acfLags] // oldest first
	for k, c := range a.cross {
		a.cross[k] = c + x*last[acfLags-1-k]
	}
	a.tail[a.n%acfLags] = x
	a.tail[a.n%acfLags+acfLags] = x
	a.sum += x
	a.sumSq += x * x
	a.n++
}

// result returns r(1) .. r(acfLags); false if the series is too short or constant.
func (a *acf) result() (r [acfLags]float64, ok bool) {
	n := float64(a.n)
	mean := a.sum / n
	variance := a.sumSq - n*mean*mean
	if a.n < acfRows || variance <= 1e-12*a.sumSq {
		return r, false
	}
	headSum, tailSum := 0., 0.
	for k := range r {
		headSum += a.head[k]
		tailSum += a.tail[(a.n-1-k)%acfLags]
		sums := 2*a.sum - headSum - tailSum // sum of x[t] and of x[t-k-1] over the pairs
		r[k] = (a.cross[k] - mean*sums + (n-float64(k+1))*mean*mean) / variance
	}
	return r, true
}

// acfTally is the sum of the autocorrelations of hosts.
type acfTally struct {
	hosts int64
	sum   [acfLags]float64
}

func (t *acfTally) host(a *acf) {
	r, ok := a.result()
	if !ok {
		return
	}
	t.hosts++
	for k := range r {
		t.sum[k] += r[k]
	}
}

func (t *acfTally) add(other *acfTally) {
	t.hosts += other.hosts
	for k := range t.sum {
		t.sum[k] += other.sum[k]
	}
}

// mean returns the autocorrelation at each lag, each host counting the same, nil without hosts.
func (t *acfTally) mean() []float64 {
	if t.hosts == 0 {
		return nil
	}
	mean := make([]float64, acfLags)
	for k := range mean {
		mean[k] = t.sum[k] / float64(t.hosts)
	}
	return mean
}
