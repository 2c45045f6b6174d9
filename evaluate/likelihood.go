package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"

	"stan/dataset"
)

// Likelihood is a model that tells how likely flows are.
type Likelihood interface {
	// Attributes names the attributes that a row's likelihood is the product of, in the order of the report.
	Attributes() []string

	// Score returns the negative log-likelihood of one host's flows, given in stream order, in nats by attribute, summed over
	// so many rows: about limit of them, spread over the stream. first is the earliest end of a flow in the set, µs.
	Score(host []dataset.Flow, first int64, limit int) (nats []float64, rows int64, err error)
}

const (
	// scoredRows is the least number of rows of a host that are scored, where it has as many.
	scoredRows = 256

	// maxStream is where reading a host's flows for the likelihood stops.
	maxStream = 1 << 18
)

// hostScore is the likelihood of one host.
type hostScore struct {
	rows   int64     // of the host
	scored int64     // those scored
	nats   []float64 // by attribute, summed over scored rows
}

// modelScores are the hosts' likelihoods under the model, none without one.
type modelScores struct{ real, train []hostScore }

// perRow returns the host's nats a scored row.
func (s *hostScore) perRow() float64 {
	total := 0.
	for _, x := range s.nats {
		total += x
	}
	return total / float64(s.scored)
}

// score scores about o.Sample rows of the set, which it reads a second time: the same number of every host or, where
// that would be few, scoredRows of as many hosts as fit, chosen by the seed.
func (c *counts) score(o Options) ([]hostScore, error) {
	limit := max(o.Sample/len(c.hosts), scoredRows)
	hosts := make([]netip.Addr, 0, len(c.hosts))
	for host := range c.hosts {
		hosts = append(hosts, host)
	}
	slices.SortFunc(hosts, func(a, b netip.Addr) int {
		return cmp.Or(cmp.Compare(addrKey(a, o.Seed), addrKey(b, o.Seed)), a.Compare(b))
	})
	chosen := make(map[netip.Addr]bool)
	for _, host := range hosts[:min(max(o.Sample/limit, 1), len(hosts))] {
		chosen[host] = true
	}
	var scores []hostScore
	var flows []dataset.Flow
	end := func() error {
		if len(flows) == 0 {
			return nil
		}
		nats, scored, err := o.Likelihood.Score(flows, c.first, limit)
		if err != nil {
			return fmt.Errorf("evaluate: %s: host %v: likelihood: %w", c.set.Name, flows[0].Host, err)
		}
		scores = append(scores, hostScore{c.hosts[flows[0].Host], scored, nats})
		flows = flows[:0]
		return nil
	}
	for batch, err := range c.set.Flows {
		if err != nil {
			return nil, fmt.Errorf("evaluate: %s: %w", c.set.Name, err)
		}
		for i := range batch {
			f := &batch[i]
			if len(flows) > 0 && f.Host != flows[0].Host {
				if err := end(); err != nil {
					return nil, err
				}
			}
			if chosen[f.Host] && len(flows) < maxStream {
				flows = append(flows, *f)
			}
		}
	}
	return scores, end()
}

// addrKey orders addresses at random.
func addrKey(a netip.Addr, seed uint64) uint64 {
	b := a.As16()
	for i := 0; i < len(b); i += 4 {
		seed = mix(seed, uint64(b[i])<<24|uint64(b[i+1])<<16|uint64(b[i+2])<<8|uint64(b[i+3]))
	}
	return seed
}

// meanNLL returns the mean of part, in nats a row: hosts weigh by their rows.
func meanNLL(scores []hostScore, part func(*hostScore) float64) Figure {
	total, rows := 0., 0.
	for i := range scores {
		if s := &scores[i]; s.scored > 0 {
			total += float64(s.rows) * part(s)
			rows += float64(s.rows)
		}
	}
	return Figure(total / rows)
}

// likelihoodResults are the figures of a model itself, which nothing judges: how likely flows are of hosts that it has not
// seen, beside those of training hosts, where given.
func likelihoodResults(attributes []string, real, train []hostScore) []Result {
	nan := Figure(math.NaN())
	result := func(name, title string, part func(*hostScore) float64) Result {
		return Result{Name: name, Family: familyLikelihood, Title: title, Unit: Nats, Real: meanNLL(real, part), Synthetic: nan,
			OtherReal: meanNLL(train, part), DifferenceUnit: Nats, Difference: nan, Floor: Floor{nan, nan, nan, nan}, Limit: nan,
			Verdict: NotJudged}
	}
	var results []Result
	for i, name := range attributes {
		results = append(results, result(NLLPrefix+name, name, func(s *hostScore) float64 {
			return s.nats[i] / float64(s.scored)
		}))
	}
	return append(results, result(nllName, "all", (*hostScore).perRow))
}

const nllName = "nll"

// NLLPrefix begins the names of the measures of a model's attributes, which the model names.
const NLLPrefix = nllName + "_"
