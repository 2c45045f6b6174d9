// Package evaluate judges synthetic flows against real ones.
//
// A figure alone tells nothing: two groups of real hosts differ too. So every measure is taken between the real and the
// synthetic set and, many times, between the real set and other real hosts; the second gives the floor that the first is
// held against. One pass over a set counts everything for up to 64 groups of its hosts, and any choice of hosts is
// the sum of their groups' counts: a floor of any number of draws costs no second pass.
package evaluate

import (
	"fmt"
	"iter"
	"net/netip"

	"stan/dataset"
)

// Set is one set of flows.
type Set struct {
	Name     string // as the report and errors call it, such as "real"
	Place    string // where it was read from, for the report; may be empty
	Flows    iter.Seq2[[]dataset.Flow, error]
	Internal []netip.Prefix // the internal networks; measures that need them are left out when there are none
}

// Options tune a comparison; the zero value is usable.
type Options struct {
	Seed     uint64                       // chooses the draws of hosts behind the floor
	Draws    int                          // number of draws behind the floor; 0 stands for DefaultDraws
	Sample   int                          // rows of each set that measures of rows work on; 0 stands for DefaultSample
	Progress func(set string, rows int64) // called after each batch with the rows read of that set; may be nil
}

// DefaultDraws is enough for a standard deviation known to about a sixth of itself (1/sqrt(2*20)).
const DefaultDraws = 20

// DefaultSample is the number of rows of each set that discriminators, task models and privacy attacks work on.
const DefaultSample = 100_000

// Compare measures synthetic against real. With train, the real flows that the generator learnt from, the floor is real
// against draws of train's hosts, and copies of training rows are looked for; without it (nil), the floor is one half of
// real's hosts against the other.
//
// Each set is read once, in memory that grows by about 150 bytes a host and with o.Sample, and does not grow with its rows.
// Equal sets and options give equal reports.
func Compare(real, synthetic Set, train *Set, o Options) (*Report, error) {
	if o.Draws < 0 {
		return nil, fmt.Errorf("evaluate: draws %d, want 1 or more: %w", o.Draws, ErrOptions)
	}
	if o.Draws == 0 {
		o.Draws = DefaultDraws
	}
	if o.Sample < 0 {
		return nil, fmt.Errorf("evaluate: sample of %d rows, want 1 or more: %w", o.Sample, ErrOptions)
	}
	if o.Sample == 0 {
		o.Sample = DefaultSample
	}
	var trained *counts
	var keys *keySet
	if train != nil {
		collector := newKeyCollector()
		var err error
		if trained, err = count(*train, nil, collector.row, o); err != nil {
			return nil, err
		}
		keys = collector.finish()
	}
	realCounts, err := count(real, keys, nil, o)
	if err != nil {
		return nil, err
	}
	syntheticCounts, err := count(synthetic, keys, nil, o)
	if err != nil {
		return nil, err
	}
	values := commonest(realCounts.groups)
	for _, c := range []*counts{realCounts, syntheticCounts, trained} {
		if c != nil {
			c.settle(values)
		}
	}
	return newReport(realCounts, syntheticCounts, trained, o), nil
}
