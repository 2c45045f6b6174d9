package evaluate

import (
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
)

// spread tells how a host's flows are spread over the addresses or ports that they meet.
type spread struct {
	distinct int32
	top      float64 // share of the flows that meet the commonest; NaN without any
	evenness float64 // entropy over its greatest, ln distinct: 1 where each is met as often, 0 for one; NaN without any
}

func spreadOf(counts []float64) spread {
	if len(counts) == 0 {
		return spread{0, math.NaN(), math.NaN()}
	}
	slices.Sort(counts) // sums come out the same whatever the order of a map
	total := 0.
	for _, n := range counts {
		total += n
	}
	s := spread{distinct: int32(len(counts)), top: counts[len(counts)-1] / total}
	if len(counts) > 1 {
		s.evenness = entropy(counts, total) / math.Log(float64(len(counts)))
	}
	return s
}

// maxRemotes is where counting a host's different remote addresses stops: memory stays bounded, and no median of
// interest is as high.
const maxRemotes = 1 << 17

// remoteCounts counts one host's flows by remote address. The zero value is ready.
type remoteCounts struct{ of map[netip.Addr]traffic }

type traffic struct{ flows, bytes uint64 }

func (c *remoteCounts) add(remote netip.Addr, bytes uint64) {
	if c.of == nil {
		c.of = make(map[netip.Addr]traffic)
	}
	t, known := c.of[remote]
	if known || len(c.of) < maxRemotes {
		c.of[remote] = traffic{t.flows + 1, t.bytes + bytes}
	}
}

func (c *remoteCounts) addTo(volumes *volumeTally) {
	for remote, t := range c.of {
		a := remote.As16()
		volumes.count(mix(binary.LittleEndian.Uint64(a[:8]), binary.LittleEndian.Uint64(a[8:])), volume{t.bytes, 1})
	}
}

// end returns the spread and starts anew.
func (c *remoteCounts) end() spread {
	counts := make([]float64, 0, len(c.of))
	for _, t := range c.of {
		counts = append(counts, float64(t.flows))
	}
	if len(c.of) > 1<<12 { // clearing a large map costs its whole size each time
		c.of = nil
	}
	clear(c.of)
	return spreadOf(counts)
}

// portCounts counts one host's flows by port. The zero value is ready.
type portCounts struct {
	flows [1 << 16]uint32
	used  []uint16 // ports with flows
}

func (c *portCounts) add(port uint16) {
	if c.flows[port] == 0 {
		c.used = append(c.used, port)
	}
	c.flows[port]++
}

// end returns the spread and starts anew.
func (c *portCounts) end() spread {
	counts := make([]float64, len(c.used))
	for i, port := range c.used {
		counts[i] = float64(c.flows[port])
		c.flows[port] = 0
	}
	c.used = c.used[:0]
	return spreadOf(counts)
}

// spreadMeasures compare medians over hosts.
func spreadMeasures() []measure {
	kinds := []struct {
		name, names, title, titles string
		of                         func(*hostFigures) *spread
	}{
		{"remote", "remotes", "remote", "remote addresses", func(f *hostFigures) *spread { return &f.remotes }},
		{"local_port", "local_ports", "local port", "local ports", func(f *hostFigures) *spread { return &f.localPorts }},
		{"remote_port", "remote_ports", "remote port", "remote ports", func(f *hostFigures) *spread { return &f.remotePorts }},
	}
	var distinct, concentration []measure
	for _, k := range kinds {
		distinct = append(distinct, quantileMeasure(k.names+"_per_host", k.titles+" of a host, median", 0.5,
			func(f *hostFigures, _ int64) float64 { return float64(k.of(f).distinct) }))
		top := quantileMeasure("top_"+k.name, "share of the commonest "+k.title, 0.5,
			func(f *hostFigures, _ int64) float64 { return k.of(f).top })
		top.unit, top.differenceUnit = Share, Share
		even := quantileMeasure("evenness_"+k.name, "evenness of "+k.titles, 0.5,
			func(f *hostFigures, _ int64) float64 { return k.of(f).evenness })
		even.unit, even.differenceUnit = Number, Number
		for _, m := range []measure{top, even} {
			m.distance, m.tolerance = absDistance(m.value), spreadTolerance
			concentration = append(concentration, m)
		}
	}
	return append(distinct, concentration...)
}
