package torchmodel

import (
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

// windowsBatch is an even batch of some windows.
type windowsBatch struct {
	batch
	x torch.Tensor
}

func (b windowsBatch) tensors() []torch.Tensor { return []torch.Tensor{b.x} }

// A recorded step is replaced by that of a batch with more windows alone, so that one recorded at the short end of an epoch, as
// of a training that is resumed there, does not last.
func TestLargerBatchesAreRecordedAnew(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	of := func(windows int64) windowsBatch {
		return windowsBatch{x: s.Adopt(torch.Zeros([]int64{windows, 3}, torch.Float, torch.Device{}))}
	}
	var none *stepGraph
	short := &stepGraph{inputs: of(2).tensors()}
	for name, tc := range map[string]struct {
		recorded    *stepGraph
		windows     int64
		fits, below bool
	}{
		"nothing is recorded": {none, 2, false, true},
		"as many windows":     {short, 2, true, false},
		"more windows":        {short, 8, false, true},
		"fewer windows":       {short, 1, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := of(tc.windows)
			if fits, below := tc.recorded.fits(b), tc.recorded.below(b); fits != tc.fits || below != tc.below {
				t.Errorf("fits %v and is larger %v, want %v and %v", fits, below, tc.fits, tc.below)
			}
		})
	}
}
