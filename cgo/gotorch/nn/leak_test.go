package nn

import (
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

// noLeak fails t if more tensors are alive at its end than now, or if the collector had to free one.
func noLeak(t *testing.T) {
	t.Helper()
	live, forgotten := torch.LiveHandles(), torch.Forgotten()
	t.Cleanup(func() {
		if got := torch.LiveHandles(); got != live || torch.Forgotten() != forgotten {
			t.Errorf("tensors: %d alive and %d forgotten, want %d and %d", got, torch.Forgotten(), live, forgotten)
		}
	})
}
