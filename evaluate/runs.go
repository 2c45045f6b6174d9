package evaluate

import "math/bits"

// A run is rows of a host, one after the other, with the same remote address, service or protocol.
const (
	runRemote = iota
	runService
	runProtocol
	runKinds
)

// lengthBins is the number of bins for lengths of runs and sessions: two a doubling, exact up to 3, up to 2^20.
const lengthBins = 42

func lengthBin(n int64) int {
	length := bits.Len64(uint64(n))
	half := 0
	if length > 1 {
		half = int(n>>(length-2)) & 1 // the bit after the leading one
	}
	return min(2*length+half, lengthBins-1)
}

// service is what a flow is for: its protocol, and the port that names a service; of two such ports, or two others, the
// lower. ICMP has its type for a port.
type service struct {
	proto uint8
	port  uint16
}

func (r *row) service() service {
	switch low, high := min(r.SrcPort, r.DstPort), max(r.SrcPort, r.DstPort); {
	case r.icmp():
		return service{r.Proto, r.DstPort >> 8}
	case !r.hasPorts():
		return service{r.Proto, 0}
	case namesService(high) && !namesService(low):
		return service{r.Proto, high}
	default:
		return service{r.Proto, low}
	}
}

// runTally counts runs by their length.
type runTally struct {
	lengths [runKinds][lengthBins]uint64
	runs    [runKinds]int64
	rows    int64
}

func (t *runTally) add(other *runTally) {
	t.rows += other.rows
	for kind := range t.lengths {
		t.runs[kind] += other.runs[kind]
		for bin, n := range other.lengths[kind] {
			t.lengths[kind][bin] += n
		}
	}
}

// runObserver holds the lengths of the runs that the row last read belongs to.
type runObserver struct{ length [runKinds]int64 }

func (o *runObserver) row(r, before *row, t *runTally) {
	t.rows++
	if !r.first {
		for kind, goesOn := range [runKinds]bool{
			runRemote:   r.remote == before.remote,
			runService:  r.service() == before.service(),
			runProtocol: r.Proto == before.Proto,
		} {
			if !goesOn {
				o.endRun(kind, t)
			}
		}
	}
	for kind := range o.length {
		o.length[kind]++
	}
}

func (o *runObserver) endRun(kind int, t *runTally) {
	t.lengths[kind][lengthBin(o.length[kind])]++
	t.runs[kind]++
	o.length[kind] = 0
}

func (o *runObserver) end(t *runTally) {
	for kind := range o.length {
		o.endRun(kind, t)
	}
}

func runMeasures() []measure {
	run := func(name, title string, kind int) measure {
		return lengthMeasure(name, title, func(s *summary) float64 { return ratio(s.runs.rows, s.runs.runs[kind]) },
			func(s *summary) []uint64 { return s.runs.lengths[kind][:] })
	}
	return []measure{
		run("run_remote", "flows in a row with one remote", runRemote),
		run("run_service", "flows in a row of one service", runService),
		run("run_protocol", "flows in a row of one protocol", runProtocol),
	}
}

// lengthMeasure compares lengths: the mean is the value, the divergence of their histograms the distance.
func lengthMeasure(name, title string, mean func(*summary) float64, histogram func(*summary) []uint64) measure {
	return measure{name: name, title: title, unit: Number, value: mean, differenceUnit: Bits, tolerance: jsTolerance,
		distance: func(real, other *summary) float64 { return jensenShannon(histogram(real), histogram(other), 0) }}
}

// repeatMeasure returns the share of rows of the same kind as the row before: those that begin no run.
func repeatMeasure(name, title string, kind int) measure {
	return shareMeasure(name, title, func(s *summary) int64 { return s.runs.rows - s.runs.runs[kind] },
		func(s *summary) int64 { return s.structure.followers })
}
