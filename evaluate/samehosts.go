package evaluate

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// sameHostsMeasures ask whether the hosts of two sets could be of one population: the greatest distance between the
// cumulative shares of hosts by one of their figures (Kolmogorov and Smirnov).
func sameHostsMeasures() []measure {
	figures := []struct {
		name, title string
		of          func(*hostFigures) float64
	}{
		{"flows", "flows a host, distribution", func(f *hostFigures) float64 { return float64(f.rows) }},
		{"bytes", "bytes a host, distribution", func(f *hostFigures) float64 { return float64(f.bytes) }},
		{"sessions", "sessions a host, distribution", func(f *hostFigures) float64 { return float64(f.sessions) }},
		{"remotes", "remotes a host, distribution", func(f *hostFigures) float64 { return float64(f.remotes.distinct) }},
		{"local_ports", "local ports a host, distribution", func(f *hostFigures) float64 { return float64(f.localPorts.distinct) }},
		{"remote_ports", "remote ports a host, distribution", func(f *hostFigures) float64 { return float64(f.remotePorts.distinct) }},
	}
	var all []measure
	for _, f := range figures {
		distance := func(real, other *summary) float64 {
			return stat.KolmogorovSmirnov(real.hosts.sorted(f.of), nil, other.hosts.sorted(f.of), nil)
		}
		all = append(all, measure{name: "ks_" + f.name, title: f.title, differenceUnit: Share, distance: distance,
			tolerance: sameHostsTolerance,
			pValue: func(real, other *summary) float64 {
				return kolmogorovP(distance(real, other), real.hosts.len(), other.hosts.len())
			}})
	}
	return all
}

// kolmogorovP returns the probability that two samples of m and n values of one distribution lie at least d apart: the
// limit for large samples, with Stephens' correction for small ones (J. R. Stat. Soc. B 32, 1970).
func kolmogorovP(d float64, m, n int) float64 {
	size := math.Sqrt(float64(m) * float64(n) / float64(m+n))
	x := d * (size + 0.12 + 0.11/size)
	if x < 0.2 {
		return 1 // within 1e-12
	}
	p, sign := 0., 2.
	for k := 1.; k <= 30; k++ {
		p += sign * math.Exp(-2*k*k*x*x)
		sign = -sign
	}
	return min(max(p, 0), 1)
}
