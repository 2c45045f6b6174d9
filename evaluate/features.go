package evaluate

import (
	"math"
	"net/netip"
)

// feature is a property by which a discriminator may tell a row. None shows the host's address or the date.
type feature struct {
	attribute string // as the report calls it
	category  bool   // values are names, not sizes
	address   bool   // shows addresses or ports, or whether they repeat
	of        func(rows []sampledRow) float64
}

// Features look at the last of the rows they are given; those before it are the rows before it of its host, at most
// lookBack, fewer at the beginning of a block of the sample. Those of rowFeatures see the row alone, those of orderFeatures
// its place among the rows before it.
const lookBack = 20

var rowFeatures = []feature{
	{"duration", false, false, ofRow(func(r *row) float64 { return float64(r.End - r.Start) })},
	{"packets", false, false, ofRow(func(r *row) float64 { return float64(r.Packets) })},
	{"bytes", false, false, ofRow(func(r *row) float64 { return float64(r.Bytes) })},
	{"bytes a packet", false, false, ofRow(func(r *row) float64 { return float64(r.Bytes) / float64(r.Packets) })},
	{"protocol", true, false, ofRow(func(r *row) float64 { return float64(r.Proto) })},
	{"direction", false, false, ofRow(func(r *row) float64 { return float64(direction(r)) })},
	{"TCP flags", true, false, ofRow(func(r *row) float64 { return float64(r.TCPFlags) })},
	{"type of service", true, false, ofRow(func(r *row) float64 { return float64(r.ToS) })},
	{"hour", false, false, ofRow(func(r *row) float64 { return float64(r.hour()) })},
	{"local port", false, true, ofRow(func(r *row) float64 { return float64(r.localPort) })},
	{"remote port", false, true, ofRow(func(r *row) float64 { return float64(r.remotePort) })},
	{"remote address", false, true, ofRow(func(r *row) float64 { return float64(octetBin(r, 0)) })},
	{"remote address", false, true, ofRow(func(r *row) float64 { return float64(octetBin(r, 1)) })},
	{"remote address", false, true, ofRow(func(r *row) float64 { return float64(octetBin(r, 2)) })},
	{"remote address", false, true, ofRow(func(r *row) float64 { return float64(octetBin(r, 3)) })},
}

var orderFeatures = []feature{
	{"gap", false, false, ofRow(func(r *row) float64 {
		if r.first {
			return math.NaN()
		}
		return float64(r.gap)
	})},
	{"size as before", false, false, rowsSince(func(r *row) [2]uint64 { return [2]uint64{r.Packets, r.Bytes} })},
	{"remote address as before", false, true, rowsSince(func(r *row) netip.Addr { return r.remote })},
	{"five-tuple as before", false, true, rowsSince((*row).conversation)},
	{"service as before", false, true, rowsSince(func(r *row) [2]uint16 {
		return [2]uint16{uint16(r.Proto), min(r.localPort, r.remotePort)}
	})},
	{"local port as before", false, true, rowsSince(func(r *row) uint16 { return r.localPort })},
	{"local port as before", false, true, step(func(r *row) uint16 { return r.localPort })},
	{"remote port as before", false, true, step(func(r *row) uint16 { return r.remotePort })},
	{"reply to the flow before", true, true, func(rows []sampledRow) float64 {
		if len(rows) < 2 {
			return math.NaN()
		}
		return float64(tieOf(&rows[len(rows)-1].row, &rows[len(rows)-2].row))
	}},
}

func ofRow(value func(*row) float64) func([]sampledRow) float64 {
	return func(rows []sampledRow) float64 { return value(&rows[len(rows)-1].row) }
}

// rowsSince returns how many rows ago the row's key was there, NaN if none of the rows before has it.
func rowsSince[K comparable](key func(*row) K) func([]sampledRow) float64 {
	return func(rows []sampledRow) float64 {
		last := len(rows) - 1
		wanted := key(&rows[last].row)
		for back := 1; back <= last; back++ {
			if key(&rows[last-back].row) == wanted {
				return float64(back)
			}
		}
		return math.NaN()
	}
}

// step returns by how much a port lies above that of the row before.
func step(port func(*row) uint16) func([]sampledRow) float64 {
	return func(rows []sampledRow) float64 {
		if len(rows) < 2 {
			return math.NaN()
		}
		return float64(port(&rows[len(rows)-1].row)) - float64(port(&rows[len(rows)-2].row))
	}
}
