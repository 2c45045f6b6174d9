package torchmodel

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"runtime"

	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset"
	"stan/dataset/encode"
	"stan/dataset/sweeps"
)

// Train learns a model from train and writes it to the folder dir. valid may be nil: then some hosts of train are held out.
// A process trains one model at a time: libtorch draws from one random state.
func Train(ctx context.Context, train, valid Flows, dir string, o TrainOptions, obs Observer) (*Model, error) {
	return training(dir, o, obs, func(a architecture) (*Training, func() (*Model, error), error) {
		switch {
		case a.flows == nil:
			return nil, nil, fmt.Errorf("%w: arch %s learns tables only", ErrConfig, o.Arch)
		case len(o.Internal) == 0:
			return nil, nil, fmt.Errorf("%w: no internal network, want those of the hosts", ErrConfig)
		case train.Flows() == 0:
			return nil, nil, fmt.Errorf("%w: no flows to train on", ErrData)
		}
		rows, hosts := train.Flows(), train.Hosts()
		if valid != nil {
			rows, hosts = rows+valid.Flows(), hosts+valid.Hosts()
		}
		if err := (room{o.Memory, dir}).checkSpace(rows, hosts); err != nil {
			return nil, nil, err
		}
		sets, err := splitSets(ctx, train, valid, o, obs)
		if err != nil {
			return nil, nil, err
		}
		base, err := countIndependent(sets)
		if err != nil {
			return nil, nil, err
		}
		baseline, err := base.evaluate(sets.valid(), sets.about.First)
		if err != nil {
			return nil, nil, err
		}
		sets.about.BaselineNLL = baseline.heads
		err = sets.about.identify(o, struct {
			Vocabulary   *encode.Vocabulary
			Sweeps       *sweeps.List
			Training     Training
			Train, Valid rowSum
		}{sets.vocabulary, sets.sweeps, sets.about, base.sum, baseline.sum})
		return &sets.about, func() (*Model, error) { return a.flows.train(ctx, sets, base, dir, o, obs) }, err
	})
}

// training is what all trainings have around them: the claim on the folder dir, and a thread of their own. prepare reads the
// data and says what they are; the learn that it returns learns and writes the model. A model that stands in the folder goes only
// after prepare found the data good; one that learn would write again stays if o says to resume.
func training(dir string, o TrainOptions, obs Observer,
	prepare func(architecture) (about *Training, learn func() (*Model, error), err error)) (m *Model, err error) {
	defer func() {
		if err != nil {
			m, err = nil, fmt.Errorf("train: %w", err)
		}
	}()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	arch, err := findArch(o.Arch)
	if err != nil {
		return nil, err
	}
	release, err := claimFolder(dir, o.Resume, o.Force)
	if err != nil {
		return nil, err
	}
	defer release()
	// Grad mode and the random state belong to an OS thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	torch.SetNumThreads(int32(o.threads()))
	about, learn, err := prepare(arch)
	if err != nil {
		return nil, err
	}
	if o.Resume {
		if m, err := finished(dir, about, obs); m != nil || err != nil {
			return m, err
		}
	}
	if o.Force {
		if err := clearFolder(dir); err != nil {
			return nil, err
		}
	}
	if e := torch.Try(func() { m, err = learn() }); e != nil {
		err = e
	}
	return m, err
}

// sets are what a training reads, and what all of it starts from.
type sets struct {
	train, valid func() iter.Seq2[[]dataset.Flow, error] // without what is swept
	sweeps       *sweeps.List                            // nil if there are none
	vocabulary   *encode.Vocabulary
	about        Training
}

func splitSets(ctx context.Context, train, valid Flows, o TrainOptions, obs Observer) (*sets, error) {
	first, _ := train.Span()
	s := &sets{about: Training{Seed: o.Seed, Flows: train.Flows(), Hosts: train.Hosts(), First: first}}
	s.train = func() iter.Seq2[[]dataset.Flow, error] { return train.Batches(ctx) }
	hosts := train.Hosts()
	switch {
	case valid != nil:
		s.valid = func() iter.Seq2[[]dataset.Flow, error] { return valid.Batches(ctx) }
	case hosts < 4:
		obs.Note("too few hosts to hold one out: validation uses the training flows", "hosts", hosts)
		s.valid = s.train
	default:
		out, err := heldOut(train.Batches(ctx), o.Seed)
		if err != nil {
			return nil, err
		}
		hosts -= len(out)
		s.train = func() iter.Seq2[[]dataset.Flow, error] {
			return selected(train.Batches(ctx), func(a netip.Addr) bool { return !out[a] })
		}
		s.valid = func() iter.Seq2[[]dataset.Flow, error] {
			return selected(train.Batches(ctx), func(a netip.Addr) bool { return out[a] })
		}
	}
	if hosts < o.MinHosts {
		return nil, fmt.Errorf("%w: %d hosts to learn from, want the %d of min-hosts: every value that a model stores was seen at so many",
			ErrData, hosts, o.MinHosts)
	}
	if hosts < hostsPerKind {
		obs.Note("few hosts to learn from: generated ones will be much like them", "hosts", hosts, "want", hostsPerKind)
	}
	if err := s.takeSweeps(o, obs); err != nil {
		return nil, err
	}
	var err error
	s.vocabulary, err = encode.Fit(s.train(), encode.FitOptions{
		MinHosts: o.MinHosts, Internal: o.Internal, First: first, NoAtoms: o.Config.Without.Atoms, Note: obs.Note,
	})
	return s, err
}

// takeSweeps takes the flows of sweeps out of both sets, where the architecture draws them by themselves.
func (s *sets) takeSweeps(o TrainOptions, obs Observer) (err error) {
	if o.Arch != ArchStan || o.Config.Without.Sweeps {
		return nil
	}
	s.sweeps, err = sweeps.Find(s.train, sweeps.Options{MinHosts: o.MinHosts, Internal: o.Internal})
	if s.sweeps == nil || err != nil {
		return err
	}
	obs.Note("flows of sweeps, which many hosts have at once, are drawn by themselves", "events", len(s.sweeps.Events),
		"days", len(s.sweeps.Days))
	train, valid := s.train, s.valid
	s.train = func() iter.Seq2[[]dataset.Flow, error] { return s.sweeps.Others(train()) }
	s.valid = func() iter.Seq2[[]dataset.Flow, error] { return s.sweeps.Others(valid()) }
	return nil
}
