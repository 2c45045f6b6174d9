package evaluate

// sessionGap ends a session: a host that was idle for longer, in µs, starts another.
const sessionGap = 60_000_000

// sessionTally counts sessions by their flows.
type sessionTally struct {
	flows    [lengthBins]uint64
	sessions int64
}

func (t *sessionTally) add(other *sessionTally) {
	t.sessions += other.sessions
	for bin, n := range other.flows {
		t.flows[bin] += n
	}
}

// sessionObserver follows the host whose rows are being read.
type sessionObserver struct{ flows int64 }

func (r *row) beginsSession() bool { return r.first || r.gap > sessionGap }

func (o *sessionObserver) row(r *row, t *sessionTally) {
	if r.beginsSession() {
		o.end(t)
	}
	o.flows++
}

func (o *sessionObserver) end(t *sessionTally) {
	if o.flows > 0 {
		t.flows[lengthBin(o.flows)]++
		t.sessions++
	}
	o.flows = 0
}

func sessionMeasures() []measure {
	return []measure{
		lengthMeasure("session_flows", "flows of a session",
			func(s *summary) float64 { return ratio(s.rows, s.sessions.sessions) },
			func(s *summary) []uint64 { return s.sessions.flows[:] }),
		quantileMeasure("sessions_per_host", "sessions of a host, median", 0.5,
			func(f *hostFigures, _ int64) float64 { return float64(f.sessions) }),
	}
}
