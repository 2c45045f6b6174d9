// Package sweeps tells the flows of sweeps from the others. A sweep is a remote that sends the same flow to many hosts of a network at
// about the same time, as scanners, monitors and backscatter do, and what the hosts answer. Every host of UGR'16 has some 220 such
// flows a day, the same ones. Flow by flow they are nothing that a host's own past could tell; so they are kept in a list, the
// network learns the rest, and a generated day has the sweeps of a day of the capture.
package sweeps

import (
	"fmt"
	"net/netip"
	"slices"

	"stan/dataset"
)

// Shape is a flow as its host sees it, but for the time.
type Shape struct {
	Outbound   bool       `json:"outbound,omitempty"`
	Remote     netip.Addr `json:"remote"`
	LocalPort  uint16     `json:"local_port"`
	RemotePort uint16     `json:"remote_port"`
	Proto      uint8      `json:"proto"`
	TCPFlags   uint8      `json:"tcp_flags,omitempty"`
	ToS        uint8      `json:"tos,omitempty"`
	Packets    uint64     `json:"packets"`
	Bytes      uint64     `json:"bytes"`
	Duration   int64      `json:"duration,omitempty"` // µs
	Label      string     `json:"label,omitempty"`
}

func shapeOf(f *dataset.Flow) Shape {
	s := Shape{
		Outbound: f.Outbound(), Remote: f.Remote(), LocalPort: f.DstPort, RemotePort: f.SrcPort, Proto: f.Proto, TCPFlags: f.TCPFlags,
		ToS: f.ToS, Packets: f.Packets, Bytes: f.Bytes, Duration: f.End - f.Start, Label: f.Label,
	}
	if s.Outbound {
		s.LocalPort, s.RemotePort = s.RemotePort, s.LocalPort
	}
	return s
}

// check tells what is out of range.
func (s *Shape) check() error {
	switch {
	case !s.Remote.IsValid() || s.Remote.Is4In6() || s.Remote.Zone() != "":
		return fmt.Errorf("remote %v, want an address", s.Remote)
	case s.Packets < 1 || s.Packets > 1<<40 || s.Bytes > 1<<50:
		return fmt.Errorf("%d packets of %d bytes, want 1 to 2^40 of at most 2^50", s.Packets, s.Bytes)
	case s.Duration < 0 || s.Duration > 366*Day:
		return fmt.Errorf("duration %d µs, want 0 to a year", s.Duration)
	}
	return nil
}

// flow is the flow of this shape that a host has at the time end, µs since 1970.
func (s *Shape) flow(host netip.Addr, end int64) dataset.Flow {
	f := dataset.Flow{
		Host: host, Start: end - s.Duration, End: end, SrcAddr: s.Remote, DstAddr: host, SrcPort: s.RemotePort, DstPort: s.LocalPort,
		Proto: s.Proto, TCPFlags: s.TCPFlags, ToS: s.ToS, Packets: s.Packets, Bytes: s.Bytes, Label: s.Label,
	}
	if s.Outbound {
		f.SrcAddr, f.DstAddr, f.SrcPort, f.DstPort = host, s.Remote, s.LocalPort, s.RemotePort
	}
	return f
}

// Quantiles is how many ends an event tells: the least, quarters, and the greatest.
const Quantiles = 5

// Event is a flow that several hosts had on a day, once each.
type Event struct {
	Shape
	Day    int64            `json:"day"`    // of the capture, days since 1970 UTC
	Ends   [Quantiles]int64 `json:"ends"`   // of the flow at the hosts that had it, µs since midnight
	Given  int              `json:"given"`  // the earlier event of this list that tells most about this one, -1 for none
	Shares [2]float64       `json:"shares"` // of hosts that have it: of those that had not the given one, and of those that had; one is not used without
	With   int              `json:"with"`   // an event of the same remote from which on this one is timed where a host has both, -1 for none
	Delay  int64            `json:"delay"`  // µs, the median
}

// List is the events of a capture.
type List struct {
	Days   []int64 `json:"days"` // of the capture, days since 1970 UTC, ascending: also those without sweeps
	Tick   int64   `json:"tick"` // µs that all ends are multiples of
	Events []Event `json:"events"`
}

// Day is 24 hours in µs.
const Day = 24 * 3600 * 1_000_000

// mostEvents bounds the events of a capture, mostDays the days since 1970 on which they are.
const (
	mostEvents = 1 << 14
	mostDays   = 1 << 16
)

// Validate tells what is out of range. A nil list is valid: nothing is swept.
func (l *List) Validate() error {
	if l == nil {
		return nil
	}
	switch {
	case len(l.Events) > mostEvents:
		return fmt.Errorf("sweeps: %d events, want at most %d", len(l.Events), mostEvents)
	case len(l.Days) == 0 || len(l.Days) > mostDays:
		return fmt.Errorf("sweeps: %d days, want 1 to %d", len(l.Days), mostDays)
	case l.Tick < 1 || l.Tick > Day:
		return fmt.Errorf("sweeps: tick %d, want 1 to %d", l.Tick, int64(Day))
	}
	for i := range l.Days {
		if l.Days[i] < 0 || l.Days[i] > mostDays || i > 0 && l.Days[i] <= l.Days[i-1] {
			return fmt.Errorf("sweeps: day %d after others, want 0 to %d, ascending", l.Days[i], mostDays)
		}
	}
	for i := range l.Events {
		if err := l.validate(i); err != nil {
			return fmt.Errorf("sweeps: event %d: %w", i, err)
		}
	}
	return nil
}

func (l *List) validate(i int) error {
	e := &l.Events[i]
	share := func(x float64) bool { return x >= 0 && x <= 1 }
	_, known := slices.BinarySearch(l.Days, e.Day)
	switch {
	case !known || i > 0 && e.Day < l.Events[i-1].Day:
		return fmt.Errorf("day %d, want one of the capture, and events in order of the days", e.Day)
	case e.Given < -1 || e.Given >= i || e.Given >= 0 && l.Events[e.Given].Day != e.Day:
		return fmt.Errorf("given %d, want an earlier event of the day or -1", e.Given)
	case !share(e.Shares[0]) || !share(e.Shares[1]):
		return fmt.Errorf("shares %v, want 0 to 1", e.Shares)
	case e.With < -1 || e.With >= len(l.Events) || e.With >= 0 && !l.timed(e.With, i):
		return fmt.Errorf("with %d, want an event of the same remote and day that begins before, or -1", e.With)
	case e.Delay < -Day || e.Delay > Day:
		return fmt.Errorf("delay %d µs, want less than a day", e.Delay)
	}
	if err := e.check(); err != nil {
		return err
	}
	for k, end := range e.Ends {
		if end < 0 || end >= Day || k > 0 && end < e.Ends[k-1] {
			return fmt.Errorf("ends %v, want times of a day, ascending", e.Ends)
		}
	}
	return nil
}

// timed tells whether event b may be timed by event a: of the same remote and day, it begins before.
func (l *List) timed(a, b int) bool {
	x, y := &l.Events[a], &l.Events[b]
	return x.Remote == y.Remote && x.Day == y.Day && (x.Ends[0] < y.Ends[0] || x.Ends[0] == y.Ends[0] && a < b)
}
