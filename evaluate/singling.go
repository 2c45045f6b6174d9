package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// singlingAttack guesses predicates that one training row alone fulfils: those that one synthetic row alone fulfils. The
// figure is the share of guesses that do, beyond what the same guesses single out among as many other real rows, of what is left
// (Anonymeter: Giomi et al., PETS 2023, its univariate and multivariate attacks, as many guesses of each). The interval
// comes of Wilson's (1927) for both shares.
var singlingAttack = attack{name: "singling_out", title: "training flows singled out", unit: Share,
	tolerance: leakTolerance,
	run: func(train, others, synthetic points, random *rand.Rand) estimate {
		n := min(len(train), len(others), len(synthetic))
		if n < 2 {
			return unknown
		}
		target, control := singledOf(train.some(n)), singledOf(others.some(n))
		source := singledOf(synthetic.some(n))
		guesses := append(source.uniqueValues(singlingGuesses, random), source.uniqueRows(singlingGuesses, random)...)
		hits, controlHits := 0, 0
		for _, g := range guesses {
			if target.alone(g) {
				hits++
			}
			if control.alone(g) {
				controlHits++
			}
		}
		return risk(wilson(hits, len(guesses)), wilson(controlHits, len(guesses)))
	},
}

const (
	singlingGuesses = 500 // of each kind
	singlingColumns = 4   // attributes of a multivariate predicate
	singlingTries   = 20  // predicates tried for each guess
)

// A singled row has its ordered attributes first: gap and duration in ms, packets, bytes; then those that are equal or
// not: direction, protocol, flags, type of service, ports, address.
const (
	orderedColumns = 4
	singledColumns = pointAttributes
)

type singledRow [singledColumns]uint64

type singledRows []singledRow

func singledOf(points points) singledRows {
	rows := make(singledRows, len(points))
	for i, p := range points {
		r := &p.row.row
		rows[i] = singledRow{millis(max(r.gap, 0)), millis(r.End - r.Start), r.Packets, r.Bytes,
			uint64(direction(r)), uint64(r.Proto), uint64(r.TCPFlags), uint64(r.ToS),
			uint64(r.localPort), uint64(r.remotePort), mix(p.addr[0], p.addr[1])}
	}
	return rows
}

// predicate holds the conditions of a guess: that the value of a column is one, at least one or at most one.
type predicate []condition

type condition struct {
	column int
	op     int // 0: equal, 1: at least, -1: at most
	value  uint64
}

func (p predicate) holds(r *singledRow) bool {
	for _, c := range p {
		x := r[c.column]
		if c.op == 0 && x != c.value || c.op > 0 && x < c.value || c.op < 0 && x > c.value {
			return false
		}
	}
	return true
}

// alone reports whether one row fulfils p.
func (rows singledRows) alone(p predicate) bool {
	n := 0
	for i := range rows {
		if p.holds(&rows[i]) {
			if n++; n > 1 {
				return false
			}
		}
	}
	return n == 1
}

// uniqueValues guesses by one attribute: a value that one row alone has, above all the others or below them all.
func (rows singledRows) uniqueValues(n int, random *rand.Rand) []predicate {
	var all []predicate
	for column := range singledColumns {
		values := make([]uint64, len(rows))
		for i := range rows {
			values[i] = rows[i][column]
		}
		slices.Sort(values)
		last := len(values) - 1
		for i, x := range values {
			if (i == 0 || values[i-1] != x) && (i == last || values[i+1] != x) {
				all = append(all, predicate{{column, 0, x}})
			}
		}
		if column < orderedColumns {
			all = append(all, predicate{{column, -1, values[0]}}, predicate{{column, 1, values[last]}})
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(n, len(all))]
}

// uniqueRows guesses by some attributes of one row that no other row shares: an ordered one is at least the row's where
// that lies above the median, else at most.
func (rows singledRows) uniqueRows(n int, random *rand.Rand) []predicate {
	var median [orderedColumns]uint64
	for column := range median {
		values := make([]uint64, len(rows))
		for i := range rows {
			values[i] = rows[i][column]
		}
		slices.Sort(values)
		median[column] = values[len(values)/2]
	}
	var all []predicate
	for range n * singlingTries {
		r := &rows[random.IntN(len(rows))]
		var p predicate
		for _, column := range random.Perm(singledColumns)[:singlingColumns] {
			c := condition{column: column, value: r[column]}
			if column < orderedColumns {
				c.op = -1
				if r[column] > median[column] {
					c.op = 1
				}
			}
			p = append(p, c)
		}
		if rows.alone(p) {
			if all = append(all, p); len(all) == n {
				break
			}
		}
	}
	return all
}

// rate is a share and half the width of its interval.
type rate struct{ value, half float64 }

// wilson returns the centre of Wilson's interval of 95 % for hits of n.
func wilson(hits, n int) rate {
	z := distuv.UnitNormal.Quantile(0.975)
	k, m := float64(hits), float64(n)
	return rate{(k + z*z/2) / (m + z*z), z / (m + z*z) * math.Sqrt(k*(m-k)/m+z*z/4)}
}

// risk returns how much more often an attack succeeds than its control, of what the control leaves; 0 where it does not.
func risk(attack, control rate) estimate {
	left := 1 - control.value
	value := (attack.value - control.value) / left
	half := math.Hypot(attack.half/left, control.half*(1-attack.value)/(left*left))
	clip := func(x float64) float64 { return min(max(x, 0), 1) }
	return estimate{clip(value), clip(value - half), clip(value + half)}
}
