package torchmodel

import (
	"context"
	"fmt"
	"math/rand/v2"

	"stan/dataset/table"
)

// tableModel is a trained model of a table's rows. Its columns are those of the manifest's table schema, in their order;
// where the time between rows varies, the first of them is the gap, so that no architecture treats time apart.
type tableModel interface {
	// sample draws the entities first, first+1 ... of so many rows each: t.Values, one entity after the other. They depend
	// on the seed and the entity's number alone, whoever asks for how many at once.
	sample(ctx context.Context, seed uint64, first int, rows []int) ([]float64, error)
	// nll is the negative log-likelihood of a table's rows by column, in nats a row; nil where there is none.
	nll(ctx context.Context, t *table.Table) (map[string]float64, error)
	free()
}

// tableSets are what a training on tables reads: the schema fitted to train, and both with the gap as the schema says.
type tableSets struct {
	schema       *TableSchema
	train, valid *table.Table
	about        Training
}

// TrainTable learns a model from a table and writes it to the folder dir. valid may be nil: then some entities of train are
// held out. A process trains one model at a time: libtorch draws from one random state.
func TrainTable(ctx context.Context, train, valid *table.Table, dir string, o TrainOptions, obs Observer) (*Model, error) {
	return training(dir, o, obs, func(a architecture) (*Training, func() (*Model, error), error) {
		if a.table == nil {
			return nil, nil, fmt.Errorf("%w: arch %s learns flows only", ErrConfig, o.Arch)
		}
		if o.Config.Without != (Without{}) {
			return nil, nil, fmt.Errorf("%w: without %v, want flows to learn from, got a table", ErrConfig, o.Config.Without)
		}
		s, err := splitTable(train, valid, o, obs)
		if err != nil {
			return nil, nil, err
		}
		s.about.BaselineNLL = countMarginals(s).nllOf(s.valid)
		err = s.about.identify(o, struct {
			Schema       *TableSchema
			Training     Training
			Train, Valid uint64
		}{s.schema, s.about, tableSum(s.train), tableSum(s.valid)})
		return &s.about, func() (*Model, error) { return a.table.train(ctx, s, dir, o, obs) }, err
	})
}

// splitTable fits the schema to the entities that are learned from.
func splitTable(train, valid *table.Table, o TrainOptions, obs Observer) (*tableSets, error) {
	for _, t := range []*table.Table{train, valid} {
		if t == nil {
			continue
		}
		if err := t.Validate(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrData, err)
		}
		if t.Rows() == 0 {
			return nil, fmt.Errorf("%w: no rows to train on", ErrData)
		}
		if !t.Schema().Equal(train.Schema()) {
			return nil, fmt.Errorf("%w: validation table of columns %v, want %v as in the training table", ErrData, t.Schema().Names(),
				train.Schema().Names())
		}
	}
	entities := len(train.Entities)
	s := &tableSets{about: Training{Seed: o.Seed, Flows: int64(train.Rows()), Hosts: entities, First: train.Times[0]}}
	for e := range entities {
		if train.Starts[e] < train.Rows() {
			s.about.First = min(s.about.First, train.Times[train.Starts[e]])
		}
	}
	switch {
	case valid != nil:
	case entities < 4:
		obs.Note("too few entities to hold one out: validation uses the training rows", "entities", entities)
		valid = train
	default:
		out := make([]bool, entities)
		r := rand.New(rand.NewPCG(uint64(o.Seed), 2))
		for _, e := range r.Perm(entities)[:max(1, entities/8)] {
			out[e] = true
		}
		train, valid = train.Select(func(e int) bool { return !out[e] }), train.Select(func(e int) bool { return out[e] })
	}
	var err error
	if s.schema, err = fitTable(train, o.MinHosts); err != nil {
		return nil, err
	}
	s.train, s.valid = s.schema.withGaps(train), s.schema.withGaps(valid)
	return s, nil
}
