package torchmodel

import (
	"fmt"
	"strings"

	"github.com/wangkuiyi/gotorch/lanes"

	"stan/dataset/encode"
)

// Without tells what a network on flows is trained, scored and generates without, to measure what that is worth. The modules
// stay as they are and get nothing to work on.
type Without struct {
	// Conversations: nothing is remembered of the flows before but sizes, so every flow is drawn as one of a new conversation with
	// a new peer, its ports too.
	Conversations bool `json:"conversations,omitempty" yaml:"conversations"`
	// Profile: the marks of the host's plan are not told, and the sampler does not steer to them. How many flows a host has
	// in each hour is.
	Profile bool `json:"profile,omitempty" yaml:"profile"`
	// Atoms: gap, duration, packets and bytes are those of the mixture, with no exact value and none copied.
	Atoms bool `json:"atoms,omitempty" yaml:"atoms"`
	// Sweeps: the network learns and draws the flows of sweeps like all others.
	Sweeps bool `json:"sweeps,omitempty" yaml:"sweeps"`
}

// lanes are the parts that lanes know of.
func (w Without) lanes() lanes.Without {
	return lanes.Without{Conversations: w.Conversations, Profile: w.Profile, Atoms: w.Atoms}
}

// part is a part of the network by its name.
type part struct {
	name string
	out  *bool
}

func (w *Without) parts() []part {
	return []part{{"conversations", &w.Conversations}, {"profile", &w.Profile}, {"atoms", &w.Atoms}, {"sweeps", &w.Sweeps}}
}

// ParseWithout reads a list of parts, comma separated.
func ParseWithout(list string) (w Without, err error) {
	for name := range strings.SplitSeq(list, ",") {
		found := false
		var names []string
		for _, p := range w.parts() {
			names = append(names, p.name)
			if p.name == name {
				*p.out, found = true, true
			}
		}
		if !found {
			return w, fmt.Errorf("%q, want %s", name, strings.Join(names, ", "))
		}
	}
	return w, nil
}

func (w Without) String() string {
	var names []string
	for _, p := range w.parts() {
		if *p.out {
			names = append(names, p.name)
		}
	}
	return strings.Join(names, ",")
}

// check tells whether a model of vocabulary v, nil for one of a table, may be without these.
func (w Without) check(v *encode.Vocabulary) error {
	if v == nil {
		if w != (Without{}) {
			return fmt.Errorf("config: without %v, want nothing left out of a model of a table", w)
		}
		return nil
	}
	exact := len(v.Gap.Exact) + len(v.Duration.Exact) + len(v.Packets.Exact) + len(v.Bytes.Exact)
	if w.Atoms && exact > 0 {
		return fmt.Errorf("config: without atoms, and a vocabulary of %d, want none", exact)
	}
	return nil
}
