package evaluate

import (
	"math"
	"slices"
)

// hostFigures is what is kept of each host.
type hostFigures struct {
	rows        int64
	bytes       uint64
	hourSquares float64 // sum over hours of the square of the rows in that hour
	sessions    int32
	remotes     spread
	localPorts  spread
	remotePorts spread
}

// hostTally lists the hosts, at about 100 bytes each. Sums share the lists of their groups.
type hostTally struct {
	figures [][]hostFigures
	hours   int64 // hours that the set spans, the host's idle ones among them
}

func (t *hostTally) add(other *hostTally) {
	t.figures = append(t.figures, other.figures...)
	t.hours = max(t.hours, other.hours)
}

// len returns the number of hosts.
func (t *hostTally) len() int {
	n := 0
	for _, list := range t.figures {
		n += len(list)
	}
	return n
}

// sorted returns a figure of every host that has it, rising.
func (t *hostTally) sorted(figure func(*hostFigures) float64) []float64 {
	var x []float64
	for _, list := range t.figures {
		for i := range list {
			if f := figure(&list[i]); !math.IsNaN(f) {
				x = append(x, f)
			}
		}
	}
	slices.Sort(x)
	return x
}

// hostObserver follows the host whose rows are being read.
type hostObserver struct {
	figures     hostFigures
	hour        int64
	inHour      float64
	remotes     remoteCounts
	localPorts  portCounts
	remotePorts portCounts
}

func (o *hostObserver) row(r *row) {
	if hour := hourOf(r.End); hour != o.hour {
		o.endHour()
		o.hour = hour
	}
	o.inHour++
	o.figures.rows++
	o.figures.bytes += r.Bytes
	if r.beginsSession() {
		o.figures.sessions++
	}
	o.remotes.add(r.remote, r.Bytes)
	if r.hasPorts() {
		o.localPorts.add(r.localPort)
		o.remotePorts.add(r.remotePort)
	}
}

func (o *hostObserver) endHour() {
	o.figures.hourSquares += o.inHour * o.inHour
	o.inHour = 0
}

// end adds the host to the tallies and makes ready for another.
func (o *hostObserver) end(t *hostTally, volumes *volumeTally) {
	o.endHour()
	o.remotes.addTo(volumes)
	o.figures.remotes, o.figures.localPorts, o.figures.remotePorts = o.remotes.end(), o.localPorts.end(), o.remotePorts.end()
	if t.figures == nil {
		t.figures = make([][]hostFigures, 1)
	}
	t.figures[0] = append(t.figures[0], o.figures)
	o.figures = hostFigures{}
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

// quantileMeasure returns the measure of a quantile over hosts of one of their figures.
func quantileMeasure(name, title string, p float64, figure func(f *hostFigures, hours int64) float64) measure {
	value := func(s *summary) float64 {
		return quantile(s.hosts.sorted(func(f *hostFigures) float64 { return figure(f, s.hosts.hours) }), p)
	}
	return measure{name: name, title: title, value: value, unit: Count, distance: ratioDistance(value),
		differenceUnit: LogRatio, tolerance: ratioTolerance}
}

// quantile returns the quantile p of x, which is sorted, with linear interpolation between the two nearest values
// (numpy's default; gonum has no such kind). It is NaN without values.
func quantile(x []float64, p float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	at := p * float64(len(x)-1)
	below := int(at)
	above := min(below+1, len(x)-1)
	return x[below] + (at-float64(below))*(x[above]-x[below])
}
