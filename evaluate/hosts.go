package evaluate

import (
	"math"
	"math/bits"
	"net/netip"
	"slices"
)

// maxRemotes is where counting a host's different remote addresses stops: memory stays bounded, and no median of
// interest is as high.
const maxRemotes = 1 << 17

// hostFigures is what is kept of each host.
type hostFigures struct {
	rows        int64
	hourSquares float64 // sum over hours of the square of the rows in that hour
	remotes     int32   // different remote addresses, at most maxRemotes
	localPorts  int32   // different local ports
	remotePorts int32   // different remote ports
}

// hostTally lists the hosts. It takes 32 bytes a host.
type hostTally struct {
	figures []hostFigures
	hours   int64 // hours that the set spans, the host's idle ones among them
}

func (t *hostTally) add(other *hostTally) {
	t.figures = append(t.figures, other.figures...)
	t.hours = max(t.hours, other.hours)
}

// hostObserver follows the host whose rows are being read.
type hostObserver struct {
	figures     hostFigures
	hour        int64
	inHour      float64
	remotes     map[netip.Addr]struct{}
	localPorts  portSet
	remotePorts portSet
}

func (o *hostObserver) row(r *row) {
	if o.remotes == nil {
		o.remotes = make(map[netip.Addr]struct{})
	}
	if hour := hourOf(r.End); hour != o.hour {
		o.endHour()
		o.hour = hour
	}
	o.inHour++
	o.figures.rows++
	if len(o.remotes) < maxRemotes {
		o.remotes[r.remote] = struct{}{}
	}
	if r.hasPorts() {
		o.localPorts.add(r.localPort)
		o.remotePorts.add(r.remotePort)
	}
}

func (o *hostObserver) endHour() {
	o.figures.hourSquares += o.inHour * o.inHour
	o.inHour = 0
}

func (o *hostObserver) end(t *hostTally) {
	o.endHour()
	f := o.figures
	f.remotes, f.localPorts, f.remotePorts = int32(len(o.remotes)), o.localPorts.len(), o.remotePorts.len()
	t.figures = append(t.figures, f)
	if len(o.remotes) > 1<<12 { // clearing a large map costs its whole size each time
		o.remotes = nil
	}
	clear(o.remotes)
	*o = hostObserver{remotes: o.remotes}
}

// portSet is a set of ports.
type portSet [65536 / 64]uint64

func (s *portSet) add(port uint16) { s[port/64] |= 1 << (port % 64) }

func (s *portSet) len() int32 {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return int32(n)
}

// dispersion returns the coefficient of variation of the host's rows an hour: 0 for the same number each hour.
func (f *hostFigures) dispersion(hours int64) float64 {
	mean := float64(f.rows) / float64(hours)
	variance := f.hourSquares/float64(hours) - mean*mean
	return math.Sqrt(max(variance, 0)) / mean
}

func hostMeasures() []measure {
	rows := func(f *hostFigures, _ int64) float64 { return float64(f.rows) }
	dispersion := quantileMeasure("host_hour_dispersion", "flows of a host, hourly variation", 0.5,
		(*hostFigures).dispersion)
	dispersion.unit, dispersion.differenceUnit, dispersion.tolerance = Number, Number, numberTolerance
	dispersion.distance = absDistance(dispersion.value)
	return []measure{
		dispersion,
		quantileMeasure("flows_per_host_q10", "flows of a host, 10th percentile", 0.1, rows),
		quantileMeasure("flows_per_host_median", "flows of a host, median", 0.5, rows),
		quantileMeasure("flows_per_host_q90", "flows of a host, 90th percentile", 0.9, rows),
	}
}

// distinctMeasures counts what each host meets.
func distinctMeasures() []measure {
	return []measure{
		quantileMeasure("remotes_per_host", "remote addresses of a host, median", 0.5,
			func(f *hostFigures, _ int64) float64 { return float64(f.remotes) }),
		quantileMeasure("local_ports_per_host", "local ports of a host, median", 0.5,
			func(f *hostFigures, _ int64) float64 { return float64(f.localPorts) }),
		quantileMeasure("remote_ports_per_host", "remote ports of a host, median", 0.5,
			func(f *hostFigures, _ int64) float64 { return float64(f.remotePorts) }),
	}
}

// quantileMeasure returns the measure of a quantile over hosts of one of their figures.
func quantileMeasure(name, title string, p float64, figure func(f *hostFigures, hours int64) float64) measure {
	value := func(s *summary) float64 {
		x := make([]float64, len(s.hosts.figures))
		for i := range x {
			x[i] = figure(&s.hosts.figures[i], s.hosts.hours)
		}
		slices.Sort(x)
		return quantile(x, p)
	}
	return measure{name: name, title: title, value: value, unit: Count, distance: ratioDistance(value),
		differenceUnit: LogRatio, tolerance: ratioTolerance}
}

// quantile returns the quantile p of x, which is sorted, with linear interpolation between the two nearest values
// (numpy's default; gonum has no such kind).
func quantile(x []float64, p float64) float64 {
	at := p * float64(len(x)-1)
	below := int(at)
	above := min(below+1, len(x)-1)
	return x[below] + (at-float64(below))*(x[above]-x[below])
}
