package evaluate

import "slices"

// attribute is one property of a row and how its values are put into bins.
type attribute struct {
	name  string // the measure is js_NAME
	title string
	bins  int
	bin   func(*row) int // -1 where the row has no such value
	paper bool           // the paper's bins and smoothing
}

// attributes lists the bins fit for each attribute: discrete values exactly, sizes and times by logBin.
var attributes = []attribute{
	{name: "gap", title: "gap to the flow before", bins: logBins, bin: func(r *row) int {
		if r.first {
			return -1
		}
		return logBin(millis(r.gap))
	}},
	{name: "duration", title: "duration", bins: logBins, bin: func(r *row) int { return logBin(millis(r.End - r.Start)) }},
	{name: "packets", title: "packets", bins: logBins, bin: func(r *row) int { return logBin(r.Packets) }},
	{name: "bytes", title: "bytes", bins: logBins, bin: func(r *row) int { return logBin(r.Bytes) }},
	{name: "bytes_per_packet", title: "bytes a packet", bins: logBins, bin: func(r *row) int {
		if r.Packets == 0 {
			return -1
		}
		return logBin(r.Bytes / r.Packets)
	}},
	{name: "protocol", title: "protocol", bins: 256, bin: func(r *row) int { return int(r.Proto) }},
	{name: "direction", title: "direction", bins: 2, bin: direction},
	{name: "tcp_flags", title: "TCP flags", bins: 256, bin: func(r *row) int { return int(r.TCPFlags) }},
	{name: "tos", title: "type of service", bins: 256, bin: func(r *row) int { return int(r.ToS) }},
	{name: "local_port", title: "local port", bins: portBins, bin: func(r *row) int { return portBin(r, r.localPort) }},
	{name: "remote_port", title: "remote port", bins: portBins, bin: func(r *row) int { return portBin(r, r.remotePort) }},
	{name: "octet1", title: "remote address, octet 1", bins: 512, bin: func(r *row) int { return octetBin(r, 0) }},
	{name: "octet2", title: "remote address, octet 2", bins: 512, bin: func(r *row) int { return octetBin(r, 1) }},
	{name: "octet3", title: "remote address, octet 3", bins: 512, bin: func(r *row) int { return octetBin(r, 2) }},
	{name: "octet4", title: "remote address, octet 4", bins: 512, bin: func(r *row) int { return octetBin(r, 3) }},
	{name: "hour", title: "hour of the day (UTC)", bins: hoursPerDay, bin: (*row).hour},
}

// millis returns a span of µs in whole ms, a negative one as 0: a rule of its own counts those.
func millis(span int64) uint64 { return uint64(max(span, 0)) / microsPerMilli }

func direction(r *row) int {
	if r.out {
		return 1
	}
	return 0
}

// octetBin returns byte i of the remote address; IPv6 addresses have bins of their own.
func octetBin(r *row, i int) int {
	if a := r.remote.Unmap(); a.Is4() {
		return int(a.As4()[i])
	}
	return 256 + int(r.remote.As16()[i])
}

// allAttributes are those of both kinds, in the order of attributeTally.
var allAttributes = slices.Concat(attributes, paperAttributes)

// attributeIndex returns the place of the attribute of that name.
func attributeIndex(name string) int {
	return slices.IndexFunc(attributes, func(a attribute) bool { return a.name == name })
}

// attributeTally holds a histogram for each of allAttributes.
type attributeTally struct {
	histograms [][]uint64
}

func (t *attributeTally) row(r *row) {
	t.allocate()
	for i := range allAttributes {
		if bin := allAttributes[i].bin(r); bin >= 0 {
			t.histograms[i][bin]++
		}
	}
}

func (t *attributeTally) add(other *attributeTally) {
	if other.histograms == nil {
		return
	}
	t.allocate()
	for i, h := range other.histograms {
		for bin, n := range h {
			t.histograms[i][bin] += n
		}
	}
}

func (t *attributeTally) allocate() {
	if t.histograms != nil {
		return
	}
	t.histograms = make([][]uint64, len(allAttributes))
	for i := range allAttributes {
		t.histograms[i] = make([]uint64, allAttributes[i].bins)
	}
}

// divergence returns the distance function of attribute i.
func divergence(i int) func(real, other *summary) float64 {
	smoothing := 0.
	if allAttributes[i].paper {
		smoothing = paperSmoothing
	}
	return func(real, other *summary) float64 {
		return jensenShannon(real.attributes.histograms[i], other.attributes.histograms[i], smoothing)
	}
}

func attributeMeasures() []measure {
	var all, own, papers []measure
	for i := range allAttributes {
		a := &allAttributes[i]
		m := measure{name: "js_" + a.name, title: a.title, differenceUnit: Bits,
			distance: divergence(i), curves: histogramCurves(i), tolerance: jsTolerance}
		all = append(all, m)
		if a.paper {
			papers = append(papers, m)
		} else {
			own = append(own, m)
		}
	}
	mean := measure{name: "js_mean", title: "mean", differenceUnit: Bits,
		distance: meanDistance(own), tolerance: jsTolerance, aggregate: true}
	paperMean := measure{name: "js_paper_mean", differenceUnit: Bits,
		distance: meanDistance(papers), tolerance: jsTolerance, aggregate: true}
	return append(all, mean, paperMean)
}
