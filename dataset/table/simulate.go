package table

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// The paper's simulated data: x_t = 0.9 x_{t-1} + 0.1 e, y_t = 0.9 x_t + 0.1 e, each e standard normal and on its own.
const (
	SimulatedCoefficient = 0.9
	SimulatedNoise       = 0.1
)

// SimulatedRows is the length of a simulated series; the last one may be shorter. A row comes a second after the one before.
const SimulatedRows = 1000

// Simulate makes so many rows of the paper's simulated data, in series that know nothing of each other and each begin from
// the process's own distribution, so that no row differs from another. A series depends on the seed and its number alone.
func Simulate(rows int, seed uint64) *Table {
	t := New(Schema{Entity: "series", Time: "time", Columns: []Column{{Name: "x"}, {Name: "y"}}})
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	for series := 0; series*SimulatedRows < rows; series++ {
		r := rand.New(rand.NewPCG(seed, uint64(series)))
		x := r.NormFloat64() * SimulatedNoise / math.Sqrt(1-SimulatedCoefficient*SimulatedCoefficient)
		var times []int64
		var values []float64
		for i := range min(SimulatedRows, rows-series*SimulatedRows) {
			if i > 0 {
				x = SimulatedCoefficient*x + SimulatedNoise*r.NormFloat64()
			}
			times = append(times, start+int64(i)*1e6)
			values = append(values, x, SimulatedCoefficient*x+SimulatedNoise*r.NormFloat64())
		}
		t.Append(fmt.Sprintf("series-%06d", series+1), times, values)
	}
	return t
}
