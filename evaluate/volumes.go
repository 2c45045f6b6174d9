package evaluate

import (
	"maps"
	"math"
	"slices"
)

// maxVolumes is the number of remote addresses whose volume is held of a group of hosts, or of a sum of groups.
const maxVolumes = 1 << 14

// volumeTally holds the bytes exchanged with each remote address: of all of them, or of those whose hashes are small, so
// few that memory stays bounded. Which those are does not depend on the order of the rows.
type volumeTally struct {
	bytes  map[uint64]uint64 // by hash of the address
	shrunk int               // how often the range of hashes was halved
}

// below returns the greatest hash held.
func (t *volumeTally) below() uint64 { return math.MaxUint64 >> t.shrunk }

func (t *volumeTally) count(hash, bytes uint64) {
	if hash > t.below() {
		return
	}
	if t.bytes == nil {
		t.bytes = make(map[uint64]uint64)
	}
	t.bytes[hash] += bytes
	for len(t.bytes) > maxVolumes {
		t.shrink(t.shrunk + 1)
	}
}

// shrink halves the range of hashes until it has been halved as often as that.
func (t *volumeTally) shrink(times int) {
	if times <= t.shrunk {
		return
	}
	t.shrunk = times
	below := t.below()
	maps.DeleteFunc(t.bytes, func(hash, _ uint64) bool { return hash > below })
}

func (t *volumeTally) add(other *volumeTally) {
	t.shrink(other.shrunk)
	for hash, bytes := range other.bytes {
		t.count(hash, bytes)
	}
}

// exponent returns the exponent a of the power law p(v) ~ v^-a that the volumes of the largest tenth of the addresses
// follow: Hill's estimator (Ann. Stat. 3, 1975), which is the maximum likelihood one (Clauset, Shalizi and Newman, SIAM
// Review 51, 2009, equation 3.1) with the least volume of the tail given. It is NaN for fewer than 100 addresses.
func (t *volumeTally) exponent() float64 {
	if len(t.bytes) < 100 {
		return math.NaN()
	}
	volumes := slices.Sorted(maps.Values(t.bytes))
	tail := volumes[len(volumes)-len(volumes)/10:]
	least := float64(volumes[len(volumes)-len(tail)-1])
	logs := 0.
	for _, v := range tail {
		logs += math.Log(float64(v) / least)
	}
	if !(logs > 0) || math.IsInf(logs, 0) {
		return math.NaN()
	}
	return 1 + float64(len(tail))/logs
}

func volumeMeasure() measure {
	value := func(s *summary) float64 { return s.volumes.exponent() }
	return measure{name: "volume_exponent", title: "power law exponent, bytes a remote", unit: Number, value: value,
		differenceUnit: Number, distance: absDistance(value), tolerance: numberTolerance}
}

// unseen returns the share of t's addresses that train has not met, NaN without addresses.
func (t *volumeTally) unseen(train *volumeTally) float64 {
	below := min(t.below(), train.below())
	var unseen, all int64
	for hash := range t.bytes {
		if hash > below {
			continue
		}
		all++
		if _, seen := train.bytes[hash]; !seen {
			unseen++
		}
	}
	return ratio(unseen, all)
}

// unseenMeasure compares how many new addresses the hosts meet.
func unseenMeasure(train *volumeTally) measure {
	value := func(s *summary) float64 { return s.volumes.unseen(train) }
	return measure{name: "unseen_remotes", title: "remote addresses unseen in training", unit: Share, value: value,
		differenceUnit: Share, distance: absDistance(value), tolerance: spreadTolerance, halvesOnly: true}
}
