package torchmodel

import (
	"math/rand/v2"

	"stan/dataset"
	"stan/dataset/encode"
	"stan/dataset/sweeps"
)

// hostStream is a host that a lane draws, and the flows of sweeps that go into its stream.
type hostStream struct {
	g     *generation
	job   *job
	lane  int
	ended bool // with the block drawn last

	day    int64          // the next whose sweeps are drawn, days since 1970 UTC
	visits []sweeps.Visit // drawn, to come
	rows   int64          // delivered
}

func (g *generation) newHostStream(j *job, lane int) *hostStream {
	return &hostStream{g: g, job: j, lane: lane, day: encode.Midnight(g.start) / sweeps.Day}
}

// merge puts the flows of sweeps among those that the network drew next, the rest of the span's after the last ones. A stream of a
// number of rows ends with these.
func (h *hostStream) merge(flows []dataset.Flow) []dataset.Flow {
	list, host := h.g.m.Manifest.Sweeps, h.g.addrs[h.job.host]
	if list == nil {
		return flows
	}
	var merged []dataset.Flow
	for i := range flows {
		for v, ok := h.next(flows[i].End); ok; v, ok = h.next(flows[i].End) {
			merged = append(merged, list.Flow(v, host))
		}
		merged = append(merged, flows[i])
	}
	if h.ended && h.job.quota < 0 {
		for v, ok := h.next(h.g.end - 1); ok; v, ok = h.next(h.g.end - 1) {
			merged = append(merged, list.Flow(v, host))
		}
	}
	if h.job.quota >= 0 {
		merged = merged[:min(int64(len(merged)), h.job.quota-h.rows)]
	}
	h.rows += int64(len(merged))
	return merged
}

// next takes the next visit until a time, if there is one.
func (h *hostStream) next(until int64) (v sweeps.Visit, ok bool) {
	for len(h.visits) == 0 && h.day*sweeps.Day <= until {
		h.drawDay()
	}
	if len(h.visits) == 0 || h.visits[0].End > until {
		return v, false
	}
	v, h.visits = h.visits[0], h.visits[1:]
	return v, true
}

// drawDay draws the visits of the next day of the span, of none on which the host has no flows of its own.
func (h *hostStream) drawDay() {
	g := h.g
	if i := h.day - encode.Midnight(g.start)/sweeps.Day; h.job.quota >= 0 || h.job.plans[i].Rows > 0 {
		r := rand.New(rand.NewPCG(g.o.Seed^uint64(h.day)<<32, uint64(h.job.host)+1<<42))
		h.visits = g.m.Manifest.Sweeps.Draw(r, g.o.Seed, g.addrs[h.job.host], h.day, g.o.Internal)
	}
	h.day++
	for len(h.visits) > 0 && h.visits[0].End < g.start {
		h.visits = h.visits[1:]
	}
}

// expectedVisits is the mean number of flows of sweeps that a host has in the span. Where rows are asked for they are among those.
func (g *generation) expectedVisits() (n float64) {
	list := g.m.Manifest.Sweeps
	if list == nil || g.o.Rows > 0 {
		return 0
	}
	for midnight := encode.Midnight(g.start); midnight < g.end; midnight += sweeps.Day {
		part := min(g.end, midnight+sweeps.Day) - max(g.start, midnight)
		n += list.Expected(g.o.Seed, midnight/sweeps.Day) * float64(part) / sweeps.Day
	}
	return n
}
