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
	Name     string                           // as the report and errors call it, such as "real"
	Place    string                           // where it was read from, for the report; may be empty
	Flows    iter.Seq2[[]dataset.Flow, error] // may be read more than once
	Internal []netip.Prefix                   // the internal networks; measures that need them are left out when there are none
}

// Options tune a comparison; the zero value is usable.
type Options struct {
	Seed            uint64                       // chooses the draws of hosts behind the floor
	Draws           int                          // number of draws behind the floor; 0 stands for DefaultDraws
	Sample          int                          // rows of each set that measures of rows work on; 0 stands for DefaultSample
	ShowReal        bool                         // put some real rows into the report
	Likelihood      Likelihood                   // model whose likelihood of real and training flows is reported; nil for none
	TableLikelihood TableLikelihood              // the same of tables
	Progress        func(set string, rows int64) // called after each batch with the rows read of that set; may be nil
}

// DefaultDraws is enough for a standard deviation known to about a sixth of itself (1/sqrt(2*20)).
const DefaultDraws = 20

// DefaultSample is the number of rows of each set that discriminators, task models and privacy attacks work on.
const DefaultSample = 100_000

// Compare measures synthetic against real. With train, the real flows that the generator learnt from, the floor is real
// against draws of train's hosts, and copies of training rows are looked for; without it (nil), the floor is one half of
// real's hosts against the other.
//
// Each set is read once, real and train once more with a Likelihood, in memory that grows by about 150 bytes a host and with
// o.Sample, and does not grow with its rows.
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
	b, err := newBaseline(real, train, o)
	if err != nil {
		return nil, err
	}
	return b.compare(synthetic)
}

// baseline is what synthetic sets are compared with.
type baseline struct {
	real, train *counts    // train is nil without a training set
	known       *trainRows // its rows
	values      [][]uint64
	scores      modelScores
	options     Options
}

func newBaseline(real Set, train *Set, o Options) (*baseline, error) {
	b := &baseline{options: o}
	var err error
	if train != nil {
		keys, streams := newKeyCollector(), newStreamCollector()
		collect := func(r *row) {
			keys.row(r)
			streams.row(r)
		}
		if b.train, err = count(*train, nil, collect, o); err != nil {
			return nil, err
		}
		b.known = &trainRows{keys.finish(), streams.finish()}
	}
	if b.real, err = count(real, b.known, nil, o); err != nil {
		return nil, err
	}
	b.values = commonest(b.real.groups)
	b.real.settle(b.values)
	if train != nil {
		b.train.settle(b.values)
	}
	if o.Likelihood == nil {
		return b, nil
	}
	if b.scores.real, err = b.real.score(o); err != nil {
		return nil, err
	}
	if train != nil {
		b.scores.train, err = b.train.score(o)
	}
	return b, err
}

func (b *baseline) compare(synthetic Set) (*Report, error) {
	c, err := count(synthetic, b.known, nil, b.options)
	if err != nil {
		return nil, err
	}
	c.settle(b.values)
	report := newReport(b.real, c, b.train, b.scores, b.options)
	if b.known != nil && !b.known.streams.complete {
		report.Notes = append(report.Notes, fmt.Sprintf("exact_rows, copied_pairs and copied_run look for rows of train's first %s "+
			"flows only", thousands(int64(len(b.known.streams.order)))))
	}
	return report, nil
}
