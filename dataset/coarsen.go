package dataset

import (
	"fmt"
	"strings"
	"time"
)

// Coarsening makes flows say less: RFC 6235 calls it binning of ports and precision degradation of times. The zero value
// changes nothing.
type Coarsening struct {
	PortsFrom int           // ports of at least this become this; 0 to keep all
	Time      time.Duration // ends go down to a multiple of this, and starts with them; 0 to keep both
}

// Validate returns an error if c says what cannot be done.
func (c Coarsening) Validate() error {
	switch {
	case c.PortsFrom < 0 || c.PortsFrom > 65535:
		return fmt.Errorf("coarse ports from %d on, want 1 to 65535", c.PortsFrom)
	case c.Time < 0 || c.Time > 24*time.Hour || c.Time%time.Millisecond != 0:
		return fmt.Errorf("times coarse to %v, want whole milliseconds up to a day", c.Time)
	}
	return nil
}

// String tells what is done, "" for nothing.
func (c Coarsening) String() string {
	var done []string
	if c.PortsFrom > 0 {
		done = append(done, fmt.Sprintf("ports from %d on are %d", c.PortsFrom, c.PortsFrom))
	}
	if c.Time > 0 {
		done = append(done, fmt.Sprintf("ends are multiples of %v", c.Time))
	}
	return strings.Join(done, ", ")
}

// apply changes f. ICMP's type and code are no ports.
func (c Coarsening) apply(f *Flow) {
	if c.PortsFrom > 0 && !isICMP(f.Proto) {
		from := uint16(c.PortsFrom)
		f.SrcPort, f.DstPort = min(f.SrcPort, from), min(f.DstPort, from)
	}
	f.Start, f.End = c.times(f.Start, f.End)
}

// times returns start and end of a flow as they are told. Flows keep the order of their ends, and their durations, but for
// what would have begun before 1970.
func (c Coarsening) times(start, end int64) (int64, int64) {
	if c.Time == 0 {
		return start, end
	}
	rest := end % c.Time.Microseconds()
	return max(start-rest, minTime), end - rest
}
