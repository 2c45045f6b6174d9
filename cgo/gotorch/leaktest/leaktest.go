// Package leaktest fails tests that leave tensors behind.
package leaktest

import (
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

// OnCUDA is Check of a test for the current CUDA device, which it returns; t is skipped where there is none.
func OnCUDA(t testing.TB) torch.Device {
	t.Helper()
	if !torch.IsCUDAAvailable() {
		t.Skip("no CUDA device")
	}
	Check(t)
	return torch.NewDevice("cuda") // by no number, as users say it
}

// Check fails t, at its end, if it left more tensors alive than there are now, or dropped some for the collector to free.
// Call it first, in tests that do not run in parallel with others.
func Check(t testing.TB) {
	t.Helper()
	torch.FinishGC() // what earlier tests dropped must not hide a leak of this one
	live, forgotten := torch.LiveHandles(), torch.Forgotten()
	t.Cleanup(func() {
		t.Helper()
		if got := torch.LiveHandles(); got > live {
			t.Errorf("%d tensors alive at the end, %d at the start", got, live)
		}
		if got := torch.Forgotten() - forgotten; got > 0 {
			t.Errorf("%d tensors dropped without Free or a scope", got)
		}
	})
}
