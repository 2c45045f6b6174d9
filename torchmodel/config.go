package torchmodel

import "fmt"

// Config is the shape of the stan network. It is part of every model file.
type Config struct {
	Width    int     `json:"width" yaml:"width"`       // channels of the row embedding and the trunk
	Hidden   int     `json:"hidden" yaml:"hidden"`     // channels of the state that the heads read and extend
	Layers   int     `json:"layers" yaml:"layers"`     // of the trunk, with dilation 1, 2, 4 ...: 2^Layers rows are seen
	Key      int     `json:"key" yaml:"key"`           // channels that score a candidate
	Value    int     `json:"value" yaml:"value"`       // channels that a chosen candidate hands to the heads
	Plan     int     `json:"plan" yaml:"plan"`         // channels of the host's plan
	Place    int     `json:"place" yaml:"place"`       // channels before the classes of remote addresses
	Mixtures int     `json:"mixtures" yaml:"mixtures"` // Gaussians of a continuous attribute
	Dropout  float64 `json:"dropout" yaml:"dropout"`
	Without  Without `json:"without,omitzero" yaml:"without"` // of a network on flows
}

// DefaultConfig is the network that the README's figures speak of.
func DefaultConfig() Config {
	return Config{Width: 96, Hidden: 128, Layers: 6, Key: 32, Value: 64, Plan: 96, Place: 64, Mixtures: 10, Dropout: 0.1}
}

// ReceptiveField is the number of earlier rows that the trunk sees.
func (c Config) ReceptiveField() int { return 1 << c.Layers }

// Validate tells the first field that is out of range.
func (c Config) Validate() error {
	// Rows of a multiple of 8 numbers start at the same place of a vector register each: kernels that look at addresses round
	// them the same in whatever lane they stand. Kernels of mixtures take 64 Gaussians, of which some lie around values near by.
	for _, f := range []struct {
		name               string
		got, low, high, of int
	}{
		{"width", c.Width, 8, 4096, 8}, {"hidden", c.Hidden, 8, 4096, 8}, {"layers", c.Layers, 1, 12, 1}, {"key", c.Key, 1, 1024, 1},
		{"value", c.Value, 1, 1024, 1}, {"plan", c.Plan, 16, 4096, 8}, {"place", c.Place, 8, 4096, 8}, {"mixtures", c.Mixtures, 1, 60, 1},
	} {
		if f.got < f.low || f.got > f.high {
			return fmt.Errorf("%w: %s %d, want %d to %d", ErrConfig, f.name, f.got, f.low, f.high)
		}
		if f.got%f.of != 0 {
			return fmt.Errorf("%w: %s %d, want a multiple of %d", ErrConfig, f.name, f.got, f.of)
		}
	}
	if !(c.Dropout >= 0 && c.Dropout < 1) {
		return fmt.Errorf("%w: dropout %g, want 0 to less than 1", ErrConfig, c.Dropout)
	}
	return nil
}
