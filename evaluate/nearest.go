package evaluate

import (
	"math"
	"math/rand/v2"
)

const (
	// neighbourRows is the number of rows of a set that nearest neighbours are looked for among.
	neighbourRows = 20_000

	// queries is the number of rows whose neighbours are looked for.
	queries = 1000
)

// nearestAttack asks of synthetic rows whether the nearest row is a training row or another real row, among as many rows of
// each host. A side counts as much less as it has more hosts, so that a half means no leak. The interval is over synthetic
// hosts.
var nearestAttack = attack{name: "nearest_is_train", title: "nearer to a training flow", unit: Share,
	tolerance: leakTolerance,
	run: func(train, others, synthetic points, random *rand.Rand) estimate {
		trainHosts, otherHosts := float64(len(train.hosts())), float64(len(others.hosts()))
		if min(trainHosts, otherHosts) == 0 {
			return unknown
		}
		perHost := max(neighbourRows/max(len(train.hosts()), len(others.hosts())), 1)
		toTrain := newNeighbours(train.even(perHost * len(train.hosts())))
		toOthers := newNeighbours(others.even(perHost * len(others.hosts())))
		hosts := scoresByHost(synthetic.even(queries), func(p *point) float64 {
			a, b := toTrain.distance(p, noHost), toOthers.distance(p, noHost)
			switch {
			case a < b:
				return 1
			case a > b:
				return 0
			default:
				return 0.5
			}
		})
		return bootstrap(len(hosts), 0, random, func(weight, _ []float64) float64 {
			share := weightedMean(hosts, weight)
			return share / trainHosts / (share/trainHosts + (1-share)/otherHosts)
		})
	},
}

// weightedMean returns the mean of all values, each weighing as much as its host.
func weightedMean(hosts [][]float64, weight []float64) float64 {
	sum, n := 0., 0.
	for i, values := range hosts {
		for _, x := range values {
			sum += weight[i] * x
		}
		n += weight[i] * float64(len(values))
	}
	return sum / n
}

// densityAttack asks of real rows whether they were trained on: those that lie in denser parts of the synthetic set than of
// other real rows (DOMIAS: van Breugel et al., AISTATS 2023; density by the distance of the nearest neighbour). The figure
// is the AUC of training rows against other real rows. Neighbours of an other row are looked for among other hosts than its
// own; those of a training row leave out a host too, at random.
var densityAttack = attack{name: "membership_density_auc", title: "training flows told by density", unit: AUC,
	tolerance: leakTolerance, membership: true,
	run: func(train, others, synthetic points, random *rand.Rand) estimate {
		const least = 0.01 // of distances, which are sums over 11 attributes
		hosts := others.hosts()
		if len(hosts) < 2 {
			return unknown
		}
		inSynthetic, inOthers := newNeighbours(synthetic.even(neighbourRows)), newNeighbours(others.even(neighbourRows))
		score := func(p *point, leaveOut int32) float64 {
			return math.Log(inOthers.distance(p, leaveOut)+least) - math.Log(inSynthetic.distance(p, noHost)+least)
		}
		r := rankHosts(
			scoresByHost(train.even(queries), func(p *point) float64 { return score(p, hosts[random.IntN(len(hosts))][0].host) }),
			scoresByHost(others.even(queries), func(p *point) float64 { return score(p, p.host) }))
		return bootstrap(r.members, r.others, random, r.auc)
	},
}
