package evaluate

import (
	"math"
	"math/bits"
)

// pairAttribute is an attribute in bins so coarse that every pair of attributes has a table of counts in every group of
// hosts.
type pairAttribute struct {
	name, title string
	bins        int
	bin         func(*row) int // -1 where the row has no such value
}

// pairAttributes are those of the matrices, in their order. Octets 2 to 4 of the remote address are names without order:
// what a host returns to is told by the measures of structure.
var pairAttributes = []pairAttribute{
	{"gap", "gap", 16, func(r *row) int {
		if r.first {
			return -1
		}
		return fourfoldBin(millis(r.gap))
	}},
	{"duration", "duration", 16, func(r *row) int { return fourfoldBin(millis(r.End - r.Start)) }},
	{"packets", "packets", 16, func(r *row) int { return min(bits.Len64(r.Packets), 15) }},
	{"bytes", "bytes", 16, func(r *row) int { return min(max(bits.Len64(r.Bytes)-5, 0), 15) }},
	{"bytes_per_packet", "bytes a packet", 16, func(r *row) int {
		if r.Packets == 0 {
			return -1
		}
		return int(min(r.Bytes/r.Packets/100, 15))
	}},
	{"protocol", "protocol", 4, protocolKind},
	{"direction", "direction", 2, direction},
	{"tcp_flags", "TCP flags", 16, func(r *row) int { return int(r.TCPFlags&(flagFIN|flagSYN|flagRST) | r.TCPFlags>>1&8) }}, // and ACK
	{"tos", "type of service", 8, func(r *row) int { return int(r.ToS >> 5) }},
	{"local_port", "local port", portKinds, func(r *row) int { return portKind(r, r.localPort) }},
	{"remote_port", "remote port", portKinds, func(r *row) int { return portKind(r, r.remotePort) }},
	{"octet1", "remote octet 1", 16, func(r *row) int {
		if octet := octetBin(r, 0); octet < 256 {
			return octet / 16
		}
		return 15 // IPv6, beside the addresses from 240/4 that no one uses
	}},
	{"hour", "hour", hoursPerDay / 2, func(r *row) int { return r.hour() / 2 }},
}

// pairCount is the length of pairAttributes.
const pairCount = 13

// fourfoldBin has a bin for 0, one for 1 to 3, and then one for each factor of four, up to 15.
func fourfoldBin(v uint64) int { return min((bits.Len64(v)+1)/2, 15) }

func protocolKind(r *row) int {
	switch {
	case r.Proto == protoTCP:
		return 0
	case r.Proto == protoUDP:
		return 1
	case r.icmp():
		return 2
	default:
		return 3
	}
}

// portKinds is the number of kinds of port: none, nine services, and six ranges of other ports.
const portKinds = 16

func portKind(r *row, port uint16) int {
	if !r.hasPorts() {
		return 0
	}
	switch port {
	case 20, 21, 22, 23:
		return 1
	case 25, 465, 587:
		return 2
	case 53:
		return 3
	case 80, 8000, 8080:
		return 4
	case 443, 8443:
		return 5
	case 110, 143, 993, 995:
		return 6
	case 123:
		return 7
	case 137, 138, 139, 445:
		return 8
	case 3389, 5900:
		return 9
	}
	switch {
	case port < wellKnownPorts:
		return 10
	case port < 4096:
		return 11
	case port < 16384:
		return 12
	case port < 32768:
		return 13
	case port < 49152:
		return 14
	default:
		return 15
	}
}

// Bins of all pairAttributes are numbered through: those of attribute i from pairOffsets[i] on. Number 0 stands for no
// value.
var pairOffsets, pairBins = func() (offsets [pairCount]int, bins int) {
	bins = 1
	for i := range pairAttributes {
		offsets[i] = bins
		bins += pairAttributes[i].bins
	}
	return offsets, bins
}()

// pairTally counts rows by the bins of each two attributes.
type pairTally struct {
	same []uint64 // two of one row, the later attribute first: a triangle without its diagonal
	lag  []uint64 // one of the row, one of the row before: a square

	matrices map[string][][]float64 // what information has worked out of them
}

func (t *pairTally) allocate() {
	if t.same == nil {
		t.same, t.lag = make([]uint64, triangle(pairBins)), make([]uint64, pairBins*pairBins)
	}
}

// triangle returns where the row of bin a begins: behind those of smaller bins, each as long as its number.
func triangle(a int) int { return a * (a - 1) / 2 }

func (t *pairTally) add(other *pairTally) {
	if other.same == nil {
		return
	}
	t.allocate()
	t.matrices = nil
	for i, n := range other.same {
		t.same[i] += n
	}
	for i, n := range other.lag {
		t.lag[i] += n
	}
}

// pairObserver remembers the bins of the row before.
type pairObserver struct {
	now, before [pairCount]int
}

func (o *pairObserver) row(r *row, t *pairTally) {
	t.allocate()
	o.before = o.now
	for i := range pairAttributes {
		o.now[i] = 0
		if bin := pairAttributes[i].bin(r); bin >= 0 {
			o.now[i] = pairOffsets[i] + bin
		}
	}
	for i, a := range o.now {
		if a == 0 {
			continue
		}
		same := t.same[triangle(a):triangle(a+1)]
		for _, b := range o.now[:i] {
			same[b]++
		}
		if !r.first {
			lag := t.lag[a*pairBins : (a+1)*pairBins]
			for _, b := range o.before {
				lag[b]++
			}
		}
	}
}

// Names of the two matrices.
const (
	pairsSame = "same"
	pairsLag  = "lag"
)

// information returns the normalised mutual information of each attribute of a row (first index) with each of the same row,
// or of the row before. It is NaN where no row has both.
func (t *pairTally) information(name string) [][]float64 {
	if matrix, done := t.matrices[name]; done {
		return matrix
	}
	matrix := make([][]float64, pairCount)
	for i := range matrix {
		matrix[i] = make([]float64, pairCount)
		for j := range matrix[i] {
			switch {
			case t.same == nil:
				matrix[i][j] = math.NaN()
			case name == pairsLag:
				matrix[i][j] = t.between(i, j, func(a, b int) uint64 { return t.lag[a*pairBins+b] })
			case j < i:
				matrix[i][j] = t.between(i, j, func(a, b int) uint64 { return t.same[triangle(a)+b] })
				matrix[j][i] = matrix[i][j]
			case j == i:
				matrix[i][j] = 1
			}
		}
	}
	if t.matrices == nil {
		t.matrices = make(map[string][][]float64)
	}
	t.matrices[name] = matrix
	return matrix
}

// between returns the normalised mutual information of attributes i and j, count giving the rows in a bin of each.
func (t *pairTally) between(i, j int, count func(a, b int) uint64) float64 {
	table := make([][]float64, pairAttributes[i].bins)
	for a := range table {
		table[a] = make([]float64, pairAttributes[j].bins)
		for b := range table[a] {
			table[a][b] = float64(count(pairOffsets[i]+a, pairOffsets[j]+b))
		}
	}
	return mutualInformation(table)
}

// mutualInformation returns the mutual information of the two variables of a table of counts over the mean of their
// entropies: 0 where they are independent, 1 where each tells the other, NaN for an empty table. It is that of
// sklearn.metrics.normalized_mutual_info_score, but 0 where both variables have one value only: nothing is told then.
//
// A finite table tells more than there is: by about (a-1)(b-1)/2n nats for n rows in a by b bins that are used (Miller,
// 1955), before it is divided by the entropies.
func mutualInformation(table [][]float64) float64 {
	rows, columns, total := make([]float64, len(table)), make([]float64, len(table[0])), 0.
	for a := range table {
		for b, n := range table[a] {
			rows[a] += n
			columns[b] += n
			total += n
		}
	}
	if total == 0 {
		return math.NaN()
	}
	information := 0.
	for a := range table {
		for b, n := range table[a] {
			if n > 0 {
				information += n / total * math.Log(n*total/(rows[a]*columns[b]))
			}
		}
	}
	entropies := entropy(rows, total) + entropy(columns, total)
	if entropies == 0 {
		return 0
	}
	return max(2*information/entropies, 0) // rounding may leave it below 0
}

// entropy returns the entropy, in nats, of counts that sum to total.
func entropy(counts []float64, total float64) float64 {
	h := 0.
	for _, n := range counts {
		if n > 0 {
			h -= n / total * math.Log(n/total)
		}
	}
	return h
}

func pairMeasures() []measure {
	all := []measure{
		pairMeasure(pairsSame, "attributes of one flow"),
		pairMeasure(pairsLag, "of a flow and the flow before"),
	}
	for i := range pairAttributes {
		all = append(all, partnerMeasure(i))
	}
	return all
}

// partnerMeasure returns the mean absolute difference of what attribute i has to do with the others of its row and with
// all of the row before and the row after: where one attribute goes its own way, the means over all pairs hardly move.
func partnerMeasure(i int) measure {
	return measure{
		name: "pairs_" + pairAttributes[i].name, title: pairAttributes[i].title + " with others", differenceUnit: Number,
		tolerance: pairTolerance,
		distance: func(real, other *summary) float64 {
			total, n := 0., 0
			for _, name := range []string{pairsSame, pairsLag} {
				a, b := real.pairs.information(name), other.pairs.information(name)
				for j := range pairCount {
					differences := []float64{b[i][j] - a[i][j]}
					if name == pairsLag && j != i {
						differences = append(differences, b[j][i]-a[j][i])
					}
					for _, d := range differences {
						if !(name == pairsSame && j == i) && !math.IsNaN(d) {
							total += math.Abs(d)
							n++
						}
					}
				}
			}
			return total / float64(n)
		},
	}
}

// pairMeasure returns the measure of one matrix: its value is the mean of the matrix, its distance the mean absolute
// difference; of the matrix of one row each pair counts once.
func pairMeasure(name, title string) measure {
	mean := func(figure func(i, j int) float64) float64 {
		total, n := 0., 0
		for i := range pairCount {
			columns := pairCount
			if name == pairsSame {
				columns = i
			}
			for j := range columns {
				if x := figure(i, j); !math.IsNaN(x) {
					total += x
					n++
				}
			}
		}
		return total / float64(n)
	}
	return measure{
		name: "pairs_" + name, title: title, unit: Number, differenceUnit: Number, tolerance: pairTolerance,
		value: func(s *summary) float64 {
			matrix := s.pairs.information(name)
			return mean(func(i, j int) float64 { return matrix[i][j] })
		},
		distance: func(real, other *summary) float64 {
			a, b := real.pairs.information(name), other.pairs.information(name)
			return mean(func(i, j int) float64 { return math.Abs(b[i][j] - a[i][j]) })
		},
	}
}

// PairTable holds, for each two attributes, their normalised mutual information.
type PairTable struct {
	Name       string     `json:"name"`       // same: both of one row; lag: the first index of a row, the second of the row before
	Attributes []string   `json:"attributes"` // of rows and columns
	Real       [][]Figure `json:"real"`
	Synthetic  [][]Figure `json:"synthetic"`
}

func pairTables(real, synthetic *summary) []PairTable {
	var names []string
	for i := range pairAttributes {
		names = append(names, pairAttributes[i].name)
	}
	matrix := func(s *summary, name string) [][]Figure {
		var rows [][]Figure
		for _, row := range s.pairs.information(name) {
			rows = append(rows, figures(row))
		}
		return rows
	}
	var tables []PairTable
	for _, name := range []string{pairsSame, pairsLag} {
		tables = append(tables, PairTable{name, names, matrix(real, name), matrix(synthetic, name)})
	}
	return tables
}
