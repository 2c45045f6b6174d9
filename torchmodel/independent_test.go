package torchmodel

import "testing"

// independentModel trains the baseline.
func independentModel(t *testing.T, flows Flows) *Model {
	t.Helper()
	o := tinyOptions()
	o.Arch = ArchIndependent
	return train(t, flows, t.TempDir(), o)
}
