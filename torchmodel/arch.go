package torchmodel

import (
	"context"
	"fmt"
	"strings"

	torch "github.com/wangkuiyi/gotorch"

	"stan/torchmodel/paper"
)

// The architectures that are known by name elsewhere.
const (
	ArchStan        = "stan"
	ArchIndependent = "independent"
)

// architecture is one way to learn, as --arch names it: what it makes of flows, what it makes of tables. Training, loading,
// generating and the command's help read the one list of them, architectures.
type architecture struct {
	name, about string
	flows       *flowArch  // nil where it does not learn flows
	table       *tableArch // nil where it does not learn tables
}

// flowArch is an architecture's road from flows to flows.
type flowArch struct {
	// train learns and writes the model folder dir. base is the independent baseline, counted already.
	train func(ctx context.Context, s *sets, base *independent, dir string, o TrainOptions, obs Observer) (*Model, error)
	// check tells whether a model's arrays, of so many numbers in all, are those of its manifest.
	check func(m *Model, numbers int64) error
	// work draws hosts until none is left.
	work func(g *generation) func(context.Context) error
	// scorer makes what tells how likely flows are under a model, nil where nothing does.
	scorer func(m *Model, device torch.Device) (Scorer, error)
	// parallel tells whether several workers on the CPU make it faster.
	parallel bool
}

// tableArch is an architecture's road from a table to a table.
type tableArch struct {
	// train learns and writes the model folder dir.
	train func(ctx context.Context, s *tableSets, dir string, o TrainOptions, obs Observer) (*Model, error)
	// open makes what draws of a model's manifest and arrays, and refuses arrays that are not those of the manifest. Nothing
	// is made in the size that the manifest claims before the arrays have as many numbers.
	open func(m *Model, device torch.Device) (tableModel, error)
}

// architectures lists them all, the default first.
func architectures() []architecture {
	return []architecture{
		{name: ArchStan, about: "the network",
			flows: &flowArch{train: trainNetwork, check: (*Model).checkNetwork, scorer: newNetworkScorer, parallel: true,
				work: func(g *generation) func(context.Context) error { return g.networkWorker }},
			table: &tableArch{train: trainTableNetwork, open: openTableNetwork}},
		{name: ArchIndependent, about: "the baseline that draws every attribute by itself",
			flows: &flowArch{train: trainIndependent, check: (*Model).checkIndependent, scorer: newIndependentScorer,
				work: func(g *generation) func(context.Context) error { return g.independentWorker }},
			table: &tableArch{train: trainMarginals, open: openMarginals}},
		paperNetworks(paper.Full).architecture(ArchPaper, "the paper's, a convolutional network an attribute"),
		paperNetworks(paper.Small).architecture(ArchPaperSmall, "the paper's without convolutions"),
		paperChain.architecture(ArchChain, "a Bayesian chain of counts"),
		paperGAN.architecture(ArchWPGAN, "a Wasserstein GAN with gradient penalty on rows"),
	}
}

// findArch looks an architecture up.
func findArch(name string) (architecture, error) {
	var names []string
	for _, a := range architectures() {
		if a.name == name {
			return a, nil
		}
		names = append(names, a.name)
	}
	return architecture{}, fmt.Errorf("arch %q, want %s", name, strings.Join(names, ", "))
}

// ArchUsage explains the architectures in one line, for the command's help.
func ArchUsage() string {
	var names, lines []string
	for _, a := range architectures() {
		names = append(names, a.name)
		lines = append(lines, a.name+" is "+a.about)
	}
	return "`" + strings.Join(names, "|") + "`: " + strings.Join(lines, "; ")
}
