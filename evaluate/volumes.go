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
	of     map[uint64]volume // by hash of the address
	shrunk int               // how often the range of hashes was halved
}

// volume is what was exchanged with a remote address.
type volume struct {
	bytes uint64
	hosts uint32 // that met it
}

// below returns the greatest hash held.
func (t *volumeTally) below() uint64 { return math.MaxUint64 >> t.shrunk }

func (t *volumeTally) count(hash uint64, v volume) {
	if hash > t.below() {
		return
	}
	if t.of == nil {
		t.of = make(map[uint64]volume)
	}
	sum := t.of[hash]
	t.of[hash] = volume{sum.bytes + v.bytes, sum.hosts + v.hosts}
	for len(t.of) > maxVolumes {
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
	maps.DeleteFunc(t.of, func(hash uint64, _ volume) bool { return hash > below })
}

func (t *volumeTally) add(other *volumeTally) {
	t.shrink(other.shrunk)
	for hash, v := range other.of {
		t.count(hash, v)
	}
}

// exponent returns the exponent a of the power law p(v) ~ v^-a that the volumes of the largest tenth of the addresses
// follow: Hill's estimator (Ann. Stat. 3, 1975), which is the maximum likelihood one (Clauset, Shalizi and Newman, SIAM
// Review 51, 2009, equation 3.1) with the least volume of the tail given. It is NaN for fewer than 100 addresses.
func (t *volumeTally) exponent() float64 {
	if len(t.of) < 100 {
		return math.NaN()
	}
	volumes := make([]uint64, 0, len(t.of))
	for _, v := range t.of {
		volumes = append(volumes, v.bytes)
	}
	slices.Sort(volumes)
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

// unseen returns the share of the addresses that the hosts of t meet, each host by itself, that train has not met; NaN
// without addresses. Of the addresses of all hosts together more are unseen the more hosts there are: those that everybody
// meets are fewer among them.
func (t *volumeTally) unseen(train *volumeTally) float64 {
	below := min(t.below(), train.below())
	var unseen, all int64
	for hash, v := range t.of {
		if hash > below {
			continue
		}
		all += int64(v.hosts)
		if _, seen := train.of[hash]; !seen {
			unseen += int64(v.hosts)
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
