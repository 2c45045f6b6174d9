package evaluate

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The floor of exact_rows comes from real's hosts alone. Hosts that share many rows with training are few, and where real
// holds none, others that do lie beyond: how often that is, many deals of the hosts tell (-flows and -splits, as for
// TestCalibration).
func TestHowOftenOtherHostsShareMoreRows(t *testing.T) {
	hosts, internal := calibrationHosts(t)
	keys := make([][]uint64, len(hosts))
	for h, flows := range hosts {
		for i := range flows {
			var r row
			r.set(&flows[i], nil, internal)
			keys[h] = append(keys[h], streamKey(&r))
		}
	}
	m := &copiedMeasures()[0]
	splits := max(*calibrationSplits, 20)
	third := len(hosts) / 3
	verdicts := make(map[Verdict]int)
	var excesses []float64
	for split := range splits {
		order := rand.New(rand.NewPCG(uint64(split)+1000, 3)).Perm(len(hosts))
		train := make(map[uint64]bool)
		for _, h := range order[:third] {
			for _, key := range keys[h] {
				train[key] = true
			}
		}
		count := func(chosen []int) []*summary {
			groups := make([]*summary, len(chosen))
			for i, h := range chosen {
				groups[i] = new(summary)
				for _, key := range keys[h] {
					groups[i].copied.rows++
					if train[key] {
						groups[i].copied.copiedRows++
					}
				}
			}
			return groups
		}
		real, other := count(order[third:2*third]), count(order[2*third:])
		_, limit := floorOf(m, halves(real, DefaultDraws, uint64(split)))
		difference := m.distance(sum(real), sum(other))
		verdicts[judge(difference, limit, m.tolerance)]++
		excesses = append(excesses, difference/limit)
	}
	slices.Sort(excesses)
	t.Logf("%d deals: %v; the furthest %.2f limits", splits, verdicts, excesses[max(splits-5, 0):])
	if verdicts[Apart] > max(splits/50, 1) { // docs/calibration.md: none of 300
		t.Errorf("%d of %d deals apart, want at most one in fifty", verdicts[Apart], splits)
	}
}
