package evaluate

import "math"

// The paper's bins: 304 equal ones on the normalised attribute, every bin's count raised by one (Laplace).
const (
	paperBinCount  = 304
	paperSmoothing = 1
	paperPorts     = 1670 // classes: 0 to 1023, then bins of 100
)

// paperAttributes are the paper's columns and normalisers (docs/format/evaluation.md lists them).
var paperAttributes = []attribute{
	paper("gap", func(r *row) float64 { return float64(r.gap) / 1e6 / 1430 }),
	paper("duration", func(r *row) float64 { return float64(r.End-r.Start) / 1e6 / 363 }),
	paper("packets", func(r *row) float64 { return math.Log(float64(r.Packets)) / 12.83 }),
	paper("bytes", func(r *row) float64 { return math.Log(float64(r.Bytes)) / 20.129 }),
	paper("protocol", func(r *row) float64 {
		switch r.Proto {
		case protoTCP:
			return 0
		case protoUDP:
			return 1. / 3
		default:
			return 2. / 3
		}
	}),
	paper("direction", func(r *row) float64 { return float64(direction(r)) / 2 }),
	paper("local_port", func(r *row) float64 { return paperPort(r.localPort) }),
	paper("remote_port", func(r *row) float64 { return paperPort(r.remotePort) }),
	paper("octet1", func(r *row) float64 { return paperOctet(r, 0) }),
	paper("octet2", func(r *row) float64 { return paperOctet(r, 1) }),
	paper("octet3", func(r *row) float64 { return paperOctet(r, 2) }),
	paper("octet4", func(r *row) float64 { return paperOctet(r, 3) }),
	paper("hour", func(r *row) float64 { return float64(r.hour()) / hoursPerDay }),
}

// paper returns a column with the paper's bins, normalised being its value between 0 and 1.
func paper(name string, normalised func(*row) float64) attribute {
	needsBefore := name == "gap"
	return attribute{name: "paper_" + name, bins: paperBinCount, paper: true, bin: func(r *row) int {
		if needsBefore && r.first {
			return -1
		}
		return equalBin(normalised(r), paperBinCount)
	}}
}

func paperPort(port uint16) float64 {
	class := int(port)
	if class >= wellKnownPorts {
		class = wellKnownPorts + (class-wellKnownPorts)/100
	}
	return float64(class) / paperPorts
}

func paperOctet(r *row, i int) float64 { return float64(octetBin(r, i)%256) / 256 }
